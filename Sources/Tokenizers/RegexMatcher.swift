/// Regular expressions for the patterns that have no scanner, by ICU.

import CICU

/// A compiled regular expression with the meaning that Oniguruma, Hugging Face's engine, gives it.
///
/// `\s` is Unicode's White_Space, `\w` has no joiners, and `\h` is a hexadecimal digit; `^` and `$` match at lines, `.` does
/// not match a line feed. A possessive count (`{1,3}+`), which the engines read differently, is
/// refused.
final class RegexMatcher: @unchecked Sendable {
  /// The expression as it was given.
  let source: String
  private let compiled: OpaquePointer

  /// Compiles an expression.
  init(_ source: String) throws(TokenizerError) {
    if RegexMatcher.hasPossessiveCount(source) {
      throw TokenizerError(
        "the pattern \(source) has a possessive count, which engines read differently",
        hint: "write {1,3} in place of {1,3}+")
    }
    self.source = source
    let pattern = Array(RegexMatcher.translated(source).utf16)
    var code = U_ZERO_ERROR
    var place = UParseError()
    let flags = UInt32(UREGEX_MULTILINE.rawValue) | UInt32(UREGEX_UNIX_LINES.rawValue)
    let opened = uregex_open(pattern, Int32(pattern.count), flags, &place, &code)
    guard icu_failed(code) == 0, let opened else {
      throw TokenizerError(
        "the pattern \(source) is no regular expression:"
          + " \(String(cString: icu_errorName(code))) near character \(place.offset)",
        hint: "see ICU's regular expressions, or use gpt2, cl100k, o200k, llama3 or qwen2")
    }
    compiled = opened
    uregex_setStackLimit(compiled, 0, &code)
  }

  deinit { uregex_close(compiled) }

  /// Whether a count in braces is followed by a plus sign.
  private static func hasPossessiveCount(_ source: String) -> Bool {
    var inside: Substring?
    var rest = source[...]
    while let character = rest.popFirst() {
      if character == "{" {
        inside = ""
      } else if character == "}" {
        let isCount = inside.map { !$0.isEmpty && $0.allSatisfy { $0.isNumber || $0 == "," } }
        if isCount == true, rest.first == "+" { return true }
        inside = nil
      } else {
        inside?.append(character)
      }
    }
    return false
  }

  /// The expression as ICU has to be given it.
  private static func translated(_ source: String) -> String {
    var result = ""
    var rest = source[...]
    while let character = rest.popFirst() {
      guard character == "\\", let escape = rest.popFirst() else {
        result.append(character)
        continue
      }
      switch escape {
      case "s": result += #"\p{White_Space}"#
      case "S": result += #"\P{White_Space}"#
      case "w": result += "[\(word)]"
      case "W": result += "[^\(word)]"
      case "h": result += "[0-9a-fA-F]"
      case "p", "P":
        if let name = pinned.keys.first(where: { rest.hasPrefix($0) }), let set = pinned[name] {
          rest.removeFirst(name.count)
          result += escape == "p" ? "[\(set)]" : "[^\(set)]"
        } else {
          result += "\\\(escape)"
        }
      default: result += "\\\(escape)"
      }
    }
    return result
  }

  /// The general categories of letters, marks and numbers, restricted to Unicode 16.0.
  ///
  /// What ICU does not know yet (`Cn`) is taken for the commoner category of its class.
  private static let pinned = [
    "{L}": "[\(ranges(UnicodeClasses.letter))]", "{M}": "[\(ranges(UnicodeClasses.mark))]",
    "{N}": "[\(ranges(UnicodeClasses.number))]",
    "{Lu}": #"[\#(ranges(UnicodeClasses.upper))]&&[\p{Lu}\p{Cn}]"#,
    "{Lt}": #"[\#(ranges(UnicodeClasses.upper))]&&\p{Lt}"#,
    "{Ll}": #"[\#(ranges(UnicodeClasses.lower))]&&[\p{Ll}\p{Cn}]"#,
    "{Lm}": #"[\#(ranges(UnicodeClasses.caseless))]&&\p{Lm}"#,
    "{Lo}": #"[\#(ranges(UnicodeClasses.caseless))]&&[\p{Lo}\p{Cn}]"#,
  ]

  private static let word =
    ranges(UnicodeClasses.letter | UnicodeClasses.mark) + #"\p{Alphabetic}\p{Nd}\p{Pc}"#

  private static func ranges(_ classes: CharacterClass) -> String {
    var result = ""
    var start: Int?
    for value in 0...0x11_0000 {
      let isInside = value < 0x11_0000 && UnicodeClasses.table[value] & classes != 0
      if isInside, start == nil { start = value }
      if !isInside, let first = start {
        let bounds = [first, value - 1].map { bound in
          let digits = hexadecimal(bound)
          return #"\U"# + String(repeating: "0", count: 8 - digits.count) + digits
        }
        result += bounds.joined(separator: "-")
        start = nil
      }
    }
    return result
  }

  /// The matches in some bytes, as offsets, in order; bytes that are not UTF-8 count as U+FFFD each.
  func matches(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    guard let start = text.baseAddress, !text.isEmpty else { return [] }
    let end = start + text.count
    var units: [UInt16] = []
    var offsets: [Int] = []
    units.reserveCapacity(text.count)
    offsets.reserveCapacity(text.count + 1)
    var position = start
    while position < end {
      let (value, count) = scalar(at: position, end) ?? (0xFFFD, 1)
      if value < 0x1_0000 {
        units.append(UInt16(value))
      } else {
        units.append(UInt16(0xD7C0 + value >> 10))
        units.append(UInt16(0xDC00 | value & 0x3FF))
        offsets.append(position - start)
      }
      offsets.append(position - start)
      position += count
    }
    offsets.append(text.count)
    var code = U_ZERO_ERROR
    guard let regex = uregex_clone(compiled, &code) else { return [] }
    defer { uregex_close(regex) }
    return units.withUnsafeBufferPointer { units in
      uregex_setText(regex, units.baseAddress, Int32(units.count), &code)
      var result: [Range<Int>] = []
      while uregex_findNext(regex, &code) != 0, icu_failed(code) == 0 {
        let lower = Int(uregex_start(regex, 0, &code))
        let upper = Int(uregex_end(regex, 0, &code))
        result.append(offsets[lower]..<offsets[upper])
      }
      return result
    }
  }
}
