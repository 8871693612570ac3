/// What a run of generation is asked for, what it reports, and what comes out of it.

import Glibc
import Tokenizers

/// What to generate.
public struct GenerationOptions: Sendable {
  /// The sampling rules.
  public var chain = SamplerChain()
  /// Samples to draw.
  public var count = 1
  /// Tokens a sample may have.
  public var maximumTokens = 256
  /// Texts before which a sample ends.
  public var stops: [String] = []
  /// Whether a sample goes on after the end of a text.
  public var ignoresEndOfText = false
  /// What the texts must be, from the end of the prompt on; nil for anything.
  public var grammar: Grammar?
  /// The seed of all streams.
  public var seed: UInt64 = 42

  /// One sample of at most 256 tokens by the default chain.
  public init() {}
}

/// Why a sample ended.
public enum GenerationEnding: String, Sendable {
  /// It has as many tokens as asked for.
  case length
  /// The model ended the text.
  case endOfText = "end_of_text"
  /// A stop text came.
  case stop
  /// The grammar allows nothing more.
  case complete
  /// The grammar asks for bytes that no token begins with.
  case stuck
  /// The caller asked to stop.
  case interrupted
}

/// What a run reports while it goes on.
public enum GenerationEvent: Sendable {
  /// A token was drawn for a sample; the last one may be the end of the text.
  case token(sample: Int, SampledToken)
  /// Text of a sample is certain.
  case text(sample: Int, String)
}

/// A finished sample.
public struct GeneratedText: Sendable {
  /// The text without the prompt, up to a stop text.
  public internal(set) var text = ""
  /// The tokens drawn, the end of the text included.
  public internal(set) var tokens: [SampledToken] = []
  /// The tokens before those, which spell the end of the prompt and nothing else. One that spells
  /// more is the first of `tokens`.
  public internal(set) var promptTokens: [Token] = []
  /// ln of the product of the masses that a grammar left at every token: a text drawn by the plain
  /// chain stands for e to this of itself among all texts of the grammar (an importance weight).
  public var allowedLogMass: Double {
    tokens.reduce(0) { $0 + log(Double($1.allowed)) }
  }
  /// Why it ended.
  public internal(set) var ending = GenerationEnding.length
}
