/// The block of tokens that a loader gives windows out of, as a whole: for counting.

import Tokenizers

/// Consecutive tokens of a corpus, in its order, that a loader holds in memory anyway.
public struct TokensAhead: Sendable {
  private let store: TokenStore

  init(_ block: TokenBlock) { store = block.tokens }

  /// The number of tokens.
  public var count: Int { store.count }

  /// Calls `body` with every token in turn.
  public func forEach(_ body: (Token) -> Void) {
    var tokens: [Token] = []
    let chunk = 1 << 16
    for start in stride(from: 0, to: count, by: chunk) {
      tokens.removeAll(keepingCapacity: true)
      copy(start..<min(start + chunk, count), to: &tokens)
      for token in tokens { body(token) }
    }
  }

  /// Appends the tokens in `range` to `target`.
  public func copy(_ range: Range<Int>, to target: inout [Token]) { store.copy(range, to: &target) }
}
