/// What short pieces encode to, remembered: nearly every piece of a text has occurred before.

/// A hash table from pieces of at most 15 bytes to their tokens, of bounded size.
///
/// Two entries share a line of 64 bytes, the *set* where a piece is at home; the sets behind it take
/// what it has no room for. The table starts at 256 KiB and grows fourfold when half full, up to
/// 16 MiB; from then on new pieces replace others. Up to four tokens stand in the entry, more in
/// another 8 MiB; when those are full, the cache starts anew.
final class PieceCache {
  /// A piece of at most 15 bytes: its bytes, and its length in the top byte.
  struct Key: BitwiseCopyable {
    var low: UInt64
    var high: UInt64

    /// Stands for every longer piece; never in the table.
    static let long = Key(low: 0, high: 0xFF << 56)
  }

  /// Marks the key of a part of a piece, where a whole piece of the same bytes may be encoded
  /// otherwise.
  static let partMark: UInt64 = 0x40 << 56

  /// A piece and its tokens; the count of tokens stands in the top four bits of the first.
  ///
  /// A count of `Entry.more` says that the tokens stand elsewhere: `lastTokens` has their place in
  /// the upper half and their count in the lower.
  struct Entry: BitwiseCopyable {
    var low: UInt64
    var high: UInt64
    var firstTokens: UInt64
    var lastTokens: UInt64

    /// The count that stands for more than four tokens.
    static let more: UInt64 = 0xF

    /// The number of tokens, or `more`.
    @inline(__always)
    var count: UInt64 { (firstTokens &>> 28) & 0xF }
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
  private let others = FlatTable<Token>(count: 1 << 21)
  private var othersUsed = 0
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

  /// The entry of a piece, valid until the next insertion.
  func find(_ key: Key) -> UnsafePointer<Entry>? {
    let home = PieceCache.home(key, shift)
    for step in 0..<PieceCache.probes {
      let set = entries.base + (home + 2 * step) & (entries.count - 1)
      if set[0].low == key.low, set[0].high == key.high { return UnsafePointer(set) }
      if set[1].low == key.low, set[1].high == key.high { return UnsafePointer(set + 1) }
      if set[1].high == 0 { return nil }
    }
    return nil
  }

  /// The tokens of an entry that has more than four.
  func tokens(_ entry: UnsafePointer<Entry>) -> UnsafeBufferPointer<Token> {
    UnsafeBufferPointer(
      start: others.base + Int(entry.pointee.lastTokens >> 32),
      count: Int(entry.pointee.lastTokens & 0xFFFF_FFFF))
  }

  /// Remembers a piece's tokens; whether all entries have moved.
  func insert(_ key: Key, _ tokens: UnsafePointer<Token>, _ count: Int) -> Bool {
    let isFull = othersUsed + count > others.count
    if isFull {
      entries.base.update(
        repeating: Entry(low: 0, high: 0, firstTokens: 0, lastTokens: 0), count: entries.count)
      used = 0
      othersUsed = 0
    }
    let grows = used * 2 >= entries.count && entries.count / 2 < PieceCache.largestSetCount
    if grows { grow() }
    var words: (UInt64, UInt64) = (0, 0)
    if count > 4 {
      words = (Entry.more << 28, UInt64(othersUsed) << 32 | UInt64(count))
      (others.base + othersUsed).update(from: tokens, count: count)
      othersUsed += count
    } else {
      for index in 0..<count {
        let token = UInt64(tokens[index]) << UInt64((index & 1) * 32)
        if index < 2 { words.0 |= token } else { words.1 |= token }
      }
      words.0 |= UInt64(count) << 28
    }
    place(Entry(low: key.low, high: key.high, firstTokens: words.0, lastTokens: words.1))
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
