/// Regular expressions of JSON schemas as grammar expressions.

/// A reader of the part of ECMA-262's expressions that describes a language character by character:
/// literals, `.`, classes, `\d \w \s`, groups, `|`, `* + ? {m,n}`, and ^ and $ at the ends.
struct RegexGrammar {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private let pattern: String
  private let place: String

  /// The strings that match `pattern`, as JSON spells them, without quotation marks.
  static func expression(
    _ pattern: String, at place: String
  ) throws(GrammarError) -> GrammarExpression {
    let anything = GrammarExpression.repeated(.rule("char"), least: 0, most: nil)
    let isAnchored = (start: pattern.hasPrefix("^"), end: pattern.hasSuffix("$"))
    var body = pattern.dropFirst(isAnchored.start ? 1 : 0)
    if isAnchored.end { body = body.dropLast() }
    var reader = RegexGrammar(
      scalars: Array(body.unicodeScalars), pattern: pattern, place: place)
    let expression = try reader.choice()
    if reader.position < reader.scalars.count { throw reader.failure() }
    // An anchor belongs to one alternative of several, not to all.
    if case .choice = expression, isAnchored.start || isAnchored.end, !reader.wasGrouped {
      throw reader.failure()
    }
    return .sequence(
      (isAnchored.start ? [] : [anything]) + [expression] + (isAnchored.end ? [] : [anything]))
  }

  private init(scalars: [Unicode.Scalar], pattern: String, place: String) {
    self.scalars = scalars
    self.pattern = pattern
    self.place = place
  }

  /// Whether the alternatives were all inside a group.
  private var wasGrouped = true

  private func failure() -> GrammarError {
    GrammarError(
      "the pattern \(pattern) at \(place) cannot be kept to",
      hint: "use literals, classes, groups and repetitions, with ^ and $ around the whole")
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    position += 1
    return true
  }

  private mutating func choice(depth: Int = 0) throws(GrammarError) -> GrammarExpression {
    var parts = [try sequence(depth: depth)]
    while take("|") {
      if depth == 0 { wasGrouped = false }
      parts.append(try sequence(depth: depth))
    }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence(depth: Int) throws(GrammarError) -> GrammarExpression {
    var parts: [GrammarExpression] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      parts.append(try repetition(of: try element(depth: depth)))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func element(depth: Int) throws(GrammarError) -> GrammarExpression {
    guard let scalar = next else { throw failure() }
    position += 1
    switch scalar {
    case "(":
      if take("?"), !take(":") { throw failure() }
      if depth == GBNF.deepest {
        throw GrammarError(
          "a pattern at \(place) has groups nested too deeply", hint: "use fewer parentheses")
      }
      let inner = try choice(depth: depth + 1)
      if !take(")") { throw failure() }
      return inner
    case "[": return JSONParts.character(of: try ranges())
    case ".":
      return JSONParts.character(
        of: GBNF.complement(of: [10...10, 13...13, 0x2028...0x2029]))
    case "\\": return JSONParts.character(of: try escape())
    case "^", "$", "*", "+", "?", "{", "]", "}": throw failure()
    default: return JSONParts.character(of: [scalar.value...scalar.value])
    }
  }

  private mutating func escape() throws(GrammarError) -> [ClosedRange<UInt32>] {
    guard let scalar = next else { throw failure() }
    position += 1
    let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    let word: [ClosedRange<UInt32>] = digits + [0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    let space: [ClosedRange<UInt32>] = [
      9...13, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
      0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ]
    switch scalar {
    case "d": return digits
    case "D": return GBNF.complement(of: digits)
    case "w": return word
    case "W": return GBNF.complement(of: word)
    case "s": return space
    case "S": return GBNF.complement(of: space)
    case "n": return [10...10]
    case "r": return [13...13]
    case "t": return [9...9]
    case "u", "x":
      var value: UInt32 = 0
      for _ in 0..<(scalar == "u" ? 4 : 2) {
        guard let digit = next.flatMap({ Character($0).hexDigitValue }) else { throw failure() }
        value = value * 16 + UInt32(digit)
        position += 1
      }
      // Halves of a character are none.
      if Unicode.Scalar(value) == nil { throw failure() }
      return [value...value]
    case "a"..."z", "A"..."Z", "0"..."9": throw failure()
    default: return [scalar.value...scalar.value]
    }
  }

  private mutating func ranges() throws(GrammarError) -> [ClosedRange<UInt32>] {
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    while !take("]") {
      let first = try classMember()
      if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
        position += 1
        let last = try classMember()
        guard first.count == 1, last.count == 1,
          first[0].lowerBound <= last[0].upperBound
        else { throw failure() }
        ranges.append(first[0].lowerBound...last[0].upperBound)
      } else {
        ranges += first
      }
    }
    if isNegated { ranges = GBNF.complement(of: ranges) }
    if ranges.isEmpty { throw failure() }
    return ranges
  }

  private mutating func classMember() throws(GrammarError) -> [ClosedRange<UInt32>] {
    guard let scalar = next else { throw failure() }
    position += 1
    return scalar == "\\" ? try escape() : [scalar.value...scalar.value]
  }

  private mutating func repetition(
    of part: GrammarExpression
  ) throws(GrammarError) -> GrammarExpression {
    var result = part
    if take("*") {
      result = .repeated(part, least: 0, most: nil)
    } else if take("+") {
      result = .repeated(part, least: 1, most: nil)
    } else if take("?") {
      result = .repeated(part, least: 0, most: 1)
    } else if take("{") {
      let least = try number()
      var most: Int? = least
      if take(",") { most = next == "}" ? nil : try number() }
      if !take("}") || (most ?? least) < least { throw failure() }
      result = .repeated(part, least: least, most: most)
    } else {
      return part
    }
    // A lazy repetition describes the same strings.
    _ = take("?")
    return result
  }

  private mutating func number() throws(GrammarError) -> Int {
    var value: Int?
    while let digit = next.flatMap({ Character($0).wholeNumberValue }) {
      value = (value ?? 0) * 10 + digit
      position += 1
      if value ?? 0 > 2_000 { throw failure() }
    }
    guard let value else { throw failure() }
    return value
  }
}
