/// What the split patterns ask of a character, as bits of a byte, pinned to Unicode 16.0.

/// A set of character classes; every character is in exactly one, and `other` is the empty set.
///
/// tiktoken 0.14 and Hugging Face tokenizers 0.23 both use Unicode 16.0. Swift's own properties and
/// the machine's ICU are of other versions, so that letters added in between would split differently.
package typealias CharacterClass = UInt8

/// The table of classes, built on first use.
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

  /// The classes in two levels: blocks of 256 characters, of which most are the same as others.
  package struct Table: @unchecked Sendable {
    fileprivate let blocks: UnsafePointer<UInt16>
    /// The class of each character below 256, and the other blocks behind.
    fileprivate let classes: UnsafePointer<CharacterClass>

    /// The class of a code point.
    @inline(__always)
    package subscript(value: Int) -> CharacterClass {
      classes[Int(blocks[value >> 8]) << 8 | value & 0xFF]
    }

    /// The class of a code point below 256.
    @inline(__always)
    func latin(_ value: UInt8) -> CharacterClass { classes[Int(value)] }
  }

  /// The class of each code point.
  package static let table = makeTable()

  /// The class of one character; for tests and slow paths.
  package static func of(_ scalar: Unicode.Scalar) -> CharacterClass { table[Int(scalar.value)] }

  private static func makeTable() -> Table {
    var blocks: [UInt16] = []
    var classes: [CharacterClass] = []
    var uniform: [CharacterClass: UInt16] = [:]
    func add(_ found: CharacterClass, times: Int) {
      var left = times
      while left > 0 {
        let room = blocks.count << 8 - filled
        if room == 0, left >= 256, !blocks.isEmpty {
          if uniform[found] == nil {
            uniform[found] = UInt16(classes.count >> 8)
            classes.append(contentsOf: repeatElement(found, count: 256))
          }
          blocks.append(uniform[found] ?? 0)
          filled += 256
          left -= 256
          continue
        }
        if room == 0 { blocks.append(UInt16(classes.count >> 8)) }
        let part = min(left, room == 0 ? 256 : room)
        classes.append(contentsOf: repeatElement(found, count: part))
        filled += part
        left -= part
      }
    }
    var filled = 0
    var current: CharacterClass = 0
    var count = 0
    runs.withUTF8Buffer { text in
      for (index, byte) in text.enumerated() {
        if byte >= 0x30, byte <= 0x39 {
          count = count * 10 + Int(byte - 0x30)
        } else {
          if index > 0 { add(current, times: max(count, 1)) }
          count = 0
          current = characterClass(letter: byte)
        }
      }
    }
    add(current, times: max(count, 1))
    add(0, times: 0x11_0000 - filled)
    let firstBlock = UnsafeMutablePointer<UInt16>.allocate(capacity: blocks.count)
    firstBlock.initialize(from: blocks, count: blocks.count)
    let firstClass = UnsafeMutablePointer<CharacterClass>.allocate(capacity: classes.count)
    firstClass.initialize(from: classes, count: classes.count)
    return Table(blocks: UnsafePointer(firstBlock), classes: UnsafePointer(firstClass))
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
