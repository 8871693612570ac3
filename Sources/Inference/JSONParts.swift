/// The parts of JSON texts as grammar expressions: strings, numbers, values of any kind.

import Tokenizers

/// Expressions that every schema uses.
enum JSONParts {
  typealias Expression = GrammarExpression

  static func text(_ text: String) -> Expression { .bytes(Array(text.utf8)) }

  /// The rules by which these parts call each other.
  static let rules: [(name: String, expression: Expression)] = [
    (
      "ws",
      .choice([
        text(""), text(" "),
        .sequence([text("\n"), .repeated(.characters([0x20...0x20, 9...9]), least: 0, most: 20)]),
      ])
    ),
    ("char", character),
    ("string", .sequence([text("\""), .repeated(.rule("char"), least: 0, most: nil), text("\"")])),
    ("integer", .sequence([.repeated(text("-"), least: 0, most: 1), natural])),
    (
      "number",
      .sequence([
        .rule("integer"),
        .repeated(
          .sequence([text("."), .repeated(digit, least: 1, most: 16)]), least: 0, most: 1),
        .repeated(
          .sequence([
            .characters([0x45...0x45, 0x65...0x65]),
            .repeated(.characters([0x2B...0x2B, 0x2D...0x2D]), least: 0, most: 1),
            .repeated(digit, least: 1, most: 2),
          ]), least: 0, most: 1),
      ])
    ),
    (
      "value",
      .choice([
        .rule("object"), .rule("array"), .rule("string"), .rule("number"), text("true"),
        text("false"), text("null"),
      ])
    ),
    ("member", .sequence([.rule("string"), .rule("ws"), text(":"), .rule("ws"), .rule("value")])),
    ("object", list("{", .rule("member"), "}")),
    ("array", list("[", .rule("value"), "]")),
  ]

  static let digit = Expression.characters([0x30...0x39])
  static let hexadecimal = Expression.characters([0x30...0x39, 0x41...0x46, 0x61...0x66])

  /// 0, or up to 16 digits that do not begin with it.
  static let natural = Expression.choice([
    text("0"),
    .sequence([.characters([0x31...0x39]), .repeated(digit, least: 0, most: 15)]),
  ])

  /// `open`, elements with commas between them, `close`.
  static func list(_ open: String, _ element: Expression, _ close: String) -> Expression {
    .sequence([
      text(open), .rule("ws"),
      .repeated(
        .sequence([
          element,
          .repeated(
            .sequence([.rule("ws"), text(","), .rule("ws"), element]), least: 0, most: nil),
          .rule("ws"),
        ]), least: 0, most: 1), text(close),
    ])
  }

  /// One character of a string: as it is, or by an escape. Halves of characters stay together, so
  /// that lengths count characters.
  static let character = Expression.choice([
    .characters(plain([0...0x10FFFF])),
    .sequence([text("\\"), .characters("\"\\/bfnrt".unicodeScalars.map { $0.value...$0.value })]),
    .sequence([
      text("\\u"), .characters([0x30...0x39, 0x41...0x43, 0x45...0x46, 0x61...0x63, 0x65...0x66]),
      .repeated(hexadecimal, least: 3, most: 3),
    ]),
    .sequence([
      text("\\u"), .characters([0x44...0x44, 0x64...0x64]), .characters([0x30...0x37]),
      .repeated(hexadecimal, least: 2, most: 2),
    ]),
    .sequence([
      text("\\u"), .characters([0x44...0x44, 0x64...0x64]),
      .characters([0x38...0x39, 0x41...0x42, 0x61...0x62]),
      .repeated(hexadecimal, least: 2, most: 2), text("\\u"),
      .characters([0x44...0x44, 0x64...0x64]),
      .characters([0x43...0x46, 0x63...0x66]), .repeated(hexadecimal, least: 2, most: 2),
    ]),
  ])

  /// The characters of `ranges` that stand for themselves in a string.
  static func plain(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    let special: [ClosedRange<UInt32>] = [0...0x1F, 0x22...0x22, 0x5C...0x5C, 0x7F...0x7F]
    return GBNF.complement(of: GBNF.complement(of: ranges) + special)
  }

  /// One character of `ranges` as a string spells it.
  static func character(of ranges: [ClosedRange<UInt32>]) -> Expression {
    var choices: [Expression] = []
    let plain = plain(ranges)
    if !plain.isEmpty { choices.append(.characters(plain)) }
    let escapes: [(UInt32, String)] = [
      (0x22, "\\\""), (0x5C, "\\\\"), (9, "\\t"), (10, "\\n"), (13, "\\r"),
    ]
    for (value, escape) in escapes where ranges.contains(where: { $0.contains(value) }) {
      choices.append(text(escape))
    }
    return .choice(choices)
  }

  /// A value as it is written without white space.
  static func literal(_ value: JSONValue) -> Expression {
    var bytes: [UInt8] = []
    value.write(to: &bytes)
    return .bytes(bytes)
  }

  /// Strings that are none of `names`, spelt without escapes.
  static func string(except names: [String]) -> Expression {
    let names = names.map { $0.unicodeScalars.map(\.value) }
    return .sequence([text("\""), rest(except: names), text("\"")])
  }

  /// What may follow a beginning that `tails` would complete to a forbidden string.
  private static func rest(except tails: [[UInt32]]) -> Expression {
    let firsts = Set(tails.compactMap(\.first)).sorted()
    let free = Expression.characters(plain(GBNF.complement(of: firsts.map { $0...$0 })))
    let anything = Expression.repeated(
      .characters(plain([0...0x10FFFF])), least: 0, most: nil)
    var choices = [Expression.sequence([free, anything])]
    for first in firsts {
      let longer = tails.filter { $0.first == first }.map { Array($0.dropFirst()) }
      choices.append(.sequence([.characters([first...first]), rest(except: longer)]))
    }
    if !tails.contains([]) { choices.append(text("")) }
    return .choice(choices)
  }
}
