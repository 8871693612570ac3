/// Takes one text out of a line of JSON without building the rest.

/// Why a line is not what it should be.
struct JSONProblem: Error, Equatable {
  /// In words, with the byte of the line.
  var reason: String
}

/// A scanner over one line that must hold one JSON object (RFC 8259).
///
/// The whole line is checked, but only the wanted field is decoded: memory beyond the text is one
/// key. The bytes must be valid UTF-8. If the field occurs twice, the last one counts, as in
/// Python and JavaScript.
struct JSONLine {
  private static let deepest = 512

  private let bytes: UnsafeRawBufferPointer
  private var index = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Replaces `text` by the value of the string field `name`.
  static func extract(
    _ name: [UInt8], from bytes: UnsafeRawBufferPointer, into text: inout [UInt8]
  ) throws(JSONProblem) {
    var line = JSONLine(bytes)
    try line.extract(name, into: &text)
  }

  private mutating func extract(_ name: [UInt8], into text: inout [UInt8]) throws(JSONProblem) {
    var isFound = false
    skipSpace()
    guard current == UInt8(ascii: "{") else { throw problem("not a JSON object") }
    try scanObject(keepsKeys: true) { (line, key) throws(JSONProblem) in
      guard key == name else { return try line.skipValue(depth: 1) }
      guard line.current == UInt8(ascii: "\"") else {
        throw JSONProblem(reason: "the field \"\(line.fieldName(name))\" is not a string")
      }
      isFound = true
      text.removeAll(keepingCapacity: true)
      try line.scanString { run in text.append(contentsOf: run) }
    }
    skipSpace()
    guard index == bytes.count else { throw problem("not JSON: something follows the object") }
    if !isFound { throw JSONProblem(reason: "there is no field \"\(fieldName(name))\"") }
  }

  private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

  private func fieldName(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

  private func problem(_ reason: String) -> JSONProblem {
    JSONProblem(reason: "\(reason) (at byte \(index) of the line)")
  }

  @inline(__always)
  private mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0a, 0x0d: index += 1
      default: return
      }
    }
  }

  private mutating func expect(_ byte: UInt8, _ what: String) throws(JSONProblem) {
    guard current == byte else { throw problem("not JSON: \(what) is missing") }
    index += 1
  }

  private mutating func skipValue(depth: Int) throws(JSONProblem) {
    if depth > JSONLine.deepest { throw problem("nested more than \(JSONLine.deepest) deep") }
    switch current {
    case UInt8(ascii: "\""): try scanString { _ in }
    case UInt8(ascii: "{"):
      try scanObject(keepsKeys: false) { (line, _) throws(JSONProblem) in
        try line.skipValue(depth: depth + 1)
      }
    case UInt8(ascii: "["): try skipArray(depth: depth)
    case UInt8(ascii: "t"): try skipWord("true")
    case UInt8(ascii: "f"): try skipWord("false")
    case UInt8(ascii: "n"): try skipWord("null")
    default: try skipNumber()
    }
  }

  /// Takes the object that starts here apart: `value` is given every key, or nothing if they are not
  /// kept, and is to move the scanner from the beginning of the key's value to its end.
  @inline(__always)
  private mutating func scanObject(
    keepsKeys: Bool, _ value: (inout JSONLine, [UInt8]) throws(JSONProblem) -> Void
  ) throws(JSONProblem) {
    index += 1
    skipSpace()
    if current == UInt8(ascii: "}") {
      index += 1
      return
    }
    var key: [UInt8] = []
    while true {
      skipSpace()
      key.removeAll(keepingCapacity: true)
      guard current == UInt8(ascii: "\"") else { throw problem("not JSON: a key is missing") }
      try scanString { run in if keepsKeys { key.append(contentsOf: run) } }
      skipSpace()
      try expect(UInt8(ascii: ":"), "a colon")
      skipSpace()
      try value(&self, key)
      skipSpace()
      if current == UInt8(ascii: ",") {
        index += 1
      } else {
        return try expect(UInt8(ascii: "}"), "a comma or a closing brace")
      }
    }
  }

  private mutating func skipArray(depth: Int) throws(JSONProblem) {
    index += 1
    skipSpace()
    if current == UInt8(ascii: "]") {
      index += 1
      return
    }
    while true {
      skipSpace()
      try skipValue(depth: depth + 1)
      skipSpace()
      if current == UInt8(ascii: ",") {
        index += 1
      } else {
        return try expect(UInt8(ascii: "]"), "a comma or a closing bracket")
      }
    }
  }

  private mutating func skipWord(_ word: StaticString) throws(JSONProblem) {
    let count = word.utf8CodeUnitCount
    for place in 0..<count {
      guard index + place < bytes.count, bytes[index + place] == word.utf8Start[place] else {
        throw problem("not JSON: a value is missing")
      }
    }
    index += count
  }

  private mutating func skipNumber() throws(JSONProblem) {
    if current == UInt8(ascii: "-") { index += 1 }
    if current == UInt8(ascii: "0") {
      index += 1
    } else {
      try skipDigits()
    }
    if current == UInt8(ascii: ".") {
      index += 1
      try skipDigits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      index += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
      try skipDigits()
    }
  }

  private mutating func skipDigits() throws(JSONProblem) {
    let first = index
    while let byte = current, (0x30...0x39).contains(byte) { index += 1 }
    if index == first { throw problem("not JSON: a value is missing") }
  }

  /// Hands out the string that starts here in runs, escapes resolved.
  private mutating func scanString(
    _ emit: (UnsafeRawBufferPointer) -> Void
  ) throws(JSONProblem) {
    index += 1
    while true {
      let first = index
      skipPlainText()
      if index > first { emit(UnsafeRawBufferPointer(rebasing: bytes[first..<index])) }
      switch current {
      case UInt8(ascii: "\""):
        index += 1
        return
      case UInt8(ascii: "\\"):
        if var byte = simpleEscape {
          index += 2
          withUnsafeBytes(of: &byte) { emit($0) }
          continue
        }
        var decoded = try scanEscape()
        withUnsafeBytes(of: &decoded.utf8) { utf8 in
          emit(UnsafeRawBufferPointer(rebasing: utf8[..<decoded.count]))
        }
      case nil:
        throw problem("not JSON: a string does not end")
      default:
        throw problem("not JSON: a control character in a string")
      }
    }
  }

  /// Moves to the next quote, backslash or control character.
  @inline(__always)
  private mutating func skipPlainText() {
    let low: UInt64 = 0x0101_0101_0101_0101
    let high: UInt64 = 0x8080_8080_8080_8080
    func hasZero(_ word: UInt64) -> UInt64 { (word &- low) & ~word & high }
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let quote = hasZero(word ^ (low &* 0x22))
      let backslash = hasZero(word ^ (low &* 0x5c))
      let control = (word &- (low &* 0x20)) & ~word & high
      if quote | backslash | control != 0 { break }
      index += 8
    }
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x22 || byte == 0x5c || byte < 0x20 { return }
      index += 1
    }
  }

  /// The UTF-8 form of one character, at most four bytes.
  private struct EncodedScalar {
    var utf8: (UInt8, UInt8, UInt8, UInt8)
    var count: Int

    init(_ scalar: Unicode.Scalar) {
      utf8 = (0, 0, 0, 0)
      count = 0
      for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
        switch count {
        case 0: utf8.0 = unit
        case 1: utf8.1 = unit
        case 2: utf8.2 = unit
        default: utf8.3 = unit
        }
        count += 1
      }
    }
  }

  /// The byte that the commonest escapes stand for, if one of them is here.
  private var simpleEscape: UInt8? {
    if index + 1 >= bytes.count { return nil }
    switch bytes[index + 1] {
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "\""): return UInt8(ascii: "\"")
    default: return nil
    }
  }

  private mutating func scanEscape() throws(JSONProblem) -> EncodedScalar {
    let start = index
    index += 1
    guard let letter = current else { throw problem("not JSON: a string does not end") }
    index += 1
    switch letter {
    case UInt8(ascii: "n"): return EncodedScalar("\n")
    case UInt8(ascii: "\""): return EncodedScalar("\"")
    case UInt8(ascii: "\\"): return EncodedScalar("\\")
    case UInt8(ascii: "/"): return EncodedScalar("/")
    case UInt8(ascii: "t"): return EncodedScalar("\t")
    case UInt8(ascii: "r"): return EncodedScalar("\r")
    case UInt8(ascii: "b"): return EncodedScalar("\u{8}")
    case UInt8(ascii: "f"): return EncodedScalar("\u{c}")
    case UInt8(ascii: "u"): break
    default:
      index = start
      throw problem("not JSON: an unknown escape in a string")
    }
    let first = try scanHexadecimal(from: start)
    if let scalar = Unicode.Scalar(first) { return EncodedScalar(scalar) }
    if first < 0xdc00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
      bytes[index + 1] == UInt8(ascii: "u")
    {
      index += 2
      let second = try scanHexadecimal(from: start)
      let combined = 0x1_0000 + ((first - 0xd800) << 10) + (second & 0x3ff)
      if (0xdc00...0xdfff).contains(second), let scalar = Unicode.Scalar(combined) {
        return EncodedScalar(scalar)
      }
    }
    index = start
    throw problem("half of a surrogate pair, which is no character")
  }

  private mutating func scanHexadecimal(from start: Int) throws(JSONProblem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else {
        index = start
        throw problem("not JSON: an unknown escape in a string")
      }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    return value
  }
}
