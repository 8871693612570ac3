/// Merging the symbols of one piece: a scan for short pieces, a queue for long ones.

import HeapModule

/// Merges pieces in place, with scratch memory of its own; for one thread.
final class PieceMerger {
  private let table: MergeTable
  private var values: FlatTable<UInt64>
  /// Pieces of at most this many symbols are scanned for the best pair after every merge.
  private static let longestScanned = 96

  /// A merger by some merges.
  init(_ table: MergeTable) {
    self.table = table
    values = FlatTable(count: PieceMerger.longestScanned)
  }

  /// Applies merges, the earliest first and the leftmost first among equals; returns the new count.
  ///
  /// Takes O(n²) steps for up to 96 symbols, O(n log n) for more.
  func merge(_ symbols: UnsafeMutablePointer<Token>, _ count: Int) -> Int {
    if count < 2 { return count }
    return count <= PieceMerger.longestScanned
      ? mergeScanning(symbols, count) : mergeQueueing(symbols, count)
  }

  private func mergeScanning(_ symbols: UnsafeMutablePointer<Token>, _ start: Int) -> Int {
    let values = self.values.base
    var count = start
    for index in 0..<count - 1 {
      values[index] = table.value(symbols[index], symbols[index + 1])
    }
    while count > 1 {
      var best = 0
      var bestValue = values[0]
      var index = 1
      while index < count - 1 {
        if values[index] < bestValue {
          bestValue = values[index]
          best = index
        }
        index += 1
      }
      if bestValue == MergeTable.none { break }
      symbols[best] = Token(truncatingIfNeeded: bestValue)
      index = best + 1
      while index < count - 1 {
        symbols[index] = symbols[index + 1]
        values[index] = values[index + 1]
        index += 1
      }
      count -= 1
      if best > 0 { values[best - 1] = table.value(symbols[best - 1], symbols[best]) }
      if best + 1 < count { values[best] = table.value(symbols[best], symbols[best + 1]) }
    }
    return count
  }

  /// A place where a pair may merge; stale when the pair has changed since.
  private struct Candidate: Comparable {
    var rank: UInt32
    var position: UInt32

    static func < (first: Candidate, second: Candidate) -> Bool {
      (UInt64(first.rank) << 32 | UInt64(first.position))
        < (UInt64(second.rank) << 32 | UInt64(second.position))
    }
  }

  private func mergeQueueing(_ symbols: UnsafeMutablePointer<Token>, _ count: Int) -> Int {
    precondition(count < Int(UInt32.max), "A piece has fewer than 2^32 - 1 symbols.")
    let none = UInt32.max
    let links = FlatTable<(previous: UInt32, next: UInt32)>(count: count)
    let link = links.base
    var candidates: [Candidate] = []
    candidates.reserveCapacity(count)
    for index in 0..<count {
      link[index].previous = index == 0 ? none : UInt32(index - 1)
      link[index].next = index == count - 1 ? none : UInt32(index + 1)
      if index + 1 < count {
        let value = table.value(symbols[index], symbols[index + 1])
        if value != MergeTable.none {
          candidates.append(
            Candidate(rank: UInt32(truncatingIfNeeded: value >> 32), position: UInt32(index)))
        }
      }
    }
    var queue = Heap(candidates)
    let dead = Token.max
    while let candidate = queue.popMin() {
      let position = Int(candidate.position)
      let next = link[position].next
      if symbols[position] == dead || next == none { continue }
      let value = table.value(symbols[position], symbols[Int(next)])
      if value == MergeTable.none || UInt32(truncatingIfNeeded: value >> 32) != candidate.rank {
        continue
      }
      symbols[position] = Token(truncatingIfNeeded: value)
      symbols[Int(next)] = dead
      let after = link[Int(next)].next
      link[position].next = after
      if after != none {
        link[Int(after)].previous = candidate.position
        let following = table.value(symbols[position], symbols[Int(after)])
        if following != MergeTable.none {
          queue.insert(
            Candidate(
              rank: UInt32(truncatingIfNeeded: following >> 32), position: candidate.position))
        }
      }
      let previous = link[position].previous
      if previous != none {
        let preceding = table.value(symbols[Int(previous)], symbols[position])
        if preceding != MergeTable.none {
          queue.insert(
            Candidate(rank: UInt32(truncatingIfNeeded: preceding >> 32), position: previous))
        }
      }
    }
    var used = 0
    for index in 0..<count where symbols[index] != dead {
      symbols[used] = symbols[index]
      used += 1
    }
    return used
  }
}
