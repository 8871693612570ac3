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
  /// Rules that have no name in the schema.
  private var ruleCount = 0
  /// How far the schema being read stands inside others, and how many have been read.
  private var depth = 0
  private var schemaCount = 0
  private static let deepest = 100
  private static let mostSchemas = 100_000

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
    case .failure(.missing(let name)): throw GrammarError("the schema needs \(name)")
    case .failure(.large):
      throw GrammarError(
        "the schema makes too large a grammar", hint: "lower its lengths and numbers of items")
    case .success(let grammar):
      if grammar.leftRecursiveRule() != nil {
        throw GrammarError("a reference of the schema leads to itself and to nothing else")
      }
      if grammar.isEmpty {
        throw GrammarError(
          "the schema describes no text that ends", hint: "let what refers to itself be left out")
      }
      return grammar
    }
  }

  static let notes: Set = [
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

  /// A rule of its own for `expression`, so that it can stand in several places.
  mutating func rule(_ expression: Expression) -> Expression {
    // Names of JSON's parts are words, and pointers begin with #.
    let name = "!\(ruleCount)"
    ruleCount += 1
    _ = builder.define(name, expression)
    return .rule(name)
  }

  /// The texts that `schema` describes, which stands at `place`.
  mutating func expression(
    for schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    depth += 1
    schemaCount += 1
    defer { depth -= 1 }
    if depth > Self.deepest || schemaCount > Self.mostSchemas {
      throw GrammarError(
        "the schema is nested too deeply, or refers to itself where it would be merged",
        hint: "name parts in $defs, and refer to them outside of allOf, anyOf and oneOf")
    }
    if schema.truth == true { return .rule("value") }
    guard case .object(let members) = schema else {
      throw GrammarError("the schema at \(place) allows nothing")
    }
    let names = Set(members.map(\.name)).subtracting(Self.notes)
    if names.contains("$ref") {
      try check(names, of: ["$ref"], at: place)
      guard let pointer = schema["$ref"].text else {
        throw GrammarError("$ref at \(place) is no text")
      }
      if !references.contains(pointer) { references.append(pointer) }
      return .rule(pointer)
    }
    if names.contains("const") {
      try check(names, of: ["const", "type"], at: place)
      return JSONParts.literal(schema["const"])
    }
    if names.contains("enum") {
      try check(names, of: ["enum", "type"], at: place)
      guard case .array(let values) = schema["enum"], !values.isEmpty else {
        throw GrammarError(
          "enum at \(place) has no values",
          hint: "list what is allowed: \"enum\": [\"yes\", \"no\"]")
      }
      return .choice(values.map(JSONParts.literal))
    }
    for name in ["allOf", "anyOf", "oneOf"] where names.contains(name) {
      return try combination(schema, name, at: place)
    }
    if schema["type"].elements.contains(where: { $0.text == nil }) {
      throw GrammarError("the schema at \(place) has a type that is no name")
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
    if types.contains("number") { types.removeAll { $0 == "integer" } }
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

  func check(
    _ names: Set<String>, of known: Set<String>, at place: String
  ) throws(GrammarError) {
    if let name = names.subtracting(known).min() {
      throw GrammarError(
        "the schema at \(place) has \"\(name)\", which cannot be kept to",
        hint: "leave it out, and check the result by other means")
    }
  }

  /// What a reference leads to.
  func target(of pointer: String) throws(GrammarError) -> JSONValue {
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
}

extension Grammar {
  /// The grammar of the JSON texts that `jsonSchema` describes.
  public init(jsonSchema: [UInt8]) throws(GrammarError) {
    self = try JSONSchema.grammar(jsonSchema)
  }
}
