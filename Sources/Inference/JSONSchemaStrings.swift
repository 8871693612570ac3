/// Strings of a schema: lengths, patterns, formats.

import Tokenizers

extension JSONSchema {
  /// Strings of some length, or that match a pattern.
  func string(_ schema: JSONValue, at place: String) throws(GrammarError) -> Expression {
    let (least, most) = try limits(schema, "minLength", "maxLength", at: place)
    let quote = JSONParts.text("\"")
    if !schema["pattern"].isNull {
      guard let pattern = schema["pattern"].text else {
        throw GrammarError(
          "pattern at \(place) is no text", hint: "write a regular expression: \"^[a-z]+$\"")
      }
      if least != nil || most != nil {
        throw GrammarError("the schema at \(place) has a pattern and a length")
      }
      return .sequence([quote, try RegexGrammar.expression(pattern, at: place), quote])
    }
    if let format = schema["format"].text, let pattern = Self.formats[format] {
      return .sequence([quote, try RegexGrammar.expression(pattern, at: place), quote])
    }
    if least == nil, most == nil { return .rule("string") }
    return .sequence([
      quote, .repeated(.rule("char"), least: least ?? 0, most: most), quote,
    ])
  }

  private static let formats: [String: String] = {
    let date =
      "[0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
      + "|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])"
    let time =
      "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?"
      + "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    return [
      "date": "^(\(date))$", "time": "^\(time)$", "date-time": "^(\(date))T\(time)$",
      "uuid": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    ]
  }()
}
