/// Finding the merges of a vocabulary that lists nothing but its tokens.

import Machine

/// What a `.tiktoken` file leaves out: the pair of tokens that each token is merged from.
///
/// That is what the token's bytes become by the merges of lower rank alone, if they come down to two
/// symbols; other tokens are reached only as whole pieces. A merge brings about pairs of higher rank
/// only, so merges of early ranks can be applied first and the others later: tokens are taken in
/// blocks, and merged by what the blocks before have brought, many beside each other and on all
/// threads. What is not settled by that goes on one by one, with the merges of the own block.
struct MergeDerivation: Sendable {
  /// The merges found; the rank of a merge is the token it makes.
  let table: MergeTable
  /// The rank of the merge of two bytes, the left one in the upper half of the index.
  let bytePairs = FlatTable<UInt32>(count: 1 << 16, filledWith: 0xFF)
  /// Pairs in the order of their ranks, left in the upper half.
  private(set) var merges: [UInt64] = []
  /// What each pair makes.
  private(set) var products: [Token] = []

  private static let largestBlock = 1 << 13
  /// So many tokens of a block are one piece of the loop that threads share.
  private static let share = 256

  /// Derives the merges behind tokens that are in ascending order; takes about 0.1 µs a token.
  init(_ vocabulary: Vocabulary, ranked: [Token]) {
    table = MergeTable(capacity: ranked.count, rankCount: Int(ranked.last ?? 0) + 1)
    merges.reserveCapacity(ranked.count)
    products.reserveCapacity(ranked.count)
    let byteTokens = FlatTable<Token>(count: 256)
    for byte in 0..<256 {
      byteTokens.base[byte] = vocabulary.token(for: [UInt8(byte)]) ?? BPEModel.missing
    }
    let pool = Workers.shared
    let lanes = (0..<pool.count).map { _ in MergeLanes(table, bytePairs, byteTokens) }
    let block = MergeLanes.Block(capacity: min(ranked.count, MergeDerivation.largestBlock))
    let longest = Int(vocabulary.lengths.max() ?? 0)
    let rest = Rest(PieceMerger(table), FlatTable(count: max(longest, 1)), byteTokens)
    vocabulary.withBytes { bytes in
      ranked.withUnsafeBufferPointer { ranked in
        var start = 0
        while start < ranked.count {
          let size = min(max(start / 4, MergeDerivation.share), MergeDerivation.largestBlock)
          let tokens = UnsafeBufferPointer(
            rebasing: ranked[start..<min(start + size, ranked.count)])
          pool.share((tokens.count - 1) / MergeDerivation.share + 1) { piece, thread in
            let first = piece * MergeDerivation.share
            let range = first..<min(first + MergeDerivation.share, tokens.count)
            lanes[thread].merge(tokens, range, block, bytes)
          }
          add(tokens, block, rest, bytes)
          start += tokens.count
        }
      }
    }
  }

  private struct Rest {
    let merger: PieceMerger
    let symbols: FlatTable<Token>
    let byteTokens: FlatTable<Token>

    init(
      _ merger: PieceMerger, _ symbols: FlatTable<Token>, _ byteTokens: FlatTable<Token>
    ) {
      self.merger = merger
      self.symbols = symbols
      self.byteTokens = byteTokens
    }
  }

  /// Adds the merges of a block: first those that are settled, then the others in their order.
  private mutating func add(
    _ tokens: UnsafeBufferPointer<Token>, _ block: MergeLanes.Block, _ rest: Rest,
    _ bytes: (Token) -> UnsafeBufferPointer<UInt8>
  ) {
    func insert(_ index: Int) {
      let pair = block.symbols(index)
      table.insert(pair[0], pair[1], rank: Int(tokens[index]), token: tokens[index])
      let text = bytes(tokens[index])
      if text.count == 2 { bytePairs.base[Int(text[0]) << 8 | Int(text[1])] = tokens[index] }
    }
    for index in 0..<tokens.count where block.counts.base[index] == 2 {
      let pair = block.symbols(index)
      table.prefetch(pair[0], pair[1])
    }
    for index in 0..<tokens.count where block.counts.base[index] == 2 { insert(index) }
    for index in 0..<tokens.count where block.counts.base[index] > 2 {
      let pair = finish(tokens[index], index, block, rest, bytes(tokens[index]))
      block.counts.base[index] = pair ? 2 : 0
      if pair { insert(index) }
    }
    for index in 0..<tokens.count where block.counts.base[index] == 2 {
      let pair = block.symbols(index)
      merges.append(UInt64(pair[0]) << 32 | UInt64(pair[1]))
      products.append(tokens[index])
    }
  }

  /// Applies the merges of the own block; whether two symbols are left, then in `block`.
  private func finish(
    _ token: Token, _ index: Int, _ block: MergeLanes.Block, _ rest: Rest,
    _ text: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    let symbols = rest.symbols.base
    var count = Int(block.counts.base[index])
    if count == MergeLanes.untouched {
      guard let start = text.baseAddress else { return false }
      for (place, byte) in text.enumerated() {
        symbols[place] = rest.byteTokens.base[Int(byte)]
        if symbols[place] == BPEModel.missing { return false }
      }
      count = rest.merger.merge(
        bytes: start, symbols, text.count, by: bytePairs.base, below: token)
    } else {
      symbols.update(from: block.symbols(index), count: count)
      count = rest.merger.merge(symbols, count, below: token)
    }
    if count != 2 { return false }
    block.symbols(index).update(from: symbols, count: 2)
    return true
  }
}
