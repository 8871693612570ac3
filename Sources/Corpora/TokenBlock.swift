/// A stretch of the token stream held in memory, two bytes a token where the vocabulary allows.

import Tokenizers

/// Tokens in the smallest whole number of bytes that holds every id below `vocabularySize`.
struct TokenStore: Sendable {
  private var narrow: [UInt16] = []
  private var wide: [UInt32] = []
  private let isNarrow: Bool

  init(vocabularySize: Int, capacity: Int) {
    isNarrow = vocabularySize <= 1 << 16
    if isNarrow { narrow.reserveCapacity(capacity) } else { wide.reserveCapacity(capacity) }
  }

  var count: Int { isNarrow ? narrow.count : wide.count }

  mutating func append(contentsOf tokens: ArraySlice<Token>) {
    if isNarrow {
      narrow.append(contentsOf: tokens.lazy.map { UInt16(truncatingIfNeeded: $0) })
    } else {
      wide.append(contentsOf: tokens)
    }
  }

  /// Copies the tokens in `range` to the end of `target`.
  func copy(_ range: Range<Int>, to target: inout [Token]) {
    if isNarrow {
      target.append(contentsOf: narrow[range].lazy.map { Token($0) })
    } else {
      target.append(contentsOf: wide[range])
    }
  }
}

/// The windows of one block, with the positions around it.
///
/// Window `k` is the `length + 1` tokens from `k × length` on: windows share one token, which is
/// the last target of one and the first input of the next, so every token but the stream's first
/// is a target exactly once. With a `shift`, window `k` is so many tokens further on, and the block's first
/// tokens follow its last ones: the same number of windows, cut elsewhere.
struct TokenBlock: Sendable {
  var tokens: TokenStore
  /// The number of windows.
  var windows: Int
  let length: Int
  /// The position of the first window.
  var start: StreamPosition
  /// The position behind the last window.
  var end: StreamPosition
  /// Whether the block is all that its epoch has.
  var isWholeEpoch: Bool
  /// How much later windows start, in tokens.
  var shift = 0

  /// Appends the inputs and targets of window `index`.
  func copyWindow(_ index: Int, inputs: inout [Token], targets: inout [Token]) {
    let first = index * length + shift
    copy(length, from: first, to: &inputs)
    copy(length, from: first + 1, to: &targets)
  }

  /// Appends `count` tokens from index `first` on, the first ones behind the last.
  private func copy(_ count: Int, from first: Int, to target: inout [Token]) {
    let start = first % tokens.count
    let end = min(start + count, tokens.count)
    tokens.copy(start..<end, to: &target)
    tokens.copy(0..<count - (end - start), to: &target)
  }
}
