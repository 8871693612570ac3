/// The two long lists of a tokenizer.json: its vocabulary and its merges.

/// A part of `vocab`; in a byte-level one, entries spelt in the byte alphabet become raw bytes.
struct VocabularyPart: JSONListPart {
  /// An entry, whose bytes stand behind those of the one before.
  struct Entry: BitwiseCopyable {
    var token: Token
    var length: UInt32
    var marks: Vocabulary.Marks
    /// Where in the file the entry ends.
    var offset: Int
  }

  private(set) var entries: [Entry] = []
  private var text: FlatTable<UInt8>
  private var used = 0
  private let isByteLevel: Bool

  /// An empty part for entries that take at most some bytes of a file.
  init(isByteLevel: Bool, byteCount: Int) {
    self.isByteLevel = isByteLevel
    text = FlatTable(count: byteCount)
    entries.reserveCapacity(byteCount / 16)
  }

  /// The bytes of all entries.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: text.base, count: used) }

  mutating func readElement(_ reader: inout JSONReader) throws(TokenizerError) {
    let name = try reader.string()
    if used + name.count > text.count { grow(to: used + name.count) }
    var marks: Vocabulary.Marks = .inModel
    var length = name.count
    if isByteLevel, let count = ByteAlphabet.read(name, to: text.base + used) {
      length = count
    } else {
      if let start = name.baseAddress { (text.base + used).update(from: start, count: length) }
      if isByteLevel { marks.insert(.verbatim) }
    }
    try reader.expect(":")
    let token = try reader.token()
    used += length
    entries.append(
      Entry(token: token, length: UInt32(length), marks: marks, offset: reader.offset))
  }

  /// The last entry can reach beyond the bytes that were said to be read.
  private mutating func grow(to count: Int) {
    let larger = FlatTable<UInt8>(count: count * 2)
    larger.base.update(from: text.base, count: used)
    text = larger
  }
}

/// A part of `merges`: pairs `["a","b"]` or `"a b"`.
struct MergesPart: JSONListPart {
  /// Pairs in the order of their ranks, left in the upper half.
  private(set) var merges: [UInt64] = []
  /// What each pair makes.
  private(set) var products: [Token] = []
  private var scratch = FlatTable<UInt8>(count: 256)
  private let finder: Vocabulary.Finder?
  private let isByteLevel: Bool

  /// An empty part for merges that take at most some bytes of a file.
  init(_ finder: Vocabulary.Finder?, isByteLevel: Bool, byteCount: Int) {
    self.finder = finder
    self.isByteLevel = isByteLevel
    merges.reserveCapacity(byteCount / 16)
    products.reserveCapacity(byteCount / 16)
  }

  mutating func readElement(_ reader: inout JSONReader) throws(TokenizerError) {
    let left: Int
    let both: Int
    if try reader.take("[") {
      left = try read(try reader.string(), behind: 0)
      try reader.expect(",")
      both = try read(try reader.string(), behind: left)
      try reader.expect("]")
    } else {
      let text = try reader.string()
      guard let space = text.firstIndex(of: UInt8(ascii: " ")) else {
        throw reader.failure("a merge must be two tokens with a space between")
      }
      left = try read(UnsafeBufferPointer(rebasing: text[..<space]), behind: 0)
      both = try read(UnsafeBufferPointer(rebasing: text[(space + 1)...]), behind: left)
    }
    let start = UnsafePointer(scratch.base)
    guard let finder, let first = finder.token(start, left),
      let second = finder.token(start + left, both - left), let product = product(both, finder)
    else {
      let pair = [0..<left, left..<both].map { range in
        String(decoding: UnsafeBufferPointer(start: start, count: both)[range], as: UTF8.self)
      }
      throw reader.failure(
        TokenizerDefinition.missingTokens(pair[0], pair[1]).description)
    }
    merges.append(UInt64(first) << 32 | UInt64(second))
    products.append(product)
  }

  /// The token of the bytes in `scratch`, which mostly is the one after that of the merge before.
  private func product(_ count: Int, _ finder: Vocabulary.Finder) -> Token? {
    if let last = products.last, finder.stands(last + 1, for: scratch.base, count) {
      return last + 1
    }
    return finder.token(scratch.base, count)
  }

  /// Leaves the bytes of a token in `scratch`, and returns where they end.
  private mutating func read(
    _ text: UnsafeBufferPointer<UInt8>, behind used: Int
  ) throws(TokenizerError) -> Int {
    guard let start = text.baseAddress else { return used }
    if used + text.count > scratch.count {
      let larger = FlatTable<UInt8>(count: (used + text.count) * 2)
      larger.base.update(from: scratch.base, count: used)
      scratch = larger
    }
    if !isByteLevel {
      (scratch.base + used).update(from: start, count: text.count)
      return used + text.count
    }
    guard let count = ByteAlphabet.read(text, to: scratch.base + used) else {
      throw TokenizerError(
        "the merge of “\(String(decoding: text, as: UTF8.self))” is not spelt in bytes")
    }
    return used + count
  }
}
