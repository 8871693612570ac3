/// Schemas made of schemas: `allOf`, `anyOf`, `oneOf`.

import Tokenizers

extension JSONSchema {
  /// `allOf` merged into the schema around it; the choices of `anyOf` and `oneOf`, each merged.
  mutating func combination(
    _ schema: JSONValue, _ name: String, at place: String
  ) throws(GrammarError) -> Expression {
    let base = schema.members.filter { $0.name != name }
    let parts = schema[name].elements
    if parts.isEmpty {
      throw GrammarError("\(name) at \(place) is empty", hint: "list schemas, or leave it out")
    }
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
        var properties = old.members
        // Their names are no keywords: a property may be called title.
        for property in member.value.members {
          guard let known = properties.first(where: { $0.name == property.name }) else {
            properties.append(property)
            continue
          }
          if known != property { throw contradiction("property \"\(property.name)\"", place) }
        }
        result[index].value = .object(properties)
      case "required": result[index].value = .array(old.elements + member.value.elements)
      default:
        throw contradiction("\"\(member.name)\"", place)
      }
    }
    return result
  }

  private func contradiction(_ what: String, _ place: String) -> GrammarError {
    GrammarError(
      "the schema at \(place) says two things about \(what)", hint: "say what holds for both")
  }
}
