/// The likeliest next tokens, as the model has them.

import Glibc
import Models
import Tokenizers

/// A token that may come next.
public struct NextToken: Sendable, Encodable {
  /// The token.
  public var id: Token
  /// Its text; bytes that are no UTF-8 show as U+FFFD.
  public var text: String
  /// Its probability.
  public var probability: Double
  /// ln of its probability.
  public var logProbability: Double

  private enum CodingKeys: String, CodingKey {
    case id
    case text
    case probability
    case logProbability = "logprob"
  }
}

extension Generator {
  /// The `top` likeliest tokens after `prompt`, which must not be empty, in falling order; of a prompt
  /// longer than the window the end counts.
  ///
  /// Not for words: a word's first token says neither how the word goes on nor that it ends.
  public func nextTokens(after prompt: [Token], top: Int) -> [NextToken] {
    precondition(!prompt.isEmpty, "A prompt needs a token to start from.")
    let window = Array(prompt.suffix(model.contextLength))
    let cache = model.makeCache(sequences: 1, capacity: window.count)
    let logits = model.nextLogits(after: window, cache: cache)
    var candidates = Candidates(logits: logits[...])
    let all = candidates.logOfTotal()
    candidates.keepTopK(max(top, 0))
    candidates.sort()
    return candidates.elements.map { element in
      let score = Double(element.logit) - all
      let isKnown = Int(element.token) < tokenizer.vocabularySize
      return NextToken(
        id: element.token,
        text: isKnown ? String(decoding: tokenizer.bytes(of: element.token), as: UTF8.self) : "",
        probability: exp(score), logProbability: score)
    }
  }
}
