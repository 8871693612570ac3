/// What comes after a context: words with bounds, the other outcomes, and what is not settled.

import Tokenizers

/// A word that may come next.
public struct NextWord: Sendable, Encodable {
  /// The word, without the white space before it.
  public var word: String
  /// The probability found for it; more may be found, never less.
  public var probability: Double
  /// No truth is below this.
  public var low: Double
  /// No truth is above this.
  public var high: Double
  /// The likeliest tokens that spell it, those of the context's last piece included if the context
  /// ends in the middle of it.
  public var tokens: [Token]
}

/// The distribution over what comes next, given that text goes on as the context demands.
///
/// The probabilities of all words, listed or not, of the other outcomes and of what remains add up
/// to 1. The distance in total variation to the model's true distribution is at most `remaining`.
/// Encoded, it is the object of `apus next --json`.
public struct NextWordDistribution: Sendable {
  /// The context.
  public var context = ""
  /// The likeliest words, in falling order.
  public var words: [NextWord] = []
  /// How many of the first words are certainly the likeliest, as a set.
  public var certified = 0
  /// The probability of the words that were found and are not listed.
  public var otherWords = 0.0
  /// The probability that punctuation comes first.
  public var punctuation = 0.0
  /// The probability that the line ends first.
  public var lineBreak = 0.0
  /// The probability that the text ends.
  public var endOfText = 0.0
  /// The probability that is not settled.
  public var remaining = 1.0
  /// The entropy of the outcomes found, what remains counted as one of them; nats.
  public var entropy = 0.0
  /// The probability, after the tokens of the context that stand fast, of text that goes on as the
  /// context demands: by its last bytes, or by a word's end. Small for a context that ends inside a
  /// word and was not said to.
  public var contextMass = 1.0
  /// Paths that the model was asked about.
  public var expansions = 0
  /// Whether the context was longer than the window and lost its beginning.
  public var isTruncated = false

  /// Nothing known yet.
  public init() {}
}

extension NextWordDistribution: Encodable {
  private enum CodingKeys: String, CodingKey {
    case context
    case words
    case certified
    case otherWords = "other_words"
    case punctuation
    case lineBreak = "line_break"
    case endOfText = "end_of_text"
    case remaining
    case entropy
    case contextMass = "context_mass"
    case expansions
    case isTruncated = "truncated"
  }
}

/// Why there is no distribution.
public enum NextWordError: Error, CustomStringConvertible, Equatable {
  /// The context has no token that stands fast, and the tokenizer none to put in front.
  case noStart

  /// What is wrong.
  public var description: String {
    switch self {
    case .noStart:
      "the context is too short to start from: the tokenizer has no end-of-text token to put before it"
    }
  }

  /// What to do about it.
  public var hint: String? { "give at least one whole word and a space" }
}
