/// Tokens as bytes, both ways.

import CMachine
import Glibc

/// What stands behind each id, and which id stands for some bytes.
///
/// Ids may have holes. A byte-level vocabulary holds raw bytes; entries that are not spelt in the
/// byte alphabet are kept as they are written and are never found by their bytes.
struct Vocabulary: Sendable {
  /// What is known of an id.
  struct Marks: OptionSet {
    let rawValue: UInt8
    /// The model lists it, so that merges and whole pieces can reach it.
    static let inModel = Marks(rawValue: 1)
    /// It is an added token.
    static let added = Marks(rawValue: 2)
    /// It is an added token that steers and is no text.
    static let special = Marks(rawValue: 4)
    /// It is not spelt in the byte alphabet.
    static let verbatim = Marks(rawValue: 8)
  }

  private(set) var bytes: [UInt8] = []
  private(set) var starts: [UInt32] = []
  private(set) var lengths: [UInt32] = []
  private(set) var marks: [Marks] = []
  private var index: FlatTable<UInt64>?
  /// Whether several tokens have the same bytes, of which the first is found.
  private var hasTwins = false

  /// The largest id the format allows.
  static let largestToken: Token = 1 << 24 - 1

  /// An empty vocabulary with room for some tokens.
  init(capacity: Int = 0, byteCapacity: Int = 0) {
    bytes.reserveCapacity(byteCapacity)
    starts.reserveCapacity(capacity)
    lengths.reserveCapacity(capacity)
    marks.reserveCapacity(capacity)
  }

  /// The largest id + 1.
  var count: Int { starts.count }

  /// The bytes of a token; empty for a hole.
  func bytes(of token: Token) -> ArraySlice<UInt8> {
    guard token < count else { return [] }
    let start = Int(starts[Int(token)])
    return bytes[start..<start + Int(lengths[Int(token)])]
  }

  /// Hands over a function from tokens to their bytes that copies nothing.
  func withBytes(_ body: ((Token) -> UnsafeBufferPointer<UInt8>) -> Void) {
    bytes.withUnsafeBufferPointer { all in
      body { token in
        let start = Int(starts[Int(token)])
        return UnsafeBufferPointer(rebasing: all[start..<start + Int(lengths[Int(token)])])
      }
    }
  }

  /// Whether anything stands behind an id.
  func contains(_ token: Token) -> Bool { token < count && !marks[Int(token)].isEmpty }

  /// What is known of a token.
  func marks(of token: Token) -> Marks { token < count ? marks[Int(token)] : [] }

  /// Puts bytes behind an id.
  mutating func set(_ token: Token, to text: UnsafeBufferPointer<UInt8>, marks newMarks: Marks) {
    grow(to: token)
    starts[Int(token)] = UInt32(bytes.count)
    lengths[Int(token)] = UInt32(text.count)
    marks[Int(token)] = newMarks
    bytes.append(contentsOf: text)
  }

  /// Puts bytes behind an id.
  mutating func set(_ token: Token, to text: [UInt8], marks newMarks: Marks) {
    text.withUnsafeBufferPointer { set(token, to: $0, marks: newMarks) }
  }

  /// Adds to what is known of a token.
  mutating func mark(_ token: Token, _ newMarks: Marks) {
    marks[Int(token)].formUnion(newMarks)
  }

  private mutating func grow(to token: Token) {
    let missing = Int(token) + 1 - count
    if missing <= 0 { return }
    if missing == 1 {
      starts.append(0)
      lengths.append(0)
      marks.append([])
      return
    }
    starts.append(contentsOf: repeatElement(0, count: missing))
    lengths.append(contentsOf: repeatElement(0, count: missing))
    marks.append(contentsOf: repeatElement([], count: missing))
  }

  /// Whether `token(for:)` is prepared.
  var hasIndex: Bool { index != nil }

  /// Prepares `token(for:)`; call it when all the model's tokens are in.
  mutating func makeIndex() {
    let table = FlatTable<UInt64>(count: powerOfTwo(atLeast: max(16, count * 2)))
    index = table
    hasTwins = withFinder { finder in
      guard let finder else { return false }
      var hasTwins = false
      // Hashed some tokens ahead, so that none waits for its slot.
      let batch = 32
      let hashes = FlatTable<UInt64>(count: batch)
      for first in stride(from: 0, to: count, by: batch) {
        let tokens = first..<min(first + batch, count)
        for token in tokens {
          hashes.base[token - first] = finder.hashed(token)
          machine_prefetch(table.base + finder.home(hashes.base[token - first]))
        }
        for token in tokens
        where marks[token].contains(.inModel) && !marks[token].contains(.verbatim) {
          if finder.insert(token, hashes.base[token - first]) { hasTwins = true }
        }
      }
      return hasTwins
    }
  }

  /// Adds a part of a file's vocabulary; returns an entry whose id is taken, where it stops.
  mutating func add(_ part: VocabularyPart) -> VocabularyPart.Entry? {
    guard let largest = part.entries.map(\.token).max() else { return nil }
    grow(to: largest)
    var start = bytes.count
    bytes.append(contentsOf: part.bytes)
    for entry in part.entries {
      let token = Int(entry.token)
      if !marks[token].isEmpty { return entry }
      starts[token] = UInt32(start)
      lengths[token] = entry.length
      marks[token] = entry.marks
      start += Int(entry.length)
    }
    return nil
  }

  /// The index by raw addresses, for reading hundreds of thousands of merges.
  struct Finder {
    fileprivate let bytes: UnsafePointer<UInt8>
    fileprivate let starts: UnsafeBufferPointer<UInt32>
    fileprivate let lengths: UnsafeBufferPointer<UInt32>
    fileprivate let marks: UnsafeBufferPointer<Marks>
    /// Slots that hold a token below the upper half of its hash, complemented, so that fresh memory
    /// holds no token.
    fileprivate let slots: UnsafeMutablePointer<UInt64>
    fileprivate let mask: Int
    fileprivate let hasTwins: Bool

    /// The model's token for some bytes.
    @inline(__always)
    func token(_ text: UnsafePointer<UInt8>, _ length: Int) -> Token? {
      let hashed = hash(text, length)
      var slot = home(hashed)
      while slots[slot] != 0 {
        let found = ~slots[slot]
        let token = Token(truncatingIfNeeded: found)
        if (found ^ hashed) >> 32 == 0, has(Int(token), text, length) { return token }
        slot = (slot &+ 1) & mask
      }
      return nil
    }

    /// Whether a token of the model, and no other, has some bytes.
    @inline(__always)
    func stands(_ token: Token, for text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
      let token = Int(token)
      return !hasTwins && token < marks.count && marks[token].contains(.inModel)
        && !marks[token].contains(.verbatim) && has(token, text, length)
    }

    @inline(__always)
    private func has(_ token: Int, _ text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
      Int(lengths[token]) == length && equal(bytes + Int(starts[token]), text, length)
    }

    @inline(__always)
    fileprivate func hashed(_ token: Int) -> UInt64 {
      hash(bytes + Int(starts[token]), Int(lengths[token]))
    }

    @inline(__always)
    fileprivate func home(_ hashed: UInt64) -> Int { Int(truncatingIfNeeded: hashed) & mask }

    /// Puts a token into the slots; whether there is one with the same bytes.
    fileprivate func insert(_ token: Int, _ hashed: UInt64) -> Bool {
      let text = bytes + Int(starts[token])
      var slot = home(hashed)
      var hasTwin = false
      while slots[slot] != 0 {
        let other = ~slots[slot]
        if (other ^ hashed) >> 32 == 0,
          has(Int(Token(truncatingIfNeeded: other)), text, Int(lengths[token]))
        {
          hasTwin = true
        }
        slot = (slot &+ 1) & mask
      }
      slots[slot] = ~(hashed & ~0xFFFF_FFFF | UInt64(token))
      return hasTwin
    }
  }

  /// Hands over the index, if it has been made; the body must not let it out.
  func withFinder<Result, Failure: Error>(
    _ body: (Finder?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
      try starts.withUnsafeBufferPointer { starts throws(Failure) in
        try lengths.withUnsafeBufferPointer { lengths throws(Failure) in
          try marks.withUnsafeBufferPointer { marks throws(Failure) in
            guard let index, let base = bytes.baseAddress else { return try body(nil) }
            return try body(
              Finder(
                bytes: base, starts: starts, lengths: lengths, marks: marks, slots: index.base,
                mask: index.count - 1, hasTwins: hasTwins))
          }
        }
      }
    }
  }

  /// The model's token for some bytes.
  func token(for text: UnsafeBufferPointer<UInt8>) -> Token? {
    guard let start = text.baseAddress else { return nil }
    return withFinder { $0?.token(start, text.count) }
  }

  /// The model's token for some bytes.
  func token(for text: [UInt8]) -> Token? { text.withUnsafeBufferPointer { token(for: $0) } }
}

/// Whether two stretches of `count` bytes are the same.
@inline(__always)
func equal(_ first: UnsafePointer<UInt8>, _ second: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  memcmp(first, second, count) == 0
}
