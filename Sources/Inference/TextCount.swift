/// Where whitespace-separated words begin.

/// Counts what perplexities are normalised by.
enum TextCount {
  /// The offsets of the bytes at which words begin: runs of anything but Unicode white space.
  static func wordStarts(in text: [UInt8]) -> [Int] {
    var starts: [Int] = []
    var isInside = false
    var index = 0
    while index < text.count {
      let length = whitespaceLength(in: text, at: index)
      if length > 0 {
        isInside = false
        index += length
      } else {
        if !isInside { starts.append(index) }
        isInside = true
        index += 1
      }
    }
    return starts
  }

  /// Bytes of the white-space character at `index`, or 0 if there is none.
  static func whitespaceLength(in text: [UInt8], at index: Int) -> Int {
    let byte = text[index]
    if byte < 0x80 { return byte == 0x20 || (0x09...0x0D).contains(byte) ? 1 : 0 }
    // Everything but ASCII that Unicode calls white space begins with one of these four bytes.
    guard byte == 0xC2 || (0xE1...0xE3).contains(byte) else { return 0 }
    let length = byte == 0xC2 ? 2 : 3
    guard index + length <= text.count else { return 0 }
    let scalars = String(decoding: text[index..<index + length], as: UTF8.self).unicodeScalars
    guard scalars.count == 1, let scalar = scalars.first else { return 0 }
    return scalar.properties.isWhitespace ? length : 0
  }
}
