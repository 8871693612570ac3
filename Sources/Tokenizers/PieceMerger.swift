/// Merging the symbols of one piece: a scan for short pieces, a queue for long ones.

import CMachine

/// Merges pieces in place, with scratch memory of its own; for one thread.
final class PieceMerger {
  private let table: MergeTable
  private let ranks = FlatTable<UInt32>(count: longestScanned, filledWith: 0xFF)
  private lazy var queue = MergeQueue(table)
  /// Pieces of at most this many symbols are scanned for the best pair after every merge.
  private static let longestScanned = 64

  /// A merger by some merges.
  init(_ table: MergeTable) { self.table = table }

  /// Applies merges, the earliest first and the leftmost first among equals; returns the new count.
  ///
  /// Takes O(n²) steps for up to 64 symbols, and about O(n) for more: see `MergeQueue`. Merges of rank
  /// `limit` and later are left out.
  func merge(
    _ symbols: UnsafeMutablePointer<Token>, _ count: Int, below limit: UInt32 = MergeTable.none
  ) -> Int {
    if count < 2 { return count }
    if count > PieceMerger.longestScanned { return queue.merge(symbols, count, below: limit) }
    for place in 0..<count &- 1 {
      ranks.base[place] = table.rank(symbols[place], symbols[place &+ 1])
    }
    return mergeScanning(symbols, count, below: limit)
  }

  /// As `merge`, for the bytes of a piece, whose tokens are in `symbols`.
  func merge(
    bytes: BytePointer, _ symbols: UnsafeMutablePointer<Token>, _ count: Int,
    by pairs: UnsafePointer<UInt32>, below limit: UInt32 = MergeTable.none
  ) -> Int {
    if count < 2 { return count }
    if count > PieceMerger.longestScanned { return queue.merge(symbols, count, below: limit) }
    for place in 0..<count &- 1 {
      ranks.base[place] = pairs[Int(bytes[place]) &<< 8 | Int(bytes[place &+ 1])]
    }
    return mergeScanning(symbols, count, below: limit)
  }

  /// Merges symbols the ranks of whose pairs are in `ranks`.
  private func mergeScanning(
    _ symbols: UnsafeMutablePointer<Token>, _ count: Int, below limit: UInt32
  ) -> Int {
    let ranks = self.ranks.base
    let products = table.products.base
    let none = MergeTable.none
    for place in count &- 1..<(count &+ 7) & ~7 { ranks[place] = none }
    var alive: UInt64 = ~0 &>> UInt64(64 &- count)
    while true {
      let place = Int(machine_first_least(ranks, Int32(truncatingIfNeeded: count)))
      let best = ranks[place]
      if best >= limit { break }
      let shift = UInt64(truncatingIfNeeded: place)
      let behind = alive & (~1 &<< shift)
      let rest = behind & (behind &- 1)
      alive ^= behind ^ rest
      let symbol = products[Int(best)]
      symbols[place] = symbol
      ranks[behind.trailingZeroBitCount] = none
      ranks[place] = rest == 0 ? none : table.rank(symbol, symbols[rest.trailingZeroBitCount])
      let before = alive & ((1 &<< shift) &- 1)
      if before != 0 {
        let previous = 63 &- before.leadingZeroBitCount
        ranks[previous] = table.rank(symbols[previous], symbol)
      }
    }
    var used = 0
    while alive != 0 {
      symbols[used] = symbols[alive.trailingZeroBitCount]
      alive &= alive &- 1
      used &+= 1
    }
    return used
  }
}
