/// What short pieces encode to, remembered: nearly every piece of a text has occurred before.

/// A hash table from pieces of at most 15 bytes to at most four tokens, of bounded size.
///
/// Two entries share a line of 64 bytes, the *set* where a piece is at home; the sets behind it take
/// what it has no room for. The table starts at 256 KiB and grows fourfold when half full, up to
/// 16 MiB; from then on new pieces replace others.
final class PieceCache {
  /// A piece of at most 15 bytes: its bytes, and its length in the top byte.
  struct Key: BitwiseCopyable {
    var low: UInt64
    var high: UInt64

    /// Stands for every longer piece; never in the table.
    static let long = Key(low: 0, high: 0xFF << 56)
  }

  /// A piece and its tokens; the count of tokens stands in the top four bits of the first.
  struct Entry: BitwiseCopyable {
    var low: UInt64
    var high: UInt64
    var firstTokens: UInt64
    var lastTokens: UInt64
  }

  /// The bits of 16 bytes that belong to a piece, and its length in the top byte.
  struct Mask: BitwiseCopyable {
    var low: UInt64
    var high: UInt64
    var length: UInt64
  }

  /// The most bytes a piece may have.
  static let longestPiece = 15
  private static let largestSetCount = 1 << 18
  private static let probes = 4

  /// The entries, two a set.
  private(set) var entries: FlatTable<Entry>
  /// How far to shift a hash to get the number of a set.
  private(set) var shift: UInt64
  private var used = 0
  /// The masks by length; those above 15 make `Key.long`.
  let masks = FlatTable<Mask>(count: 17)

  /// An empty cache of `1 << logarithm` sets.
  init(logarithm: Int = 12) {
    entries = FlatTable(count: 2 << logarithm)
    shift = UInt64(64 - logarithm)
    for length in 0...15 {
      let bits = { (count: Int) -> UInt64 in
        count >= 8 ? ~0 : (1 << UInt64(8 * Swift.max(count, 0))) - 1
      }
      masks.base[length] = Mask(
        low: bits(length), high: bits(length - 8), length: UInt64(length) << 56)
    }
    masks.base[16] = Mask(low: 0, high: 0, length: Key.long.high)
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

  /// The index of the first entry of a piece's home, given `shift`.
  @inline(__always)
  static func home(_ key: Key, _ shift: UInt64) -> Int {
    Int(truncatingIfNeeded: mix(key.low, key.high) &>> shift) &* 2
  }

  /// The entry of a piece that is not at home, valid until the next insertion.
  func findElsewhere(_ key: Key) -> UnsafePointer<Entry>? {
    let home = PieceCache.home(key, shift)
    for step in 1..<PieceCache.probes {
      let set = entries.base + (home + 2 * step) & (entries.count - 1)
      for entry in [set, set + 1] where entry.pointee.low == key.low {
        if entry.pointee.high == key.high { return UnsafePointer(entry) }
      }
      if set[1].high == 0 { return nil }
    }
    return nil
  }

  /// Remembers a piece's tokens, at most four; whether all entries have moved.
  func insert(_ key: Key, _ tokens: UnsafePointer<Token>, _ count: Int) -> Bool {
    var words: (UInt64, UInt64) = (0, 0)
    for index in 0..<count {
      let token = UInt64(tokens[index]) << UInt64((index & 1) * 32)
      if index < 2 { words.0 |= token } else { words.1 |= token }
    }
    let entry = Entry(
      low: key.low, high: key.high, firstTokens: words.0 | UInt64(count) << 28,
      lastTokens: words.1)
    let grows = used * 2 >= entries.count && entries.count / 2 < PieceCache.largestSetCount
    if grows { grow() }
    place(entry)
    return grows
  }

  private func place(_ entry: Entry) {
    let home = PieceCache.home(Key(low: entry.low, high: entry.high), shift)
    for step in 0..<PieceCache.probes {
      let set = entries.base + (home + 2 * step) & (entries.count - 1)
      if set[0].high == 0 || set[1].high == 0 {
        set[set[0].high == 0 ? 0 : 1] = entry
        used += 1
        return
      }
    }
    entries.base[home + 1] = entry
  }

  private func grow() {
    let old = entries
    entries = FlatTable(count: old.count * 4)
    shift -= 2
    used = 0
    for index in 0..<old.count where old.base[index].high != 0 { place(old.base[index]) }
  }
}
