/// Splits text into pieces by the field's five patterns, on bytes and without a regular-expression
/// engine.

/// A hand-written equivalent of one of the named split patterns.
///
/// The pieces cover the text without gaps. Each piece is found from its start and what follows,
/// never from what precedes, so that a text can be split as it arrives: see `safeLimit`.
struct PieceScanner: Sendable, Hashable {
  /// The shape of a pattern.
  enum Family: Hashable {
    /// GPT-2, r50k, p50k.
    case gpt2
    /// cl100k and what grew from it: llama3, qwen2, nanochat.
    case cl100k
    /// o200k.
    case o200k
  }

  var family: Family
  /// How many digits a piece holds at most.
  var digits = 3
  /// Whether white space at the end of the text is one piece even if it has a newline (cl100k).
  var keepsFinalSpaceWhole = false
  /// Whether marks count as letters (qwen3.5).
  var joinsMarks = false

  /// Writes the ends of consecutive pieces from `start` on and returns how many.
  ///
  /// Stops at the first piece that ends at or after `limit`, or after `capacity` pieces; `end` is
  /// where the text ends.
  func fill(
    from start: BytePointer, until limit: BytePointer, end: BytePointer,
    into ends: UnsafeMutablePointer<BytePointer>, capacity: Int
  ) -> Int {
    let table = UnicodeClasses.table
    var position = start
    var count = 0
    switch family {
    case .gpt2:
      while count < capacity, position < limit {
        position = PieceScanner.nextGPT2(position, end, table)
        ends[count] = position
        count += 1
      }
    case .cl100k:
      while count < capacity, position < limit {
        position = nextCL100K(position, end, table)
        ends[count] = position
        count += 1
      }
    case .o200k:
      while count < capacity, position < limit {
        position = PieceScanner.nextO200K(position, end, table)
        ends[count] = position
        count += 1
      }
    }
    return count
  }

  /// A position such that pieces starting before it are the same whatever follows `end`.
  ///
  /// Finding a piece looks at no more than a prefix character, a run of one kind, a contraction or
  /// a run of newlines, and one character more. So it is enough to step back over six runs, where
  /// letters, numbers and everything else are the kinds and marks belong to any.
  func safeLimit(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
    let table = UnicodeClasses.table
    var position = end - min(4, end - start)
    while position > start, position[0] & 0xC0 == 0x80 { position -= 1 }
    var kind = -1
    var runs = 0
    while position > start {
      let lead = characterStart(before: position, notBefore: start)
      let found = classify(lead, position, table).class
      if found & UnicodeClasses.mark == 0 {
        let next =
          found & UnicodeClasses.letter != 0 ? 0 : found & UnicodeClasses.number != 0 ? 1 : 2
        if next != kind {
          kind = next
          runs += 1
          if runs > 6 { return position }
        }
      }
      position = lead
    }
    return start
  }
}

extension PieceScanner {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  @inline(__always)
  static func nextGPT2(
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>
  ) -> BytePointer {
    var position = start
    if start[0] == UInt8(ascii: " ") {
      position += 1
      if position == end { return end }
    } else if start[0] == UInt8(ascii: "'") {
      let length = contraction(start, end, ignoringCase: false)
      if length > 0 { return start + length }
    }
    let (found, count) = classify(position, end, table)
    let next = position + count
    if found & UnicodeClasses.letter != 0 {
      return runEnd(next, end, table, UnicodeClasses.letter)
    }
    if found & UnicodeClasses.whitespace != 0 {
      let run = whitespaceRun(start, end, table)
      return run.end == end || run.last == start ? run.end : run.last
    }
    if found & UnicodeClasses.number != 0 {
      return runEnd(next, end, table, UnicodeClasses.number)
    }
    return otherEnd(next, end, table, UnicodeClasses.letter)
  }

  /// `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|…`
  @inline(__always)
  func nextCL100K(
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>
  ) -> BytePointer {
    if start[0] == UInt8(ascii: "'") {
      let length = PieceScanner.contraction(start, end, ignoringCase: true)
      if length > 0 { return start + length }
    }
    let letters = joinsMarks ? UnicodeClasses.letter | UnicodeClasses.mark : UnicodeClasses.letter
    let (found, count) = classify(start, end, table)
    var position = start + count
    if found & letters != 0 { return runEnd(position, end, table, letters) }
    if found & UnicodeClasses.number != 0 {
      return numberEnd(position, end, table, atMost: digits)
    }
    if found & UnicodeClasses.newline == 0, position < end {
      let (following, width) = classify(position, end, table)
      if following & letters != 0 { return runEnd(position + width, end, table, letters) }
      if start[0] == UInt8(ascii: " "),
        following & (UnicodeClasses.whitespace | UnicodeClasses.number) == 0
      {
        position = otherEnd(position + width, end, table, letters)
        return newlinesEnd(position, end)
      }
    }
    if found & UnicodeClasses.whitespace == 0 {
      return newlinesEnd(otherEnd(position, end, table, letters), end)
    }
    return whitespaceEnd(start, end, table)
  }

  /// `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|…)?|…`
  @inline(__always)
  static func nextO200K(
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>
  ) -> BytePointer {
    let wordClasses = UnicodeClasses.letter | UnicodeClasses.mark
    let (found, count) = classify(start, end, table)
    var position = start + count
    if found & UnicodeClasses.letter != 0 {
      let word = wordEnd(start, end, table)
      return word.end + contraction(word.end, end, ignoringCase: true)
    }
    if found & UnicodeClasses.number != 0 {
      return numberEnd(position, end, table, atMost: 3)
    }
    if found & UnicodeClasses.newline == 0, position < end {
      let (following, width) = classify(position, end, table)
      if following & wordClasses != 0 {
        let word = wordEnd(position, end, table)
        if word.hasLower || found & UnicodeClasses.mark == 0 {
          return word.end + contraction(word.end, end, ignoringCase: true)
        }
      } else if start[0] == UInt8(ascii: " "),
        following & (UnicodeClasses.whitespace | UnicodeClasses.number) == 0
      {
        position = otherEnd(position + width, end, table, UnicodeClasses.letter)
        return newlinesOrSlashesEnd(position, end)
      }
    }
    if found & UnicodeClasses.mark != 0 {
      let word = wordEnd(start, end, table)
      return word.end + contraction(word.end, end, ignoringCase: true)
    }
    if found & UnicodeClasses.whitespace == 0 {
      return newlinesOrSlashesEnd(otherEnd(position, end, table, UnicodeClasses.letter), end)
    }
    return PieceScanner(family: .o200k).whitespaceEnd(start, end, table)
  }
}

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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>,
    _ classes: CharacterClass
  ) -> BytePointer {
    var position = start
    while position < end {
      let byte = position[0]
      if byte < 0x80 {
        if table[Int(byte)] & classes == 0 { return position }
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>,
    _ classes: CharacterClass
  ) -> BytePointer { PieceScanner.runEnd(start, end, table, classes) }

  /// The end of the run of `[^\s\p{L}\p{N}]`, where `letters` is what counts as `\p{L}`.
  @inline(__always)
  static func otherEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>,
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>,
    _ letters: CharacterClass
  ) -> BytePointer { PieceScanner.otherEnd(start, end, table, letters) }

  /// The end of a number whose first digit ends at `start`.
  @inline(__always)
  static func numberEnd(
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>,
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>,
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnsafePointer<CharacterClass>
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
