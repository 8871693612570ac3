/// Tokens as bytes, both ways.

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
  private var index: [Token] = []

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
  var hasIndex: Bool { !index.isEmpty }

  /// Prepares `token(for:)`; call it when all the model's tokens are in.
  mutating func makeIndex() {
    var table = [Token](repeating: .max, count: powerOfTwo(atLeast: max(16, count * 2)))
    let mask = table.count - 1
    bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      for token in 0..<count
      where marks[token].contains(.inModel) && !marks[token].contains(.verbatim) {
        let hashed = hash(base + Int(starts[token]), Int(lengths[token]))
        var slot = Int(truncatingIfNeeded: hashed) & mask
        while table[slot] != .max { slot = (slot + 1) & mask }
        table[slot] = Token(token)
      }
    }
    index = table
  }

  /// The model's token for some bytes.
  func token(for text: UnsafeBufferPointer<UInt8>) -> Token? {
    guard let start = text.baseAddress, !index.isEmpty else { return nil }
    return bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return nil }
      return index.withUnsafeBufferPointer { index in
        let mask = index.count - 1
        var slot = Int(truncatingIfNeeded: hash(start, text.count)) & mask
        while index[slot] != .max {
          let token = Int(index[slot])
          if Int(lengths[token]) == text.count,
            equal(base + Int(starts[token]), start, text.count)
          {
            return index[slot]
          }
          slot = (slot + 1) & mask
        }
        return nil
      }
    }
  }

  /// The model's token for some bytes.
  func token(for text: [UInt8]) -> Token? { text.withUnsafeBufferPointer { token(for: $0) } }
}

/// Whether two stretches of `count` bytes are the same.
@inline(__always)
func equal(_ first: UnsafePointer<UInt8>, _ second: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  memcmp(first, second, count) == 0
}
