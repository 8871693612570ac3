/// From a JSON schema to a grammar all of whose texts are valid.

import Tokenizers

/// A reader of schemas.
///
/// What it knows: `type` (also a list), `properties`, `required`, `additionalProperties`, `items`,
/// `prefixItems`, `minItems`, `maxItems`, `enum`, `const`, `anyOf`, `oneOf` (of different types),
/// `allOf`, `$ref` inside the schema, `minLength`, `maxLength`, `pattern`, `format` (`date`, `time`,
/// `date-time`, `uuid`), and `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` of integers.
/// Properties come in the order of the schema; others come only where `additionalProperties` asks
/// for them. A keyword that would restrict texts and is not known is an error.
struct JSONSchema {
  typealias Expression = GrammarExpression

  private let root: JSONValue
  private var builder = GrammarBuilder()
  private var references: [String] = []

  private init(_ root: JSONValue) { self.root = root }

  /// The grammar of the texts that `schema` (JSON) describes; white space is optional.
  static func grammar(_ schema: [UInt8]) throws(GrammarError) -> Grammar {
    let value: JSONValue
    do {
      value = try JSONValue(schema)
    } catch {
      throw GrammarError("the schema is no JSON: \(error.description)")
    }
    var reader = JSONSchema(value)
    for (name, expression) in JSONParts.rules { _ = reader.builder.define(name, expression) }
    let expression = try reader.expression(for: value, at: "#")
    _ = reader.builder.define("root", expression)
    var done = 0
    // References may meet further references.
    while done < reader.references.count {
      let pointer = reader.references[done]
      let target = try reader.target(of: pointer)
      _ = reader.builder.define(pointer, try reader.expression(for: target, at: pointer))
      done += 1
    }
    switch reader.builder.grammar(root: "root") {
    case .failure(let missing): throw GrammarError("the schema needs \(missing.name)")
    case .success(let grammar):
      if grammar.leftRecursiveRule() != nil {
        throw GrammarError("a reference of the schema leads to itself and to nothing else")
      }
      return grammar
    }
  }

  private static let notes: Set = [
    "title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs",
    "definitions", "deprecated", "readOnly", "writeOnly", "$anchor",
  ]
  private static let keywords: [String: Set<String>] = [
    "object": ["properties", "required", "additionalProperties"],
    "array": ["items", "prefixItems", "minItems", "maxItems"],
    "string": ["minLength", "maxLength", "pattern", "format"],
    "integer": ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format"],
    "number": ["format"], "boolean": [], "null": [],
  ]

  private mutating func expression(
    for schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    if schema.truth == true { return .rule("value") }
    guard case .object(let members) = schema else {
      throw GrammarError("the schema at \(place) allows nothing")
    }
    let names = Set(members.map(\.name)).subtracting(Self.notes)
    if let pointer = schema["$ref"].text {
      try check(names, of: ["$ref"], at: place)
      if !references.contains(pointer) { references.append(pointer) }
      return .rule(pointer)
    }
    if names.contains("const") {
      try check(names, of: ["const", "type"], at: place)
      return JSONParts.literal(schema["const"])
    }
    if names.contains("enum") {
      try check(names, of: ["enum", "type"], at: place)
      return .choice(schema["enum"].elements.map(JSONParts.literal))
    }
    for name in ["allOf", "anyOf", "oneOf"] where names.contains(name) {
      return try combination(schema, name, at: place)
    }
    var types = schema["type"].text.map { [$0] } ?? schema["type"].elements.compactMap(\.text)
    if types.isEmpty {
      types = Self.keywords.keys.sorted().filter { type in
        type != "number"
          && !(Self.keywords[type] ?? []).isDisjoint(with: names.subtracting(["format"]))
      }
      if names.isEmpty { return .rule("value") }
      if types.count != 1 {
        throw GrammarError(
          "the schema at \(place) has no type", hint: "say \"type\": \"object\", or what it is")
      }
    }
    var known: Set = ["type"]
    for type in types {
      guard let own = Self.keywords[type] else {
        throw GrammarError("the schema at \(place) has an unknown type \(type)")
      }
      known.formUnion(own)
    }
    try check(names, of: known, at: place)
    var choices: [Expression] = []
    for type in types { choices.append(try expression(of: type, schema, at: place)) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private func check(
    _ names: Set<String>, of known: Set<String>, at place: String
  ) throws(GrammarError) {
    if let name = names.subtracting(known).min() {
      throw GrammarError(
        "the schema at \(place) has \"\(name)\", which cannot be kept to",
        hint: "leave it out, and check the result by other means")
    }
  }

  /// `allOf` merged into the schema around it; the choices of `anyOf` and `oneOf`, each merged.
  private mutating func combination(
    _ schema: JSONValue, _ name: String, at place: String
  ) throws(GrammarError) -> Expression {
    let base = schema.members.filter { $0.name != name }
    let parts = schema[name].elements
    if parts.isEmpty { throw GrammarError("\(name) at \(place) is empty") }
    if name == "allOf" {
      var merged = base
      for part in parts { merged = try merge(merged, try resolved(part), at: place) }
      return try expression(for: .object(merged), at: place)
    }
    if name == "oneOf" {
      var seen = Set<String>()
      for part in parts {
        let part = try resolved(part)
        var types = part["type"].text.map { [$0] } ?? part["type"].elements.compactMap(\.text)
        if types.contains("integer") { types.append("number") }
        if !part["const"].isNull { types = ["=\(part["const"])"] }
        if types.isEmpty || !seen.isDisjoint(with: types) {
          throw GrammarError(
            "oneOf at \(place) has choices that may both hold", hint: "use anyOf")
        }
        seen.formUnion(types)
      }
    }
    var choices: [Expression] = []
    for (index, part) in parts.enumerated() {
      let merged = base.isEmpty ? part : .object(try merge(base, try resolved(part), at: place))
      choices.append(try expression(for: merged, at: "\(place)/\(name)/\(index)"))
    }
    return .choice(choices)
  }

  private func resolved(_ schema: JSONValue) throws(GrammarError) -> JSONValue {
    try schema["$ref"].text.map { pointer throws(GrammarError) in try target(of: pointer) }
      ?? schema
  }

  /// Members of two schemas that must both hold.
  private func merge(
    _ first: [JSONValue.Member], _ second: JSONValue, at place: String
  ) throws(GrammarError) -> [JSONValue.Member] {
    var result = first
    for member in second.members where !Self.notes.contains(member.name) {
      guard let index = result.firstIndex(where: { $0.name == member.name }) else {
        result.append(member)
        continue
      }
      let old = result[index].value
      if old == member.value { continue }
      switch member.name {
      case "properties":
        result[index].value = .object(try merge(old.members, member.value, at: place))
      case "required": result[index].value = .array(old.elements + member.value.elements)
      default:
        throw GrammarError("the schema at \(place) says two things about \"\(member.name)\"")
      }
    }
    return result
  }

  private func target(of pointer: String) throws(GrammarError) -> JSONValue {
    guard pointer.hasPrefix("#") else {
      throw GrammarError(
        "the schema refers to \(pointer), which is not inside it", hint: "use #/$defs/…")
    }
    var value = root
    for part in pointer.dropFirst().split(separator: "/") {
      var name = ""
      var rest = part[...]
      while let first = rest.first {
        let escape = rest.prefix(2)
        name += escape == "~1" ? "/" : escape == "~0" ? "~" : String(first)
        rest = rest.dropFirst(escape == "~1" || escape == "~0" ? 2 : 1)
      }
      if case .array(let elements) = value, let index = Int(name), elements.indices.contains(index)
      {
        value = elements[index]
      } else if let member = value.members.first(where: { $0.name == name }) {
        value = member.value
      } else {
        throw GrammarError("the schema has nothing at \(pointer)")
      }
    }
    return value
  }

  private mutating func expression(
    of type: String, _ schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    switch type {
    case "null": return JSONParts.text("null")
    case "boolean": return .choice([JSONParts.text("true"), JSONParts.text("false")])
    case "number": return .rule("number")
    case "integer": return try integer(schema, at: place)
    case "string": return try string(schema, at: place)
    case "array": return try array(schema, at: place)
    default: return try object(schema, at: place)
    }
  }

  private func whole(
    _ schema: JSONValue, _ name: String, at place: String
  ) throws(GrammarError) -> Int? {
    if schema[name].isNull { return nil }
    guard let value = schema[name].integer else {
      throw GrammarError("\(name) at \(place) is no whole number")
    }
    return value
  }

  private func integer(_ schema: JSONValue, at place: String) throws(GrammarError) -> Expression {
    var low = try whole(schema, "minimum", at: place)
    var high = try whole(schema, "maximum", at: place)
    if let above = try whole(schema, "exclusiveMinimum", at: place) {
      low = max(low ?? .min, above + 1)
    }
    if let below = try whole(schema, "exclusiveMaximum", at: place) {
      high = min(high ?? .max, below - 1)
    }
    if low == nil, high == nil { return .rule("integer") }
    if let low, let high, low > high {
      throw GrammarError("the schema at \(place) allows no number")
    }
    return JSONParts.integers(from: low, to: high)
  }

  private func string(_ schema: JSONValue, at place: String) throws(GrammarError) -> Expression {
    let least = try whole(schema, "minLength", at: place)
    let most = try whole(schema, "maxLength", at: place)
    let quote = JSONParts.text("\"")
    if let pattern = schema["pattern"].text {
      if least != nil || most != nil {
        throw GrammarError("the schema at \(place) has a pattern and a length")
      }
      return .sequence([quote, try RegexGrammar.expression(pattern, at: place), quote])
    }
    if let format = schema["format"].text, let pattern = Self.formats[format] {
      return .sequence([quote, try RegexGrammar.expression(pattern, at: place), quote])
    }
    if least == nil, most == nil { return .rule("string") }
    if let most, most < least ?? 0 { throw GrammarError("the schema at \(place) allows no string") }
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

  private mutating func array(
    _ schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    let least = try whole(schema, "minItems", at: place) ?? 0
    let most = try whole(schema, "maxItems", at: place)
    let first = schema["prefixItems"].elements
    var items: [Expression] = []
    for (index, item) in first.enumerated() {
      items.append(try expression(for: item, at: "\(place)/prefixItems/\(index)"))
    }
    var others: Expression?
    if schema["items"].truth != false {
      let item = schema["items"].isNull ? JSONValue.boolean(true) : schema["items"]
      // Without `items` a list that begins with given ones is taken to be only those.
      if !(schema["items"].isNull && !first.isEmpty) {
        others = try expression(for: item, at: "\(place)/items")
      }
    }
    if others == nil, least > items.count {
      throw GrammarError("the schema at \(place) asks for more items than it describes")
    }
    let comma: [Expression] = [.rule("ws"), JSONParts.text(","), .rule("ws")]
    // From the last place back: what follows when `index` items stand there.
    var rest: Expression = JSONParts.text("")
    let fixed = min(items.count, most ?? .max)
    if let others, most ?? .max > fixed {
      let count = { (limit: Int) in max(0, limit - fixed) }
      if fixed > 0 {
        rest = .repeated(
          .sequence(comma + [others]), least: count(least), most: most.map(count))
      } else if most != 0 {
        let more = Expression.sequence([
          others,
          .repeated(
            .sequence(comma + [others]), least: max(0, least - 1), most: most.map { $0 - 1 }),
        ])
        rest = least > 0 ? more : .repeated(more, least: 0, most: 1)
      }
    }
    for index in (0..<fixed).reversed() {
      let item = Expression.sequence((index > 0 ? comma : []) + [items[index], rest])
      rest = index < least ? item : .repeated(item, least: 0, most: 1)
    }
    return .sequence([
      JSONParts.text("["), .rule("ws"), rest, .rule("ws"), JSONParts.text("]"),
    ])
  }

  private mutating func object(
    _ schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    let properties = schema["properties"].members
    let required = Set(schema["required"].elements.compactMap(\.text))
    var additional: Expression?
    let wish = schema["additionalProperties"]
    if wish.truth == true || wish.members.count > 0
      || (wish.isNull && schema["properties"].isNull && required.isEmpty)
    {
      let value = try expression(
        for: wish.isNull ? .boolean(true) : wish, at: "\(place)/additionalProperties")
      let key =
        properties.isEmpty ? .rule("string") : JSONParts.string(except: properties.map(\.name))
      additional = .sequence([key, .rule("ws"), JSONParts.text(":"), .rule("ws"), value])
    }
    if let name = required.subtracting(properties.map(\.name)).min() {
      throw GrammarError("the schema at \(place) requires \"\(name)\", which it does not describe")
    }
    let comma: [Expression] = [.rule("ws"), JSONParts.text(","), .rule("ws")]
    // From the last property back: what follows when some stand before, and when none do. Rules keep
    // the two from doubling at every property.
    var behind: Expression = JSONParts.text("")
    var first: Expression = JSONParts.text("")
    if let additional {
      behind = .repeated(.sequence(comma + [additional]), least: 0, most: nil)
      first = .repeated(.sequence([additional, behind]), least: 0, most: 1)
    }
    for (index, property) in properties.enumerated().reversed() {
      let rule = "\(place)/properties/\(property.name)"
      let value = try expression(for: property.value, at: rule)
      _ = builder.define(
        "\(rule)!\(index)",
        .sequence([
          JSONParts.literal(.string(property.name)), .rule("ws"), JSONParts.text(":"), .rule("ws"),
          value,
        ]))
      let member = Expression.rule("\(rule)!\(index)")
      _ = builder.define("\(rule)!behind\(index)", behind)
      let next = Expression.rule("\(rule)!behind\(index)")
      let isRequired = required.contains(property.name)
      first = .choice([.sequence([member, next])] + (isRequired ? [] : [first]))
      behind = .choice([.sequence(comma + [member, next])] + (isRequired ? [] : [next]))
    }
    return .sequence([
      JSONParts.text("{"), .rule("ws"), first, .rule("ws"), JSONParts.text("}"),
    ])
  }
}

extension Grammar {
  /// The grammar of the JSON texts that `jsonSchema` describes.
  public init(jsonSchema: [UInt8]) throws(GrammarError) {
    self = try JSONSchema.grammar(jsonSchema)
  }
}
