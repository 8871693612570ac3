/// Finds the first byte that breaks UTF-8, fast where the text is ASCII.

/// The result of checking a piece of text.
enum UTF8Check: Equatable {
  /// All of it is valid.
  case valid
  /// Valid up to an offset where a character starts that the next piece may complete.
  case incomplete(Int)
  /// At this offset a sequence starts that is no character.
  case invalid(Int)

  /// Checks `bytes` by the table of the Unicode Standard (Table 3-7): no overlong forms, no
  /// surrogates, nothing above U+10FFFF.
  init(_ bytes: UnsafeRawBufferPointer) {
    let count = bytes.count
    var index = 0
    while index < count {
      while index + 8 <= count,
        bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        index += 8
      }
      if index == count { break }
      let lead = bytes[index]
      if lead < 0x80 {
        index += 1
        continue
      }
      let length: Int
      var range: ClosedRange<UInt8> = 0x80...0xbf
      switch lead {
      case 0xc2...0xdf: length = 2
      case 0xe0: (length, range) = (3, 0xa0...0xbf)
      case 0xed: (length, range) = (3, 0x80...0x9f)
      case 0xe1...0xef: length = 3
      case 0xf0: (length, range) = (4, 0x90...0xbf)
      case 0xf1...0xf3: length = 4
      case 0xf4: (length, range) = (4, 0x80...0x8f)
      default:
        self = .invalid(index)
        return
      }
      for place in 1..<length {
        if index + place == count {
          self = .incomplete(index)
          return
        }
        if !range.contains(bytes[index + place]) {
          self = .invalid(index)
          return
        }
        range = 0x80...0xbf
      }
      index += length
    }
    self = .valid
  }
}
