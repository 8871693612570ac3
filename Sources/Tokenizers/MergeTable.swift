/// Which pair of tokens merges into which token, and how early.

/// A flat open-addressing table from a pair of tokens to its merge.
final class MergeTable: Sendable {
  /// What `value` gives for a pair that does not merge; later than every merge.
  static let none = UInt64.max

  private let slots: FlatTable<(key: UInt64, value: UInt64)>
  private let shift: UInt64
  private let mask: Int

  /// Makes room for `capacity` merges.
  init(capacity: Int) {
    let count = powerOfTwo(atLeast: max(16, capacity * 2))
    slots = FlatTable(count: count, filledWith: 0xFF)
    mask = count - 1
    shift = UInt64(64 - count.trailingZeroBitCount)
  }

  /// The merge of a pair: its rank in the upper half, the token it makes in the lower.
  @inline(__always)
  func value(_ left: Token, _ right: Token) -> UInt64 {
    let key = UInt64(left) << 32 | UInt64(right)
    var index = home(key)
    while true {
      let slot = slots.base[index]
      if slot.key == key { return slot.value }
      if slot.key == .max { return MergeTable.none }
      index = (index + 1) & mask
    }
  }

  /// Adds a merge or replaces its rank; only while the table is being made, by one thread.
  func insert(_ left: Token, _ right: Token, rank: Int, token: Token) {
    let key = UInt64(left) << 32 | UInt64(right)
    var index = home(key)
    while slots.base[index].key != key, slots.base[index].key != .max {
      index = (index + 1) & mask
    }
    slots.base[index] = (key, UInt64(rank) << 32 | UInt64(token))
  }

  @inline(__always)
  private func home(_ key: UInt64) -> Int {
    let product = key.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return Int(truncatingIfNeeded: ((product.high ^ product.low) &* 0xD6E8_FEB8_6659_FD93) >> shift)
  }
}
