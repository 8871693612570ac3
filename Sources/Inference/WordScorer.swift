/// The surprisal of words whose tokens carry the space in front of them.

import Models
import Tokenizers

/// Puts tokens together to words and corrects their surprisal (Pimentel & Meister, arXiv 2406.14561).
///
/// A word begins at a token that begins with white space, unless only white space came before it, and
/// lasts until the next such token; punctuation behind a word belongs to it.
struct WordScorer {
  /// For every token of the vocabulary whether a word begins with it or the text ends.
  let beginnings: [Bool]
  private let bytes: [[UInt8]]
  /// ln of the probability that a text begins, after the prefix, with a token without white space.
  private let firstMass: Float?

  init(model: some LanguageModel, tokenizer: some TextTokenizer, prefix: Token?) {
    var bytes = [[UInt8]](repeating: [], count: model.vocabularySize)
    var beginnings = [Bool](repeating: false, count: model.vocabularySize)
    for index in 0..<min(model.vocabularySize, tokenizer.vocabularySize) {
      let token = Token(index)
      let isSpecial = tokenizer.isSpecial(token)
      bytes[index] = tokenizer.bytes(of: token)
      beginnings[index] =
        isSpecial
        || (!bytes[index].isEmpty && TextCount.whitespaceLength(in: bytes[index], at: 0) > 0)
    }
    self.bytes = bytes
    self.beginnings = beginnings
    firstMass = prefix.map { prefix in
      let starters = beginnings.indices.map { index in
        index < tokenizer.vocabularySize
          && (!beginnings[index] || tokenizer.isSpecial(Token(index)))
      }
      return model.logMass(of: starters, after: [prefix], sequences: 1)[0]
    }
  }

  /// The words of a document; `boundaries` holds, after each token, ln of the mass of `beginnings`
  /// (NaN if not known), `boundaryBefore` that before the first token, if a prefix stands there.
  func words(
    of tokens: [ScoredToken], boundaries: [Float], boundaryBefore: Float?
  ) -> [ScoredWord] {
    var words: [ScoredWord] = []
    var start = 0
    var hasContent = false
    for index in tokens.indices {
      if begins(tokens[index].token), hasContent {
        words.append(word(tokens, start..<index, boundaries, boundaryBefore))
        start = index
        hasContent = false
      }
      if !isWhitespace(tokens[index].token) { hasContent = true }
    }
    if start < tokens.count {
      words.append(word(tokens, start..<tokens.count, boundaries, boundaryBefore))
    }
    return words
  }

  private func word(
    _ tokens: [ScoredToken], _ range: Range<Int>, _ boundaries: [Float], _ boundaryBefore: Float?
  ) -> ScoredWord {
    var own: Double? = 0
    for token in tokens[range] {
      if let score = token.logProbability, let sum = own {
        own = sum - Double(score)
      } else {
        own = nil
      }
    }
    let before: Float
    if range.lowerBound > 0 {
      before = boundaries[range.lowerBound - 1]
    } else if begins(tokens[0].token) {
      before = boundaryBefore ?? .nan
    } else {
      before = firstMass ?? .nan
    }
    let after = boundaries[range.upperBound - 1]
    let corrected = own.map { $0 + Double(before) - Double(after) } ?? .nan
    return ScoredWord(
      bytes: tokens[range].flatMap { bytes[Int($0.token)] }, tokens: range.count,
      surprisal: corrected.isNaN ? nil : corrected, tokenSurprisal: own)
  }

  private func begins(_ token: Token) -> Bool { beginnings[Int(token)] }

  private func isWhitespace(_ token: Token) -> Bool {
    TextCount.wordStarts(in: bytes[Int(token)]).isEmpty
  }
}
