/// How often each distinct piece occurs: an open-addressing table over bytes.

/// Counts of pieces; memory is bounded by the distinct pieces.
struct PieceCounts {
  private struct Slot: BitwiseCopyable {
    /// The bytes of a piece of at most 15, or the hash of a longer one.
    var low: UInt64
    /// The length and the rest of the bytes; for a longer piece its place among `entries`.
    var high: UInt64
    var count: UInt64
  }

  private var slots: [Slot]
  private var used = 0
  private var longBytes: [UInt8] = []
  private var longStarts: [Int] = [0]
  /// Marks a slot whose piece lies in `longBytes`; no length in the top byte reaches it.
  private static let longMark: UInt64 = 0x80 << 56

  /// No pieces.
  init() { slots = PieceCounts.emptySlots(1 << 14) }

  private static func emptySlots(_ count: Int) -> [Slot] {
    [Slot](repeating: Slot(low: 0, high: 0, count: 0), count: count)
  }

  /// The number of distinct pieces.
  var distinctCount: Int { used }

  /// Counts the pieces between `start` and each of `ends`; `end` is where the readable text ends.
  mutating func add(
    from start: BytePointer, _ ends: UnsafeBufferPointer<BytePointer>, end: BytePointer,
    times: UInt64 = 1
  ) {
    if (used + ends.count) * 2 > slots.count { grow(by: ends.count) }
    var position = start
    var table = slots
    slots = []
    table.withUnsafeMutableBufferPointer { table in
      for pieceEnd in ends {
        let count = pieceEnd - position
        if count > 0 { add(position, count, end: end, times, to: table) }
        position = pieceEnd
      }
    }
    slots = table
  }

  /// Adds other counts.
  mutating func add(_ other: PieceCounts) {
    other.forEach { piece, count in
      piece.withUnsafeBufferPointer { bytes in
        guard let start = bytes.baseAddress else { return }
        let end = start + bytes.count
        withUnsafePointer(to: end) {
          add(from: start, UnsafeBufferPointer(start: $0, count: 1), end: end, times: count)
        }
      }
    }
  }

  @inline(__always)
  private mutating func add(
    _ piece: BytePointer, _ count: Int, end: BytePointer, _ times: UInt64,
    to table: UnsafeMutableBufferPointer<Slot>
  ) {
    guard count <= PieceCache.longestPiece else {
      return addLong(piece, count, times, to: table)
    }
    let key = PieceCache.key(piece, count, readable: end - piece >= 16)
    let mask = table.count - 1
    var index = Int(truncatingIfNeeded: mix(key.low, key.high)) & mask
    while table[index].count > 0 {
      if table[index].low == key.low, table[index].high == key.high {
        table[index].count += times
        return
      }
      index = (index + 1) & mask
    }
    table[index] = Slot(low: key.low, high: key.high, count: times)
    used += 1
  }

  @inline(never)
  private mutating func addLong(
    _ piece: BytePointer, _ count: Int, _ times: UInt64,
    to table: UnsafeMutableBufferPointer<Slot>
  ) {
    let hashed = hash(piece, count)
    let mask = table.count - 1
    var index = Int(truncatingIfNeeded: mix(hashed, PieceCounts.longMark)) & mask
    while table[index].count > 0 {
      if table[index].low == hashed, table[index].high >= PieceCounts.longMark,
        isPiece(Int(table[index].high & ~PieceCounts.longMark), piece, count)
      {
        table[index].count += times
        return
      }
      index = (index + 1) & mask
    }
    let entry = UInt64(longStarts.count - 1)
    longBytes.append(contentsOf: UnsafeBufferPointer(start: piece, count: count))
    longStarts.append(longBytes.count)
    table[index] = Slot(low: hashed, high: PieceCounts.longMark | entry, count: times)
    used += 1
  }

  private func isPiece(_ entry: Int, _ piece: BytePointer, _ count: Int) -> Bool {
    longStarts[entry + 1] - longStarts[entry] == count
      && longBytes.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return false }
        return equal(base + longStarts[entry], piece, count)
      }
  }

  private mutating func grow(by extra: Int) {
    let old = slots
    slots = PieceCounts.emptySlots(powerOfTwo(atLeast: max(old.count * 2, (used + extra) * 4)))
    let mask = slots.count - 1
    for slot in old where slot.count > 0 {
      let isLong = slot.high >= PieceCounts.longMark
      let hashed = mix(slot.low, isLong ? PieceCounts.longMark : slot.high)
      var index = Int(truncatingIfNeeded: hashed) & mask
      while slots[index].count > 0 { index = (index + 1) & mask }
      slots[index] = slot
    }
  }

  /// Hands out every piece with its count, in no particular order.
  func forEach(_ body: (ArraySlice<UInt8>, UInt64) -> Void) {
    var short: [UInt8] = []
    for slot in slots where slot.count > 0 {
      if slot.high >= PieceCounts.longMark {
        let entry = Int(slot.high & ~PieceCounts.longMark)
        body(longBytes[longStarts[entry]..<longStarts[entry + 1]], slot.count)
      } else {
        short.removeAll(keepingCapacity: true)
        for index in 0..<Int(slot.high >> 56) {
          let word = index < 8 ? slot.low : slot.high
          short.append(UInt8(truncatingIfNeeded: word >> UInt64((index & 7) * 8)))
        }
        body(short[...], slot.count)
      }
    }
  }
}
