/// Which pair of tokens merges into which token, and how early.

/// A flat open-addressing table from a pair of tokens to its merge.
final class MergeTable: Sendable {
  /// What `rank` gives for a pair that does not merge; later than every merge.
  static let none = UInt32.max

  private struct Slot: BitwiseCopyable {
    var key: UInt64
    var rank: UInt64
  }

  private let slots: FlatTable<Slot>
  /// What the merge of each rank makes.
  let products: FlatTable<Token>
  private let shift: UInt64
  private let mask: Int

  /// Makes room for `capacity` merges of ranks below `rankCount`.
  init(capacity: Int, rankCount: Int) {
    let count = powerOfTwo(atLeast: max(16, capacity * 2))
    slots = FlatTable(count: count)
    products = FlatTable(count: rankCount)
    mask = count - 1
    shift = UInt64(64 - count.trailingZeroBitCount)
  }

  /// The rank of the merge of a pair.
  @inline(__always)
  func rank(_ left: Token, _ right: Token) -> UInt32 {
    // Complemented, so that fresh memory holds no key.
    let key = ~(UInt64(left) &<< 32 | UInt64(right))
    var index = home(key)
    while true {
      let slot = slots.base[index]
      if slot.key == 0 { return MergeTable.none }
      if slot.key == key { return UInt32(truncatingIfNeeded: slot.rank) }
      index = (index &+ 1) & mask
    }
  }

  /// Adds a merge or replaces its rank; only while the table is being made, by one thread.
  func insert(_ left: Token, _ right: Token, rank: Int, token: Token) {
    let key = ~(UInt64(left) << 32 | UInt64(right))
    var index = home(key)
    while slots.base[index].key != key, slots.base[index].key != 0 {
      index = (index + 1) & mask
    }
    slots.base[index] = Slot(key: key, rank: UInt64(rank))
    products.base[rank] = token
  }

  @inline(__always)
  private func home(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: mix(key, 0) &>> shift)
  }
}
