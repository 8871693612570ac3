/// Reads grammars in GBNF, the notation of llama.cpp.

import Tokenizers

/// A reader of `name ::= alternatives` rules.
///
/// Literals "…", classes […] and [^…], any character `.`, groups, `|`, the repetitions * + ? {m}
/// {m,} {m,n}, comments from # to the end of the line; escapes \\n \\r \\t \\" \\[ \\] \\\\ \\xHH \\uHHHH
/// \\UHHHHHHHH. The rule `root` is what texts must be.
struct GBNF {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var line = 1
  private static let mostRepetitions = 2_000
  /// Groups in groups, and repetitions of repetitions.
  static let deepest = 200

  private init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// The grammar that `text` describes.
  static func grammar(_ text: String) throws(GrammarError) -> Grammar {
    var reader = GBNF(text)
    var builder = GrammarBuilder()
    reader.skipSpace(withLines: true)
    while reader.next != nil {
      let line = reader.line
      let name = try reader.name()
      reader.skipSpace(withLines: false)
      try reader.expect("::=")
      reader.skipSpace(withLines: true)
      let expression = try reader.choice(depth: 0)
      if !builder.define(name, expression) {
        throw GrammarError("the grammar defines \(name) twice, again in line \(line)")
      }
      reader.skipSpace(withLines: false)
      if let next = reader.next, next != "\n", next != "\r" {
        throw reader.failure("“\(next)” is not expected")
      }
      reader.skipSpace(withLines: true)
    }
    switch builder.grammar(root: "root") {
    case .failure(.missing(let name)):
      throw GrammarError(
        "the grammar has no rule \(name)",
        hint: name == "root" ? "the rule root says what a whole text is" : nil)
    case .failure(.large):
      throw GrammarError(
        "the repetitions of the grammar are too long",
        hint: "use * where a limit does not matter")
    case .success(let grammar):
      if let rule = grammar.leftRecursiveRule() {
        throw GrammarError(
          "the rule \(builder.name(of: rule)) begins with itself",
          hint: "put the recursion last, or use a repetition: (…)*")
      }
      if grammar.isEmpty {
        throw GrammarError(
          "the grammar describes no text that ends",
          hint: "give a rule that calls itself another way: list ::= item | item list")
      }
      return grammar
    }
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private func failure(_ what: String) -> GrammarError {
    GrammarError("\(what) in line \(line) of the grammar")
  }

  private mutating func take() -> Unicode.Scalar? {
    guard let scalar = next else { return nil }
    position += 1
    if scalar == "\n" { line += 1 }
    return scalar
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    _ = take()
    return true
  }

  private mutating func expect(_ text: String) throws(GrammarError) {
    for scalar in text.unicodeScalars where !take(scalar) {
      throw failure("“\(text)” is missing")
    }
  }

  private mutating func skipSpace(withLines: Bool) {
    while let scalar = next {
      if scalar == "#" {
        while let skipped = next, skipped != "\n" { _ = take() }
      } else if scalar == " " || scalar == "\t" || (withLines && (scalar == "\n" || scalar == "\r"))
      {
        _ = take()
      } else {
        return
      }
    }
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
    default: false
    }
  }

  private mutating func name() throws(GrammarError) -> String {
    var text = String.UnicodeScalarView()
    while let scalar = next, Self.isWord(scalar) {
      text.append(scalar)
      _ = take()
    }
    if text.isEmpty { throw failure("the name of a rule is missing") }
    return String(text)
  }

  private mutating func choice(depth: Int) throws(GrammarError) -> GrammarExpression {
    var parts = [try sequence(depth: depth)]
    while take("|") {
      skipSpace(withLines: true)
      parts.append(try sequence(depth: depth))
    }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence(depth: Int) throws(GrammarError) -> GrammarExpression {
    var parts: [GrammarExpression] = []
    while let part = try element(depth: depth) {
      skipSpace(withLines: depth > 0)
      parts.append(try repetition(of: part))
      skipSpace(withLines: depth > 0)
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func element(depth: Int) throws(GrammarError) -> GrammarExpression? {
    switch next {
    case "\"":
      _ = take()
      var bytes: [UInt8] = []
      while !take("\"") { bytes += UTF8Ranges.bytes(of: try character()) }
      return .bytes(bytes)
    case "[":
      _ = take()
      return .characters(try ranges())
    case ".":
      _ = take()
      return .characters([0...0x10FFFF])
    case "(":
      _ = take()
      skipSpace(withLines: true)
      if depth == Self.deepest { throw failure("groups are nested too deeply") }
      let inner = try choice(depth: depth + 1)
      try expect(")")
      return inner
    case let scalar? where Self.isWord(scalar): return .rule(try name())
    default: return nil
    }
  }

  private mutating func ranges() throws(GrammarError) -> [ClosedRange<UInt32>] {
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    while !take("]") {
      let first = try character()
      var last = first
      if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
        _ = take()
        last = try character()
      }
      if last < first { throw failure("a range of characters runs backwards") }
      ranges.append(first...last)
    }
    if isNegated { ranges = Self.complement(of: ranges) }
    if ranges.isEmpty { throw failure("a class has no characters") }
    return ranges
  }

  /// All characters that are in none of `ranges`.
  static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var start: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > start { result.append(start...range.lowerBound - 1) }
      start = max(start, range.upperBound + 1)
    }
    if start <= 0x10FFFF { result.append(start...0x10FFFF) }
    return result
  }

  private mutating func character() throws(GrammarError) -> UInt32 {
    guard let scalar = take() else { throw failure("the grammar ends inside quotes or brackets") }
    guard scalar == "\\" else { return scalar.value }
    switch take() {
    case "n": return 10
    case "r": return 13
    case "t": return 9
    case "x": return try hexadecimal(2)
    case "u": return try hexadecimal(4)
    case "U": return try hexadecimal(8)
    case let escaped? where "\"[]\\^-".unicodeScalars.contains(escaped): return escaped.value
    default: throw failure("a backslash stands before no known escape")
    }
  }

  private mutating func hexadecimal(_ digits: Int) throws(GrammarError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let scalar = take(), let digit = Character(scalar).hexDigitValue else {
        throw failure("an escape needs \(digits) hexadecimal digits")
      }
      value = value &* 16 &+ UInt32(digit)
    }
    guard Unicode.Scalar(value) != nil else { throw failure("an escape stands for no character") }
    return value
  }

  private mutating func repetition(
    of part: GrammarExpression
  ) throws(GrammarError) -> GrammarExpression {
    var part = part
    for _ in 0..<Self.deepest {
      if take("*") {
        part = .repeated(part, least: 0, most: nil)
      } else if take("+") {
        part = .repeated(part, least: 1, most: nil)
      } else if take("?") {
        part = .repeated(part, least: 0, most: 1)
      } else if take("{") {
        skipSpace(withLines: false)
        let least = try number()
        skipSpace(withLines: false)
        var most: Int? = least
        if take(",") {
          skipSpace(withLines: false)
          most = next == "}" ? nil : try number()
          skipSpace(withLines: false)
        }
        try expect("}")
        if let most, most < least { throw failure("a repetition has its numbers in wrong order") }
        part = .repeated(part, least: least, most: most)
      } else {
        return part
      }
      skipSpace(withLines: false)
    }
    throw failure("repetitions are nested too deeply")
  }

  private mutating func number() throws(GrammarError) -> Int {
    var value = 0
    var hasDigits = false
    while let scalar = next,
      let digit = scalar.properties.numericType == .decimal
        ? Character(scalar).wholeNumberValue : nil
    {
      value = value * 10 + digit
      hasDigits = true
      _ = take()
      if value > Self.mostRepetitions { throw failure("a repetition is too long") }
    }
    if !hasDigits { throw failure("a repetition needs a number") }
    return value
  }
}

extension Grammar {
  /// The grammar that `gbnf` describes, in the notation of llama.cpp.
  public init(gbnf: String) throws(GrammarError) { self = try GBNF.grammar(gbnf) }

  /// Whether `text` is one of the grammar's; for checking, not for speed.
  public func accepts(_ text: [UInt8]) -> Bool {
    let machine = GrammarMachine(self, tokenizer: NoTokens())
    return machine.place(after: text, from: machine.start).map(machine.mayEnd) ?? false
  }

  /// A vocabulary of nothing.
  private struct NoTokens: TextTokenizer {
    var vocabularySize: Int { 0 }
    var endOfText: Token? { nil }
    func bytes(of token: Token) -> [UInt8] { [] }
    func isSpecial(_ token: Token) -> Bool { false }
    func encode(bytes: UnsafeRawBufferPointer, into tokens: inout [Token]) {}
    func pretokenize(_ text: String) -> [Range<Int>] { [] }
  }
}
