/// The runs of characters that the split patterns are made of: where each of them ends.

extension PieceScanner {
  /// The length of an apostrophe and its contraction at `start`, or 0.
  ///
  /// Ignoring case, U+017F (long s) counts as an s, as Unicode's simple case folding has it.
  @inline(__always)
  static func contraction(_ start: BytePointer, _ end: BytePointer, ignoringCase: Bool) -> Int {
    let available = end - start
    if available < 2 || start[0] != UInt8(ascii: "'") { return 0 }
    let mask: UInt8 = ignoringCase ? 0x20 : 0
    let first = start[1] | mask
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return 2
    case UInt8(ascii: "l"):
      return available > 2 && start[2] | mask == UInt8(ascii: "l") ? 3 : 0
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return available > 2 && start[2] | mask == UInt8(ascii: "e") ? 3 : 0
    default:
      return ignoringCase && available > 2 && start[1] == 0xC5 && start[2] == 0xBF ? 3 : 0
    }
  }

  /// The end of the run of characters in `classes`.
  @inline(__always)
  static func runEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table,
    _ classes: CharacterClass
  ) -> BytePointer {
    var position = start
    while position < end {
      let byte = position[0]
      if byte < 0x80 {
        if table.latin(byte) & classes == 0 { return position }
        position += 1
      } else {
        let (found, count) = classify(position, end, table)
        if found & classes == 0 { return position }
        position += count
      }
    }
    return position
  }

  @inline(__always)
  func runEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table,
    _ classes: CharacterClass
  ) -> BytePointer { PieceScanner.runEnd(start, end, table, classes) }

  /// The end of the run of `[^\s\p{L}\p{N}]`, where `letters` is what counts as `\p{L}`.
  @inline(__always)
  static func otherEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table,
    _ letters: CharacterClass
  ) -> BytePointer {
    let stop = UnicodeClasses.whitespace | UnicodeClasses.number | letters
    var position = start
    while position < end {
      let (found, count) = classify(position, end, table)
      if found & stop != 0 { return position }
      position += count
    }
    return position
  }

  @inline(__always)
  func otherEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table,
    _ letters: CharacterClass
  ) -> BytePointer { PieceScanner.otherEnd(start, end, table, letters) }

  /// The end of a number whose first digit ends at `start`.
  @inline(__always)
  static func numberEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table,
    atMost digits: Int
  ) -> BytePointer {
    var position = start
    var left = digits - 1
    while left > 0, position < end {
      let (found, count) = classify(position, end, table)
      if found & UnicodeClasses.number == 0 { return position }
      position += count
      left -= 1
    }
    return position
  }

  @inline(__always)
  func numberEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table,
    atMost digits: Int
  ) -> BytePointer { PieceScanner.numberEnd(start, end, table, atMost: digits) }

  @inline(__always)
  func newlinesEnd(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
    var position = start
    while position < end, position[0] == 10 || position[0] == 13 { position += 1 }
    return position
  }

  @inline(__always)
  static func newlinesOrSlashesEnd(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
    var position = start
    while position < end,
      position[0] == 10 || position[0] == 13 || position[0] == UInt8(ascii: "/")
    {
      position += 1
    }
    return position
  }

  /// The end of the run of white space and the start of its last character.
  @inline(__always)
  static func whitespaceRun(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
  ) -> (end: BytePointer, last: BytePointer) {
    var position = start
    var last = start
    while position < end {
      let (found, count) = classify(position, end, table)
      if found & UnicodeClasses.whitespace == 0 { break }
      last = position
      position += count
    }
    return (position, last)
  }

  /// The end of the piece of white space at `start`: `\s*[\r\n]+|\s+(?!\S)|\s+`.
  func whitespaceEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
  ) -> BytePointer {
    let run = PieceScanner.whitespaceRun(start, end, table)
    if run.end == end, keepsFinalSpaceWhole { return end }
    var newline = run.end
    while newline > start, newline[-1] != 10, newline[-1] != 13 { newline -= 1 }
    if newline > start { return newline }
    return run.end == end || run.last == start ? run.end : run.last
  }

  /// The end of o200k's word at `start`, without contraction, and whether it is of the first form.
  ///
  /// The first form is `[upper]*[lower]+`, the second `[upper]+[lower]*`, where caseless letters and
  /// marks are in both classes. When upper-case letters are followed by none of `lower`, the first
  /// form gives characters back up to the last that is in both.
  @inline(__always)
  static func wordEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
  ) -> (end: BytePointer, hasLower: Bool) {
    let both = UnicodeClasses.caseless | UnicodeClasses.mark
    var position = start
    var lastInBoth = start
    while position < end {
      let (found, count) = classify(position, end, table)
      if found & (both | UnicodeClasses.upper) == 0 {
        if found & UnicodeClasses.lower == 0 { break }
        return (runEnd(position + count, end, table, both | UnicodeClasses.lower), true)
      }
      position += count
      if found & both != 0 { lastInBoth = position }
    }
    return lastInBoth > start ? (lastInBoth, true) : (position, false)
  }
}
