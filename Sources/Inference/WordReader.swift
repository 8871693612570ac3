/// Where words begin and end in text that arrives byte by byte.

/// Reads on behind a context until it is settled what comes next: a word, punctuation, a line break or
/// the end of the text.
///
/// A word is a run of letters, marks and digits (Unicode categories L, M, N); an apostrophe (' or ’)
/// between two of them belongs to it, so "don't" is one word and "well-known" two. White space in
/// front of what comes is skipped, unless it breaks the line. Everything else is punctuation, bytes
/// that are no UTF-8 included. It takes one character more to know that a word is over, and two if
/// the first is an apostrophe.
package struct WordReader: Sendable {
  /// What has been read so far.
  package enum Place: UInt8, CaseIterable, Sendable {
    /// Nothing but white space; a word may begin at once.
    case gap
    /// Nothing, directly behind a word that is meant to be over.
    case afterWord
    /// An apostrophe directly behind such a word.
    case afterWordApostrophe
    /// A word's beginning.
    case word
    /// A word's beginning and '.
    case wordApostrophe
    /// A word's beginning and ’.
    case wordCurlyApostrophe
  }

  /// What comes next, as far as it is known.
  package enum Verdict: Sendable {
    case undecided
    /// The word before goes on, although it was meant to be over.
    case rejected
    case word
    case punctuation
    case lineBreak
    case endOfText
  }

  /// What a character is to words.
  package enum Kind: Sendable {
    case word
    case space
    case lineBreak
    case apostrophe
    case curlyApostrophe
    case other

    package init(_ scalar: Unicode.Scalar) {
      switch scalar.value {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: self = .word
      case 0x20, 0x09: self = .space
      case 0x0A...0x0D, 0x85, 0x2028, 0x2029: self = .lineBreak
      case 0x27: self = .apostrophe
      case 0x2019: self = .curlyApostrophe
      case 0..<0x80: self = .other
      default:
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
          .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
          .otherNumber:
          self = .word
        default: self = scalar.properties.isWhitespace ? .space : .other
        }
      }
    }
  }

  package private(set) var place: Place
  /// The bytes of an unfinished character, the last one lowest.
  private var pending: UInt32 = 0
  package private(set) var pendingCount = 0

  package init(at place: Place) { self.place = place }

  /// Whether the text so far is one that the question is about.
  package var isAccepted: Bool { place != .afterWord && place != .afterWordApostrophe }

  /// Reads `bytes` until the verdict, and appends to `word` those that belong to the word.
  package mutating func read(_ bytes: ArraySlice<UInt8>, word: inout [UInt8]) -> Verdict {
    for byte in bytes {
      var verdict = Verdict.undecided
      if pendingCount == 0, byte < 0x80 {
        verdict = take(Kind(Unicode.Scalar(byte)), [byte], word: &word)
      } else if pendingCount == 0 ? (0xC2...0xF4).contains(byte) : byte & 0xC0 == 0x80 {
        pending = pending << 8 | UInt32(byte)
        pendingCount += 1
        let lead = pending >> UInt32(8 * (pendingCount - 1))
        guard pendingCount == (lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2) else { continue }
        let character = (0..<pendingCount).reversed().map {
          UInt8(truncatingIfNeeded: pending >> UInt32(8 * $0))
        }
        pending = 0
        pendingCount = 0
        let scalars = String(decoding: character, as: UTF8.self).unicodeScalars
        let isValid = scalars.count == 1 && scalars.first != "\u{FFFD}"
        let kind = isValid ? scalars.first.map { Kind($0) } ?? .other : .other
        verdict = take(kind, character, word: &word)
      } else {
        verdict = take(.other, [], word: &word)
      }
      if verdict != .undecided { return verdict }
    }
    return .undecided
  }

  /// The verdict when no more text comes.
  package func end() -> Verdict {
    switch place {
    case .gap, .afterWord: pendingCount > 0 ? .punctuation : .endOfText
    case .afterWordApostrophe: .punctuation
    case .word, .wordApostrophe, .wordCurlyApostrophe: .word
    }
  }

  private mutating func take(_ kind: Kind, _ bytes: [UInt8], word: inout [UInt8]) -> Verdict {
    switch (place, kind) {
    case (.gap, .word):
      word += bytes
      place = .word
      return .undecided
    case (.gap, .space): return .undecided
    case (.gap, .lineBreak), (.afterWord, .lineBreak): return .lineBreak
    case (.gap, _): return .punctuation
    case (.afterWord, .word), (.afterWordApostrophe, .word): return .rejected
    case (.afterWord, .space):
      place = .gap
      return .undecided
    case (.afterWord, .apostrophe), (.afterWord, .curlyApostrophe):
      place = .afterWordApostrophe
      return .undecided
    case (.afterWord, _), (.afterWordApostrophe, _): return .punctuation
    case (.word, .word):
      word += bytes
      return .undecided
    case (.word, .apostrophe):
      place = .wordApostrophe
      return .undecided
    case (.word, .curlyApostrophe):
      place = .wordCurlyApostrophe
      return .undecided
    case (.wordApostrophe, .word), (.wordCurlyApostrophe, .word):
      word += Array((place == .wordApostrophe ? "'" : "\u{2019}").utf8) + bytes
      place = .word
      return .undecided
    case (.word, _), (.wordApostrophe, _), (.wordCurlyApostrophe, _): return .word
    }
  }
}
