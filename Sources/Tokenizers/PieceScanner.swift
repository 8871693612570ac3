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

  /// How many more ends than asked for `fill` may write.
  static let overhang = 64

  /// Writes the ends of consecutive pieces from `start` on and returns how many.
  ///
  /// Stops at the first piece that ends at or after `limit`, or when there are `capacity` pieces or
  /// up to `overhang` more; `end` is where the text ends.
  func fill(
    from start: BytePointer, until limit: BytePointer, end: BytePointer,
    into ends: UnsafeMutablePointer<BytePointer>, capacity: Int
  ) -> Int {
    let table = UnicodeClasses.table
    switch family {
    case .gpt2:
      return PieceScanner.fill(
        start, limit, end, ends, capacity, block: { PieceBlock.gpt2($0, end, table) },
        next: { PieceScanner.nextGPT2($0, end, table) })
    case .cl100k:
      return PieceScanner.fill(
        start, limit, end, ends, capacity,
        block: { PieceBlock.cl100k($0, end, table, digits: digits, joinsMarks: joinsMarks) },
        next: { nextCL100K($0, end, table) })
    case .o200k:
      return PieceScanner.fill(
        start, limit, end, ends, capacity, block: { PieceBlock.o200k($0, end, table) },
        next: { PieceScanner.nextO200K($0, end, table) })
    }
  }

  /// Finds pieces by blocks of 64 bytes where that works, and one by one elsewhere.
  @inline(__always)
  private static func fill(
    _ start: BytePointer, _ limit: BytePointer, _ end: BytePointer,
    _ ends: UnsafeMutablePointer<BytePointer>, _ capacity: Int,
    block: (BytePointer) -> UInt64, next: (BytePointer) -> BytePointer
  ) -> Int {
    var position = start
    var count = 0
    var blocksFrom = start
    while count < capacity, position < limit {
      if position >= blocksFrom, end - position >= PieceBlock.reach, limit - position >= 64 {
        var starts = block(position)
        if starts != 0 {
          let found = starts.nonzeroBitCount
          let last = position + (63 &- starts.leadingZeroBitCount)
          var target = ends + count
          count &+= found
          let stop = ends + count
          repeat {
            for index in 0..<8 {
              target[index] = position + starts.trailingZeroBitCount
              starts &= starts &- 1
            }
            target += 8
          } while target < stop
          position = last
          continue
        }
        blocksFrom = position + 32
      }
      position = next(position)
      ends[count] = position
      count += 1
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
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
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
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
