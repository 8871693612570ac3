/// What the split patterns ask of a character, as bits of a byte, pinned to Unicode 16.0.

/// A set of character classes; every character is in exactly one, and `other` is the empty set.
///
/// tiktoken 0.14 and Hugging Face tokenizers 0.23 both use Unicode 16.0. Swift's own properties and
/// the machine's ICU are of other versions, so that letters added in between would split differently.
package typealias CharacterClass = UInt8

/// The table of classes, one byte per character, built on first use.
package enum UnicodeClasses {
  /// White_Space other than CR and LF.
  package static let space: CharacterClass = 1
  /// CR and LF.
  package static let newline: CharacterClass = 2
  /// `\p{N}`.
  package static let number: CharacterClass = 4
  /// `\p{Lu}` and `\p{Lt}`.
  package static let upper: CharacterClass = 8
  /// `\p{Ll}`.
  package static let lower: CharacterClass = 16
  /// `\p{Lm}` and `\p{Lo}`.
  package static let caseless: CharacterClass = 32
  /// `\p{M}`.
  package static let mark: CharacterClass = 64

  /// `\s`.
  package static let whitespace: CharacterClass = space | newline
  /// `\p{L}`.
  package static let letter: CharacterClass = upper | lower | caseless

  /// The class of each code point.
  nonisolated(unsafe) package static let table: UnsafePointer<CharacterClass> = makeTable()

  /// The class of one character; for tests and slow paths.
  package static func of(_ scalar: Unicode.Scalar) -> CharacterClass { table[Int(scalar.value)] }

  private static func makeTable() -> UnsafePointer<CharacterClass> {
    let table = UnsafeMutablePointer<CharacterClass>.allocate(capacity: 0x11_0000)
    table.initialize(repeating: 0, count: 0x11_0000)
    var position = 0
    var current: CharacterClass = 0
    var count = 0
    func close() {
      if current != 0 { (table + position).update(repeating: current, count: max(count, 1)) }
      position += max(count, 1)
      count = 0
    }
    runs.withUTF8Buffer { text in
      for (index, byte) in text.enumerated() {
        if byte >= 0x30, byte <= 0x39 {
          count = count * 10 + Int(byte - 0x30)
        } else {
          if index > 0 { close() }
          current = characterClass(letter: byte)
        }
      }
    }
    close()
    return UnsafePointer(table)
  }

  private static func characterClass(letter: UInt8) -> CharacterClass {
    switch letter {
    case UInt8(ascii: "s"): space
    case UInt8(ascii: "r"): newline
    case UInt8(ascii: "n"): number
    case UInt8(ascii: "u"): upper
    case UInt8(ascii: "l"): lower
    case UInt8(ascii: "c"): caseless
    case UInt8(ascii: "m"): mark
    default: 0
    }
  }
}
