/// Writes Sources/Tokenizers/UnicodeClassRuns.swift: `swiftc -O` this file, run it, redirect.
///
/// Classes come from Swift's own tables, restricted to characters of Unicode 16.0 and before.

/// The letter that stands for a character's class.
func letter(_ value: Int) -> Character {
  guard let scalar = Unicode.Scalar(UInt32(value)), let age = scalar.properties.age,
    age.major <= 16
  else { return "o" }
  if scalar.properties.isWhitespace { return value == 10 || value == 13 ? "r" : "s" }
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .titlecaseLetter: return "u"
  case .lowercaseLetter: return "l"
  case .modifierLetter, .otherLetter: return "c"
  case .nonspacingMark, .spacingMark, .enclosingMark: return "m"
  case .decimalNumber, .letterNumber, .otherNumber: return "n"
  default: return "o"
  }
}

var runs: [(letter: Character, count: Int)] = []
for value in 0..<0x110000 {
  let next = letter(value)
  if runs.last?.letter == next {
    runs[runs.count - 1].count += 1
  } else {
    runs.append((next, 1))
  }
}
if runs.last?.letter == "o" { runs.removeLast() }

print(
  """
  /// The Unicode 16.0 classes of all characters as runs, from scripts/make-unicode-classes.swift.

  extension UnicodeClasses {
    /// A letter per run, then its length when that is not one; see `UnicodeClasses` for the letters.
    static let runs: StaticString = \"\"\"
  """)
var line = ""
for (letter, count) in runs {
  let text = count == 1 ? String(letter) : "\(letter)\(count)"
  if line.count + text.count > 93 {
    print("    \(line)\\")
    line = ""
  }
  line += text
}
print("    \(line)\n    \"\"\"\n}")
