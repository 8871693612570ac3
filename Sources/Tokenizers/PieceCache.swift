/// What short pieces encode to, remembered: nearly every piece of a text has occurred before.

/// A two-way set-associative cache from pieces of at most 15 bytes to at most four tokens.
///
/// A set is one line of 64 bytes. The table starts at 256 KiB and doubles as it fills, up to 16 MiB;
/// from then on the older of a set's two pieces gives way.
final class PieceCache {
  /// A piece of at most 15 bytes: its bytes, and its length in the top byte.
  struct Key {
    var low: UInt64
    var high: UInt64
  }

  /// A piece and its tokens; the count of tokens stands in the top four bits of the first.
  struct Entry: BitwiseCopyable {
    var low: UInt64
    var high: UInt64
    var firstTokens: UInt64
    var lastTokens: UInt64
  }

  /// The most bytes a piece may have.
  static let longestPiece = 15
  private static let largestSetCount = 1 << 18

  private var sets: FlatTable<Entry>
  private var shift: UInt64
  private var used = 0

  /// An empty cache of `1 << logarithm` sets.
  init(logarithm: Int = 12) {
    sets = FlatTable(count: 2 << logarithm)
    shift = UInt64(64 - logarithm)
  }

  /// Packs a piece of 1…15 bytes; reads 16 bytes when `readable` says that they are there.
  @inline(__always)
  static func key(_ piece: UnsafePointer<UInt8>, _ count: Int, readable: Bool) -> Key {
    let raw = UnsafeRawPointer(piece)
    var low: UInt64 = 0
    var high: UInt64 = 0
    if readable {
      low = raw.loadUnaligned(as: UInt64.self)
      if count < 8 {
        low &= (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
      } else {
        high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        high &= (1 &<< UInt64(truncatingIfNeeded: (count &- 8) &* 8)) &- 1
      }
    } else {
      for index in 0..<count {
        let byte = UInt64(piece[index]) << UInt64((index & 7) * 8)
        if index < 8 { low |= byte } else { high |= byte }
      }
    }
    return Key(low: low, high: high | UInt64(truncatingIfNeeded: count) &<< 56)
  }

  /// The entry of a piece, valid until the next insertion.
  @inline(__always)
  func find(_ key: Key) -> UnsafePointer<Entry>? {
    let set = sets.base + home(key)
    if set[0].low == key.low, set[0].high == key.high { return UnsafePointer(set) }
    if set[1].low == key.low, set[1].high == key.high { return UnsafePointer(set + 1) }
    return nil
  }

  /// Remembers a piece's tokens, at most four.
  func insert(_ key: Key, _ tokens: UnsafePointer<Token>, _ count: Int) {
    var words: (UInt64, UInt64) = (0, 0)
    for index in 0..<count {
      let token = UInt64(tokens[index]) << UInt64((index & 1) * 32)
      if index < 2 { words.0 |= token } else { words.1 |= token }
    }
    let entry = Entry(
      low: key.low, high: key.high, firstTokens: words.0 | UInt64(count) << 28,
      lastTokens: words.1)
    if used >= sets.count / 2, sets.count / 2 < PieceCache.largestSetCount { grow() }
    place(entry)
  }

  private func place(_ entry: Entry) {
    let set = sets.base + home(Key(low: entry.low, high: entry.high))
    if set[1].high == 0 { used += 1 }
    set[1] = set[0]
    set[0] = entry
  }

  private func grow() {
    let old = sets
    sets = FlatTable(count: old.count * 2)
    shift -= 1
    used = 0
    for index in 0..<old.count where old.base[index].high != 0 { place(old.base[index]) }
  }

  @inline(__always)
  private func home(_ key: Key) -> Int {
    Int(truncatingIfNeeded: mix(key.low, key.high) >> shift) &* 2
  }
}
