/// Merging the symbols of one piece: a scan for short pieces, a queue for long ones.

/// Merges pieces in place, with scratch memory of its own; for one thread.
final class PieceMerger {
  private let table: MergeTable
  private let ranks = FlatTable<UInt32>(count: longestScanned)
  private lazy var queue = MergeQueue(table)
  /// Pieces of at most this many symbols are scanned for the best pair after every merge.
  private static let longestScanned = 128

  /// A merger by some merges.
  init(_ table: MergeTable) { self.table = table }

  /// Applies merges, the earliest first and the leftmost first among equals; returns the new count.
  ///
  /// Takes O(n²) steps for up to 128 symbols, and about O(n) for more: see `MergeQueue`.
  func merge(_ symbols: UnsafeMutablePointer<Token>, _ count: Int) -> Int {
    if count < 2 { return count }
    return count <= PieceMerger.longestScanned
      ? mergeScanning(symbols, count) : queue.merge(symbols, count)
  }

  private func mergeScanning(_ symbols: UnsafeMutablePointer<Token>, _ start: Int) -> Int {
    let ranks = self.ranks.base
    let products = table.products.base
    var pairs = start &- 1
    for index in 0..<pairs { ranks[index] = table.rank(symbols[index], symbols[index &+ 1]) }
    while true {
      var best = MergeTable.none
      for index in 0..<pairs { best = min(best, ranks[index]) }
      if best == MergeTable.none { return pairs &+ 1 }
      var place = 0
      while ranks[place] != best { place &+= 1 }
      symbols[place] = products[Int(best)]
      pairs &-= 1
      for index in place..<pairs {
        symbols[index &+ 1] = symbols[index &+ 2]
        ranks[index] = ranks[index &+ 1]
      }
      if place > 0 { ranks[place &- 1] = table.rank(symbols[place &- 1], symbols[place]) }
      if place < pairs { ranks[place] = table.rank(symbols[place], symbols[place &+ 1]) }
      if pairs == 0 { return 1 }
    }
  }
}
