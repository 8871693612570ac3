/// A pull reader of JSON, for vocabularies of hundreds of thousands of entries.
///
/// Foundation's decoder takes 100 ms for GPT-2's file, loses the order of names and makes a `String`
/// of each; with this one the whole tokenizer is ready, and the program gone, after 70 ms.

/// Reads JSON from bytes, forwards only; errors say the line and column.
struct JSONReader {
  /// The whole text.
  let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var scratch: [UInt8] = []
  private static let deepest = 128

  /// A reader at the start of some bytes, which must outlive it.
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// Where the next value starts, to come back to with `seek`.
  var offset: Int { position }

  /// Continues from an offset.
  mutating func seek(_ offset: Int) { position = offset }

  /// An error at the place reached.
  func failure(_ what: String) -> TokenizerError {
    var line = 1
    var column = 1
    for byte in bytes.prefix(position) {
      column += 1
      if byte == 10 {
        line += 1
        column = 1
      }
    }
    return TokenizerError(
      "\(what) at line \(line), column \(column)",
      hint: "the file is damaged or no tokenizer.json; fetch or write it again")
  }

  /// The next byte that is not white space, without taking it.
  @inline(__always)
  mutating func peek() throws(TokenizerError) -> UInt8 {
    while position < bytes.count {
      let byte = bytes[position]
      if byte > 0x20 || (byte != 0x20 && byte != 10 && byte != 13 && byte != 9) { return byte }
      position += 1
    }
    throw failure("the JSON text ends too early")
  }

  /// Takes one expected byte.
  @inline(__always)
  mutating func expect(_ expected: Unicode.Scalar) throws(TokenizerError) {
    guard UInt32(try peek()) == expected.value else { throw failure("“\(expected)” is missing") }
    position += 1
  }

  /// Takes a byte if it comes next.
  @inline(__always)
  mutating func take(_ wanted: Unicode.Scalar) throws(TokenizerError) -> Bool {
    guard UInt32(try peek()) == wanted.value else { return false }
    position += 1
    return true
  }

  /// Checks that nothing follows.
  mutating func finish() throws(TokenizerError) {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 10 || byte == 13 || byte == 9 else {
        throw failure("something follows the JSON text")
      }
      position += 1
    }
  }

  /// Reads an object; `body` gets each name and must read the value.
  mutating func object(
    _ body: (inout JSONReader, UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try expect("{")
    if try take("}") { return }
    repeat {
      let name = try string()
      try expect(":")
      try body(&self, name)
    } while try take(",")
    try expect("}")
  }

  /// Reads an array; `body` must read each element.
  mutating func array(
    _ body: (inout JSONReader) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try expect("[")
    if try take("]") { return }
    repeat { try body(&self) } while try take(",")
    try expect("]")
  }

  /// Reads a string; the bytes are valid until the next string is read.
  mutating func string() throws(TokenizerError) -> UnsafeBufferPointer<UInt8> {
    try expect("\"")
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      if byte < 0x20 { throw failure("a control character stands in a string") }
      position += 1
    }
    throw failure("a string does not end")
  }

  private mutating func escapedString(
    from start: Int
  ) throws(TokenizerError) -> UnsafeBufferPointer<UInt8> {
    var text = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") {
        scratch = text
        return try hold()
      }
      if byte < 0x20 { throw failure("a control character stands in a string") }
      if byte != UInt8(ascii: "\\") {
        text.append(byte)
        continue
      }
      guard position < bytes.count else { break }
      let escape = bytes[position]
      position += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
      case UInt8(ascii: "b"): text.append(8)
      case UInt8(ascii: "f"): text.append(12)
      case UInt8(ascii: "n"): text.append(10)
      case UInt8(ascii: "r"): text.append(13)
      case UInt8(ascii: "t"): text.append(9)
      case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
      default: throw failure("an unknown escape stands in a string")
      }
    }
    throw failure("a string does not end")
  }

  /// Keeps the unescaped bytes at an address that lasts until the next string.
  private mutating func hold() throws(TokenizerError) -> UnsafeBufferPointer<UInt8> {
    if held.count < scratch.count { held = FlatTable(count: scratch.count * 2) }
    for (index, byte) in scratch.enumerated() { held.base[index] = byte }
    return UnsafeBufferPointer(start: held.base, count: scratch.count)
  }

  private var held = FlatTable<UInt8>(count: 256)

  private mutating func escapedScalar() throws(TokenizerError) -> Unicode.Scalar {
    let first = try hexadecimalUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    {
      position += 2
      let second = try hexadecimalUnit()
      let value = 0x1_0000 + (first - 0xD800) << 10 + (second &- 0xDC00)
      if second >= 0xDC00, second < 0xE000, let scalar = Unicode.Scalar(value) { return scalar }
    }
    throw failure("half a surrogate pair stands in a string")
  }

  private mutating func hexadecimalUnit() throws(TokenizerError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw failure("four hexadecimal digits must follow \\u") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  /// Reads an id.
  mutating func token() throws(TokenizerError) -> Token {
    guard (0x30...0x39).contains(try peek()) else { throw failure("an id must be a whole number") }
    var value = 0
    while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
      value = value * 10 + Int(bytes[position] - 0x30)
      if value > Int(Vocabulary.largestToken) { throw failure("an id is too large") }
      position += 1
    }
    return Token(value)
  }

  /// Reads any value.
  mutating func value(depth: Int = 0) throws(TokenizerError) -> JSONValue {
    if depth > JSONReader.deepest { throw failure("the JSON text is nested too deeply") }
    switch try peek() {
    case UInt8(ascii: "{"):
      var members: [JSONValue.Member] = []
      try object { (reader, name) throws(TokenizerError) in
        let name = String(decoding: name, as: UTF8.self)
        members.append(.init(name: name, value: try reader.value(depth: depth + 1)))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { (reader) throws(TokenizerError) in
        elements.append(try reader.value(depth: depth + 1))
      }
      return .array(elements)
    case UInt8(ascii: "\""):
      return .string(String(decoding: try string(), as: UTF8.self))
    default:
      return try literal()
    }
  }

  private mutating func literal() throws(TokenizerError) -> JSONValue {
    let start = position
    skipLiteral()
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "null": return .null
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    default:
      guard Double(text) != nil else {
        position = start
        throw failure("“\(text.prefix(20))” is no JSON value")
      }
      return .number(text)
    }
  }

  private mutating func skipLiteral() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 9, 10, 13, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): return
      default: position += 1
      }
    }
  }

  /// Passes over a value without making anything of it.
  mutating func skip(depth: Int = 0) throws(TokenizerError) {
    if depth > JSONReader.deepest { throw failure("the JSON text is nested too deeply") }
    switch try peek() {
    case UInt8(ascii: "{"):
      try object { (reader, _) throws(TokenizerError) in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "["):
      try array { (reader) throws(TokenizerError) in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "\""):
      _ = try string()
    default:
      skipLiteral()
    }
  }
}
