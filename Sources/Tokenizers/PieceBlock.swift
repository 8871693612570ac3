/// Sixty-four bytes of text at once: where pieces start in them, by arithmetic on masks of bits.

import CMachine

/// The kinds of the characters in the 64 bytes from the start of a piece on.
///
/// Bit i stands for byte i; all bytes of a character have its kind. Only starts that follow from
/// these bytes are given, so that the piece begun last is left to the next block, which starts there.
///
/// - SeeAlso: Langdale, Lemire, "Parsing Gigabytes of JSON per Second" (arXiv 1902.08318), for the
///   technique.
struct PieceBlock {
  /// The bytes that must be readable from the block's start on.
  static let reach = 64 + 8

  private let start: BytePointer
  private let ascii: machine_text_masks
  private var letters: UInt64
  private var upper: UInt64
  private var caseless: UInt64 = 0
  private var numbers: UInt64
  private var spaces: UInt64
  /// Bytes of a character after its first.
  private var continuations: UInt64 = 0
  /// The number of bytes whose kinds are known.
  private var length: UInt64 = 64

  /// What to do about characters outside ASCII: which classes are letters, which end the block.
  struct Handling {
    var letters: CharacterClass
    var stops: CharacterClass
    var hasCase: Bool
  }

  /// Reads the 64 bytes at `start`; the characters there may reach `end`.
  @inline(__always)
  init(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table, _ handling: Handling
  ) {
    self.start = start
    ascii = machine_classify64(start)
    letters = ascii.letters
    upper = ascii.uppers
    numbers = ascii.digits
    spaces = ascii.spaces
    if ascii.high != 0 { addOthers(end, table, handling) }
  }

  /// Gives the characters outside ASCII their kinds, as far as the arithmetic can do with them.
  @inline(__always)
  private mutating func addOthers(
    _ end: BytePointer, _ table: UnicodeClasses.Table, _ handling: Handling
  ) {
    var high = ascii.high
    while high != 0 {
      let place = UInt64(truncatingIfNeeded: high.trailingZeroBitCount)
      let (found, width) = classify(start + Int(place), end, table)
      if found & handling.stops != 0 || place &+ UInt64(width) > 64 {
        length = place
        break
      }
      let bits = ((1 &<< UInt64(width)) &- 1) &<< place
      high &= ~bits
      continuations |= bits & (bits &- 1)
      if found & handling.letters != 0 {
        letters |= bits
        if handling.hasCase {
          if found & UnicodeClasses.upper != 0 { upper |= bits }
          if found & UnicodeClasses.caseless != 0 { caseless |= bits }
        }
      } else if found & UnicodeClasses.number != 0 {
        numbers |= bits
      }
    }
  }

  /// The bits of starts that no byte after the block can change, without the block's own start.
  @inline(__always)
  private func certain(_ starts: UInt64) -> UInt64 {
    // The pieces of white space at the block's end depend on what follows; where it begins does not.
    let trailing = UInt64((~(spaces &<< (64 &- length))).leadingZeroBitCount)
    let first = min(length &- min(trailing, length), 63)
    return starts & ((2 &<< first) &- 1) & known & ~1
  }

  /// The bytes whose kinds are known.
  @inline(__always)
  private var known: UInt64 { length == 64 ? ~0 : (1 &<< length) &- 1 }

  /// Moves starts for the contractions at `places`, bits of apostrophes before letters.
  @inline(__always)
  private func contract(
    _ starts: inout UInt64, at places: UInt64, ignoringCase: Bool, end: BytePointer
  ) {
    var places = places
    while places != 0 {
      let place = places.trailingZeroBitCount
      places &= places &- 1
      let count = PieceScanner.contraction(start + place, end, ignoringCase: ignoringCase)
      if count > 0 {
        starts &= ~(2 << UInt64(place))
        starts |= 1 << UInt64(place + count)
      }
    }
  }

  /// The starts of GPT-2's pieces.
  @inline(__always)
  static func gpt2(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
  ) -> UInt64 {
    let block = PieceBlock(
      start, end, table,
      Handling(
        letters: UnicodeClasses.letter, stops: UnicodeClasses.whitespace, hasCase: false))
    let letters = block.letters
    let numbers = block.numbers
    let spaces = block.spaces
    let symbols = ~(letters | numbers | spaces)
    let same = letters & (letters &<< 1) | numbers & (numbers &<< 1) | symbols & (symbols &<< 1)
    var starts = ~spaces & ~same & ~(block.ascii.blanks &<< 1)
    starts |= spaces & ~((spaces &<< 1) & (spaces &>> 1))
    let contractions = block.ascii.apostrophes & starts & (letters &>> 1)
    if contractions != 0 {
      block.contract(&starts, at: contractions, ignoringCase: false, end: end)
    }
    return block.certain(starts)
  }

  /// The starts of the pieces of cl100k and its kin.
  @inline(__always)
  static func cl100k(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table, digits: Int,
    joinsMarks: Bool
  ) -> UInt64 {
    let marks = joinsMarks ? UnicodeClasses.mark : 0
    let block = PieceBlock(
      start, end, table,
      Handling(
        letters: UnicodeClasses.letter | marks,
        stops: UnicodeClasses.whitespace | UnicodeClasses.number, hasCase: false))
    let (absorbed, symbols) = block.symbols()
    var starts = block.wordStarts(symbols) | block.numberStarts(digits)
    starts |= symbols & ~((symbols | block.ascii.blanks) &<< 1)
    starts |= block.spaceStarts(absorbed)
    let contractions = block.ascii.apostrophes & starts & (block.letters &>> 1)
    if contractions != 0 {
      block.contract(&starts, at: contractions, ignoringCase: true, end: end)
    }
    return block.certain(starts | 1)
  }

  /// The starts of o200k's pieces.
  @inline(__always)
  static func o200k(
    _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
  ) -> UInt64 {
    let block = PieceBlock(
      start, end, table,
      Handling(
        letters: UnicodeClasses.letter,
        stops: UnicodeClasses.whitespace | UnicodeClasses.number | UnicodeClasses.mark,
        hasCase: true))
    let (absorbed, symbols) = block.symbols()
    let lower = block.letters & ~block.upper & ~block.caseless
    var starts = block.wordStarts(symbols) | block.numberStarts(3)
    starts |= block.upper & (lower &<< 1)
    starts |= symbols & ~((symbols | block.ascii.blanks) &<< 1)
    starts |= block.spaceStarts(absorbed)
    var contractions =
      block.ascii.apostrophes & (block.letters &<< 1) & (block.letters &>> 1)
    var previous = 0
    while contractions != 0 {
      let place = contractions.trailingZeroBitCount
      contractions &= contractions &- 1
      let count = PieceScanner.contraction(start + place, end, ignoringCase: true)
      if count > 0, place != previous {
        starts &= ~(((1 << UInt64(count)) &- 1) << UInt64(place))
        previous = place + count
        starts |= 1 << UInt64(previous)
      }
    }
    // What the arithmetic cannot tell: a slash after newlines that a symbol took, upper case after
    // letters that are of either case, and an apostrophe after a letter at the end.
    let last: UInt64 = 1 &<< (block.length &- 1)
    var doubtful = block.ascii.slashes & (absorbed &<< 1) | block.upper & (block.caseless &<< 1)
    doubtful |= block.ascii.apostrophes & (block.letters &<< 1) & last
    return block.certain(starts | 1) & (doubtful == 0 ? ~0 : (doubtful & (0 &- doubtful)) &- 1)
  }

  /// The newlines that belong to the symbols before them, and the symbols.
  @inline(__always)
  private func symbols() -> (absorbed: UInt64, symbols: UInt64) {
    let symbols = ~(letters | numbers | spaces)
    let newlines = ascii.newlines
    return (newlines & ~(newlines &+ (newlines & (symbols &<< 1))), symbols)
  }

  /// Where words start that no character before them belongs to.
  @inline(__always)
  private func wordStarts(_ symbols: UInt64) -> UInt64 {
    var single = symbols & ~((symbols | ascii.blanks) &<< 1)
    if continuations != 0 {
      for _ in 0..<3 { single |= (single &<< 1) & continuations }
    }
    let prefixes = spaces & ~ascii.newlines | single
    return letters & ~((letters | prefixes) &<< 1)
  }

  /// The starts in runs of digits, so many a piece.
  @inline(__always)
  private func numberStarts(_ digits: Int) -> UInt64 {
    var starts = numbers & ~(numbers &<< 1)
    if numbers == 0 { return 0 }
    var reachable = numbers
    for distance in 1...UInt64(digits) { reachable &= numbers &<< distance }
    var next = starts
    while true {
      next = (next &<< UInt64(digits)) & reachable
      if next == 0 { return starts }
      starts |= next
    }
  }

  /// The starts in white space of which symbols took the newlines `absorbed`.
  @inline(__always)
  private func spaceStarts(_ absorbed: UInt64) -> UInt64 {
    let free = spaces & ~absorbed
    let blanks = spaces & ~ascii.newlines
    var starts = free & ~(free &<< 1)
    // Spaces after the last newline of the white space, of which the last stands for itself.
    var afterNewline = blanks & ((ascii.newlines & free) &<< 1)
    var runsBeforeNewline = blanks & (ascii.newlines &>> 1)
    while afterNewline != 0, runsBeforeNewline != 0 {
      let last = UInt64(truncatingIfNeeded: runsBeforeNewline.trailingZeroBitCount)
      runsBeforeNewline &= runsBeforeNewline &- 1
      let others = ~blanks & ((1 &<< last) &- 1)
      let first = others == 0 ? 0 : UInt64(64 &- others.leadingZeroBitCount)
      afterNewline &= ~(1 &<< first)
    }
    starts |= afterNewline
    starts |= blanks & ~(spaces &>> 1)
    return starts
  }
}
