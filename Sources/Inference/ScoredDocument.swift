/// A document after scoring: what the model thought of every token and word.

import Tokenizers

/// A token and the probability the model gave it.
public struct ScoredToken: Sendable, Equatable {
  /// The token.
  public var token: Token
  /// ln p of the token given its window; nil if nothing stood before it there.
  public var logProbability: Float?
  /// How many tokens stood before it in the window in which it was scored.
  public var context = 0
  /// Bytes that it stands for.
  public var byteCount = 0

  /// A token that `byteCount` bytes stand for, scored behind `context` others.
  public init(token: Token, logProbability: Float?, context: Int = 0, byteCount: Int = 0) {
    self.token = token
    self.logProbability = logProbability
    self.context = context
    self.byteCount = byteCount
  }
}

/// A word and its surprisal.
public struct ScoredWord: Sendable, Equatable {
  /// The bytes of the word's tokens, white space in front included.
  public var bytes: [UInt8]
  /// Tokens it is made of.
  public var tokens: Int
  /// −ln p of the word as a whole, its end included; nil if a part of it has no context.
  ///
  /// Tokens carry the space in front of a word, so that the product of their probabilities leaves
  /// out that the word ends, and counts that the word before it ended. This corrects both by the
  /// formula of Pimentel & Meister (arXiv 2406.14561); over a text the corrections cancel.
  public var surprisal: Double?
  /// −ln p of the tokens, uncorrected.
  public var tokenSurprisal: Double?
}

/// A scored document.
public struct ScoredDocument: Sendable {
  /// Its place in the order of scoring, from 0.
  public var index: Int
  /// Its tokens.
  public var tokens: [ScoredToken]
  /// Its words, if they were asked for.
  public var words: [ScoredWord]
  /// −Σ ln p over its scored tokens.
  public var nats: Double
  /// Its scored tokens.
  public var scoredTokens: Int
  /// Its whitespace-separated words.
  public var wordCount: Int
  /// Its bytes.
  public var byteCount: Int

  /// A document whose sums the caller has.
  public init(
    index: Int, tokens: [ScoredToken], words: [ScoredWord], nats: Double, scoredTokens: Int,
    wordCount: Int, byteCount: Int
  ) {
    self.index = index
    self.tokens = tokens
    self.words = words
    self.nats = nats
    self.scoredTokens = scoredTokens
    self.wordCount = wordCount
    self.byteCount = byteCount
  }
}
