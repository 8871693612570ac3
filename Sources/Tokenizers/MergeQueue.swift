/// Merging long pieces in about linear time: a queue with a bucket for every rank.

/// Merges pieces of any length; keeps its buckets from piece to piece, and is for one thread.
///
/// A bucket lists the places of pairs of its rank; a tree of bits tells the first bucket in use.
/// Places get stale when a neighbour merges, which the rank noted at the place tells. Buckets fill
/// from left to right but where merges of several ranks feed one, which is then sorted.
final class MergeQueue {
  private struct Node: BitwiseCopyable {
    var place: UInt32
    var next: UInt32
  }

  private struct Bucket: BitwiseCopyable {
    /// One more than the node's index, so that fresh memory means an empty bucket.
    var first: UInt32
    var last: UInt32
  }

  private let table: MergeTable
  private let buckets: FlatTable<Bucket>
  private let unsorted: FlatTable<UInt64>
  /// From the bits of the buckets up to a single word.
  private let levels: [FlatTable<UInt64>]
  private var nodes = FlatTable<Node>(count: 0)
  private var nodeCount: UInt32 = 0
  private var free: UInt32 = 0

  /// A queue for the merges of a table.
  init(_ table: MergeTable) {
    self.table = table
    buckets = FlatTable(count: table.products.count)
    var levels: [FlatTable<UInt64>] = []
    var count = table.products.count
    repeat {
      count = (count + 63) / 64
      levels.append(FlatTable(count: count))
    } while count > 1
    self.levels = levels
    unsorted = FlatTable(count: (table.products.count + 63) / 64)
  }

  /// Applies merges, the earliest first and the leftmost first among equals; returns the new count.
  ///
  /// Takes 40 bytes a symbol while it runs, and O(n) steps but for sorting. Merges of rank `limit` and
  /// later are left out.
  func merge(
    _ symbols: UnsafeMutablePointer<Token>, _ count: Int, below limit: UInt32 = MergeTable.none
  ) -> Int {
    precondition(count < 1 << 31, "A piece has fewer than 2^31 symbols.")
    let none = MergeTable.none
    let memory = FlatTable<UInt32>(count: 3 * count)
    let ranks = memory.base
    let previous = memory.base + count
    let next = memory.base + 2 * count
    nodes = FlatTable(count: 2 * count + 1)
    nodeCount = 0
    free = 0
    for place in 0..<count {
      previous[place] = UInt32(truncatingIfNeeded: place &- 1)
      next[place] = UInt32(truncatingIfNeeded: place &+ 1)
      ranks[place] = place + 1 < count ? table.rank(symbols[place], symbols[place + 1]) : none
      if ranks[place] != none { push(UInt32(place), ranks[place]) }
    }
    let end = UInt32(count)
    let dead = Token.max
    while let rank = first() {
      if unsorted.base[rank >> 6] >> UInt64(rank & 63) & 1 == 1 { sort(rank) }
      guard let taken = pop(rank) else { continue }
      let place = Int(taken)
      if ranks[place] != UInt32(rank) || rank >= limit { continue }
      let other = Int(next[place])
      let after = next[other]
      symbols[place] = table.products.base[rank]
      symbols[other] = dead
      ranks[other] = none
      next[place] = after
      ranks[place] = none
      if after != end {
        previous[Int(after)] = taken
        ranks[place] = table.rank(symbols[place], symbols[Int(after)])
        if ranks[place] != none { push(taken, ranks[place]) }
      }
      if place > 0 {
        let before = previous[place]
        ranks[Int(before)] = table.rank(symbols[Int(before)], symbols[place])
        if ranks[Int(before)] != none { push(before, ranks[Int(before)]) }
      }
    }
    nodes = FlatTable(count: 0)
    var used = 0
    for place in 0..<count where symbols[place] != dead {
      symbols[used] = symbols[place]
      used += 1
    }
    return used
  }

  private func push(_ place: UInt32, _ rank: UInt32) {
    var node = free
    if node == 0 {
      nodeCount += 1
      node = nodeCount
    } else {
      free = nodes.base[Int(node) - 1].next
    }
    let bucket = buckets.base + Int(rank)
    nodes.base[Int(node) - 1] = Node(place: place, next: 0)
    if bucket.pointee.first == 0 {
      bucket.pointee.first = node
      mark(Int(rank))
    } else {
      let last = nodes.base + (Int(bucket.pointee.last) - 1)
      if last.pointee.place > place { unsorted.base[Int(rank >> 6)] |= 1 << UInt64(rank & 63) }
      last.pointee.next = node
    }
    bucket.pointee.last = node
  }

  private func pop(_ rank: Int) -> UInt32? {
    let bucket = buckets.base + rank
    let index = bucket.pointee.first
    if index == 0 { return nil }
    let node = nodes.base + (Int(index) - 1)
    let place = node.pointee.place
    bucket.pointee.first = node.pointee.next
    if bucket.pointee.first == 0 { clear(rank) }
    node.pointee.next = free
    free = index
    return place
  }

  private func sort(_ rank: Int) {
    unsorted.base[rank >> 6] &= ~(1 << UInt64(rank & 63))
    var places: [UInt32] = []
    var index = buckets.base[rank].first
    while index != 0 {
      let node = nodes.base[Int(index) - 1]
      places.append(node.place)
      index = node.next
    }
    places.sort()
    index = buckets.base[rank].first
    for place in places {
      nodes.base[Int(index) - 1].place = place
      index = nodes.base[Int(index) - 1].next
    }
  }

  /// The lowest rank whose bucket is in use.
  private func first() -> Int? {
    guard let top = levels.last, top.base[0] != 0 else { return nil }
    var index = 0
    for level in stride(from: levels.count - 1, through: 0, by: -1) {
      index = index << 6 | levels[level].base[index].trailingZeroBitCount
    }
    return index
  }

  private func mark(_ rank: Int) {
    var index = rank
    for level in levels {
      level.base[index >> 6] |= 1 << UInt64(index & 63)
      index >>= 6
    }
  }

  private func clear(_ rank: Int) {
    var index = rank
    for level in levels {
      level.base[index >> 6] &= ~(1 << UInt64(index & 63))
      if level.base[index >> 6] != 0 { return }
      index >>= 6
    }
  }
}
