/// Which pair of tokens merges into which token, and how early.

import CMachine

/// A flat open-addressing table from a pair of tokens to its merge.
final class MergeTable: Sendable {
  /// What `rank` gives for a pair that does not merge; later than every merge.
  static let none = UInt32.max

  private struct Slot: BitwiseCopyable {
    var key: UInt64
    var rank: UInt64
  }

  private let slots: FlatTable<Slot>
  /// A bit for every few pairs, to tell most of those that do not merge without going to `slots`.
  private let filter: FlatTable<UInt64>
  private let filterShift: UInt64
  /// What the merge of each rank makes.
  let products: FlatTable<Token>
  private let shift: UInt64
  private let mask: Int

  /// Makes room for `capacity` merges of ranks below `rankCount`.
  init(capacity: Int, rankCount: Int) {
    let count = powerOfTwo(atLeast: max(16, capacity * 2))
    slots = FlatTable(count: count)
    products = FlatTable(count: rankCount)
    let words = min(powerOfTwo(atLeast: max(16, capacity / 8)), 1 << 14)
    filter = FlatTable(count: words)
    filterShift = UInt64(58 - words.trailingZeroBitCount)
    mask = count - 1
    shift = UInt64(64 - count.trailingZeroBitCount)
  }

  /// A table of merges in the order of their ranks, the left token of each in the upper half.
  convenience init(_ merges: [UInt64], making tokens: [Token]) {
    self.init(capacity: merges.count, rankCount: merges.count)
    let ahead = 16
    for (rank, pair) in merges.enumerated() {
      if rank + ahead < merges.count {
        let later = merges[rank + ahead]
        prefetch(Token(truncatingIfNeeded: later >> 32), Token(truncatingIfNeeded: later))
      }
      insert(
        Token(truncatingIfNeeded: pair >> 32), Token(truncatingIfNeeded: pair), rank: rank,
        token: tokens[rank])
    }
  }

  /// The rank of the merge of a pair.
  @inline(__always)
  func rank(_ left: Token, _ right: Token) -> UInt32 {
    // Complemented, so that fresh memory holds no key.
    let key = ~(UInt64(left) &<< 32 | UInt64(right))
    let hashed = mix(key, 0)
    let bit = (hashed &<< 24) &>> filterShift
    if filter.base[Int(truncatingIfNeeded: bit &>> 6)] &>> (bit & 63) & 1 == 0 {
      return MergeTable.none
    }
    var index = Int(truncatingIfNeeded: hashed &>> shift)
    while true {
      let slot = slots.base[index]
      if slot.key == 0 { return MergeTable.none }
      if slot.key == key { return UInt32(truncatingIfNeeded: slot.rank) }
      index = (index &+ 1) & mask
    }
  }

  /// Brings what `rank` needs nearer.
  @inline(__always)
  func prefetch(_ left: Token, _ right: Token) {
    let hashed = mix(~(UInt64(left) &<< 32 | UInt64(right)), 0)
    machine_prefetch(slots.base + Int(truncatingIfNeeded: hashed &>> shift))
  }

  /// Adds a merge or replaces its rank; only while the table is being made, by one thread.
  func insert(_ left: Token, _ right: Token, rank: Int, token: Token) {
    let key = ~(UInt64(left) << 32 | UInt64(right))
    let hashed = mix(key, 0)
    let bit = (hashed << 24) >> filterShift
    filter.base[Int(bit >> 6)] |= 1 << (bit & 63)
    var index = Int(truncatingIfNeeded: hashed >> shift)
    while slots.base[index].key != key, slots.base[index].key != 0 {
      index = (index + 1) & mask
    }
    slots.base[index] = Slot(key: key, rank: UInt64(rank))
    products.base[rank] = token
  }
}
