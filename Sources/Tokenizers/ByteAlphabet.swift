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
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: spelling.count + 1) { buffer, count in
      count = buffer.baseAddress.flatMap { read(spelling, to: $0) } ?? -1
      if count < 0 {
        count = 0
        failed = true
      }
    }
    if failed { return false }
    result.append(contentsOf: bytes)
    return true
  }

  /// Writes the bytes that `spelling` stands for, at most as many, and returns their number; nil when
  /// it is not spelt in the alphabet.
  static func read(
    _ spelling: UnsafeBufferPointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    let table = values.base
    var used = 0
    var index = 0
    while index < spelling.count {
      var codePoint = Int(spelling[index])
      index &+= 1
      if codePoint >= 0x80 {
        guard codePoint >= 0xC2, codePoint <= 0xC5, index < spelling.count else { return nil }
        codePoint = (codePoint & 0x1F) &<< 6 | Int(spelling[index] & 0x3F)
        index &+= 1
      }
      let value = table[codePoint]
      if value < 0 { return nil }
      target[used] = UInt8(truncatingIfNeeded: value)
      used &+= 1
    }
    return used
  }

  /// The byte of each character that two bytes of UTF-8 from C2 to C5 can spell, or -1.
  private static let values: FlatTable<Int16> = {
    let result = FlatTable<Int16>(count: 0x180, filledWith: 0xFF)
    for (byte, codePoint) in codePoints.enumerated() {
      result.base[Int(codePoint)] = Int16(byte)
    }
    return result
  }()
}
