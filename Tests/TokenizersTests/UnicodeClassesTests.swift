/// The committed classes are those of Swift's own tables for characters of Unicode 16.0 and before.

import Testing
import Tokenizers

@Suite("Unicode classes")
struct UnicodeClassesTests {
  @Test("every character has the class of its general category, if it is of Unicode 16.0 or before")
  func allCharacters() {
    var wrong: [UInt32] = []
    for value in UInt32(0)..<0x11_0000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      if UnicodeClasses.of(scalar) != expected(scalar) { wrong.append(value) }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(10))")
  }

  private func expected(_ scalar: Unicode.Scalar) -> CharacterClass {
    guard let age = scalar.properties.age, age.major <= 16 else { return 0 }
    if scalar == "\r" || scalar == "\n" { return UnicodeClasses.newline }
    if scalar.properties.isWhitespace { return UnicodeClasses.space }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter: return UnicodeClasses.upper
    case .lowercaseLetter: return UnicodeClasses.lower
    case .modifierLetter, .otherLetter: return UnicodeClasses.caseless
    case .nonspacingMark, .spacingMark, .enclosingMark: return UnicodeClasses.mark
    case .decimalNumber, .letterNumber, .otherNumber: return UnicodeClasses.number
    default: return 0
    }
  }
}
