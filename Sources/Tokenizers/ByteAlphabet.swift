/// The printable characters by which byte-level vocabularies spell bytes in their files.

/// GPT-2's alphabet: bytes that print stand for themselves, the others for U+0100 and on.
enum ByteAlphabet {
  /// The code point of each byte's character.
  static let codePoints: [UInt16] = {
    var result = [UInt16](repeating: 0, count: 256)
    var next: UInt16 = 0x100
    for byte in 0..<256 {
      if (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 {
        result[byte] = UInt16(byte)
      } else {
        result[byte] = next
        next += 1
      }
    }
    return result
  }()

  /// The byte of each character below U+0144, or -1.
  static let bytes: [Int16] = {
    var result = [Int16](repeating: -1, count: 0x144)
    for (byte, codePoint) in codePoints.enumerated() { result[Int(codePoint)] = Int16(byte) }
    return result
  }()

  /// The bytes in the order of their characters: the order in which a vocabulary lists them.
  static let order: [UInt8] = (0..<256).sorted { codePoints[$0] < codePoints[$1] }.map { UInt8($0) }

  /// Appends the spelling of some bytes.
  static func spell(_ text: some Sequence<UInt8>, into result: inout [UInt8]) {
    for byte in text {
      let codePoint = codePoints[Int(byte)]
      if codePoint < 0x80 {
        result.append(UInt8(codePoint))
      } else {
        result.append(UInt8(0xC0 | codePoint >> 6))
        result.append(UInt8(0x80 | codePoint & 0x3F))
      }
    }
  }

  /// Appends the bytes that `spelling` stands for, or nothing when it is not spelt in the alphabet.
  static func read(
    _ spelling: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]
  ) -> Bool {
    let mark = result.count
    let table = bytes
    var index = 0
    while index < spelling.count {
      var codePoint = Int(spelling[index])
      index += 1
      if codePoint >= 0xC2, codePoint <= 0xC5, index < spelling.count {
        codePoint = (codePoint & 0x1F) << 6 | Int(spelling[index] & 0x3F)
        index += 1
      } else if codePoint >= 0x80 {
        codePoint = table.count
      }
      guard codePoint < table.count, table[codePoint] >= 0 else {
        result.removeSubrange(mark...)
        return false
      }
      result.append(UInt8(table[codePoint]))
    }
    return true
  }
}
