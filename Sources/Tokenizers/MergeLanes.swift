/// Merging many short pieces in step, so that none waits for memory alone.

import CMachine

/// Lanes in which tokens are merged, a merge at a time in each; for one thread.
///
/// A merge needs the ranks of two new pairs, which lie anywhere in a table larger than the caches.
/// While they are fetched for one token the others take their step.
final class MergeLanes {
  /// What the tokens of a block have become.
  struct Block {
    /// How many symbols are left of each token: `untouched` where the token is not for the lanes.
    let counts: FlatTable<UInt8>
    private let all: FlatTable<Token>

    /// Room for some tokens.
    init(capacity: Int) {
      counts = FlatTable(count: capacity)
      all = FlatTable(count: capacity * Block.width)
    }

    /// The most symbols that are kept of a token; what is left with more starts anew.
    static let width = 16

    /// The symbols of a token.
    func symbols(_ index: Int) -> UnsafeMutablePointer<Token> { all.base + index * Block.width }
  }

  /// Stands for the symbols of a token that has not been merged.
  static let untouched = 255

  private struct Lane: BitwiseCopyable {
    var index: Int
    var count: Int
    var alive: UInt32
    var place: Int
    var next: Int
    var previous: Int
  }

  private static let laneCount = 16
  /// The most bytes of a token.
  private static let width = 32

  private let table: MergeTable
  private let bytePairs: FlatTable<UInt32>
  private let byteTokens: FlatTable<Token>
  private let lanes = FlatTable<Lane>(count: laneCount)
  private let busy = FlatTable<Int>(count: laneCount)
  private let ranks = FlatTable<UInt32>(count: laneCount * width)
  private let symbols = FlatTable<Token>(count: laneCount * width)

  /// Lanes for merges whose ranks are the tokens they make.
  init(_ table: MergeTable, _ bytePairs: FlatTable<UInt32>, _ byteTokens: FlatTable<Token>) {
    self.table = table
    self.bytePairs = bytePairs
    self.byteTokens = byteTokens
  }

  /// Merges the bytes of some tokens as far as the table goes, and leaves the outcome in `block`.
  func merge(
    _ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>, _ block: Block,
    _ bytes: (Token) -> UnsafeBufferPointer<UInt8>
  ) {
    var next = range.lowerBound
    var busyCount = 0
    func fill(_ lane: Int) -> Bool {
      while next < range.upperBound {
        let index = next
        next += 1
        if start(lane, index, bytes(tokens[index]), block) { return true }
      }
      return false
    }
    for lane in 0..<MergeLanes.laneCount where fill(lane) {
      busy.base[busyCount] = lane
      busyCount += 1
    }
    while busyCount > 0 {
      var kept = 0
      for slot in 0..<busyCount {
        let lane = busy.base[slot]
        var goesOn = step(lane)
        while !goesOn {
          finish(lane, block)
          if !fill(lane) { break }
          goesOn = step(lane)
        }
        if goesOn {
          busy.base[kept] = lane
          kept += 1
        }
      }
      busyCount = kept
      for slot in 0..<busyCount { rankNewPairs(busy.base[slot]) }
    }
  }

  /// Puts a token into a lane; false if it is too short or too long, or a byte of it has no token.
  private func start(
    _ lane: Int, _ index: Int, _ text: UnsafeBufferPointer<UInt8>, _ block: Block
  ) -> Bool {
    let count = text.count
    guard count > 1, count <= MergeLanes.width, let bytes = text.baseAddress else {
      block.counts.base[index] = count > 1 ? UInt8(MergeLanes.untouched) : 1
      return false
    }
    let symbols = symbols.base + lane * MergeLanes.width
    let ranks = ranks.base + lane * MergeLanes.width
    var isMissing = false
    for place in 0..<count {
      symbols[place] = byteTokens.base[Int(bytes[place])]
      isMissing = isMissing || symbols[place] == BPEModel.missing
    }
    for place in 0..<count &- 1 {
      ranks[place] = bytePairs.base[Int(bytes[place]) &<< 8 | Int(bytes[place &+ 1])]
    }
    for place in count &- 1..<(count &+ 7) & ~7 { ranks[place] = MergeTable.none }
    if isMissing {
      block.counts.base[index] = 0
      return false
    }
    lanes.base[lane] = Lane(
      index: index, count: count, alive: ~0 &>> UInt32(32 &- count), place: 0, next: -1,
      previous: -1)
    return true
  }

  /// Applies the earliest merge of a lane and has the new pairs fetched; false if there is none.
  private func step(_ lane: Int) -> Bool {
    let state = lanes.base + lane
    let symbols = symbols.base + lane * MergeLanes.width
    let ranks = ranks.base + lane * MergeLanes.width
    let place = Int(machine_first_least(ranks, Int32(truncatingIfNeeded: state.pointee.count)))
    let symbol = ranks[place]
    if symbol == MergeTable.none { return false }
    let alive = state.pointee.alive
    let shift = UInt32(truncatingIfNeeded: place)
    let behind = alive & (~1 &<< shift)
    let rest = behind & (behind &- 1)
    let before = alive & ((1 &<< shift) &- 1)
    symbols[place] = symbol
    ranks[behind.trailingZeroBitCount] = MergeTable.none
    state.pointee.alive = alive ^ behind ^ rest
    state.pointee.place = place
    state.pointee.next = rest == 0 ? -1 : rest.trailingZeroBitCount
    state.pointee.previous = before == 0 ? -1 : 31 &- before.leadingZeroBitCount
    if rest != 0 { table.prefetch(symbol, symbols[state.pointee.next]) }
    if before != 0 { table.prefetch(symbols[state.pointee.previous], symbol) }
    return true
  }

  private func rankNewPairs(_ lane: Int) {
    let state = lanes.base[lane]
    let symbols = symbols.base + lane * MergeLanes.width
    let ranks = ranks.base + lane * MergeLanes.width
    let symbol = symbols[state.place]
    ranks[state.place] =
      state.next < 0 ? MergeTable.none : table.rank(symbol, symbols[state.next])
    if state.previous >= 0 {
      ranks[state.previous] = table.rank(symbols[state.previous], symbol)
    }
  }

  private func finish(_ lane: Int, _ block: Block) {
    let state = lanes.base[lane]
    let symbols = symbols.base + lane * MergeLanes.width
    let count = state.alive.nonzeroBitCount
    if count > Block.width {
      block.counts.base[state.index] = UInt8(MergeLanes.untouched)
      return
    }
    let target = block.symbols(state.index)
    var alive = state.alive
    var used = 0
    while alive != 0 {
      target[used] = symbols[alive.trailingZeroBitCount]
      alive &= alive &- 1
      used &+= 1
    }
    block.counts.base[state.index] = UInt8(truncatingIfNeeded: count)
  }
}
