/// Arrays and objects of a schema.

import Tokenizers

extension JSONSchema {
  private static let longestName = 1_000

  /// Lists of what `items` and `prefixItems` describe.
  mutating func array(
    _ schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    let limits = try limits(schema, "minItems", "maxItems", at: place)
    let (least, most) = (limits.least ?? 0, limits.most)
    let first = schema["prefixItems"].elements
    if !schema["prefixItems"].isNull, first.isEmpty {
      throw GrammarError("prefixItems at \(place) has no schemas", hint: "leave it out")
    }
    // Rules, so that what stands in several places is not written out again in each.
    var items: [Expression] = []
    for (index, item) in first.enumerated() {
      items.append(rule(try expression(for: item, at: "\(place)/prefixItems/\(index)")))
    }
    var others: Expression?
    if schema["items"].truth != false {
      let item = schema["items"].isNull ? JSONValue.boolean(true) : schema["items"]
      // Without `items` a list that begins with given ones is taken to be only those.
      if !(schema["items"].isNull && !first.isEmpty) {
        others = rule(try expression(for: item, at: "\(place)/items"))
      }
    }
    if others == nil, least > items.count {
      throw GrammarError(
        "the schema at \(place) asks for more items than it describes", hint: "describe items")
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
      rest = rule(index < least ? item : .repeated(item, least: 0, most: 1))
    }
    return .sequence([
      JSONParts.text("["), .rule("ws"), rest, .rule("ws"), JSONParts.text("]"),
    ])
  }

  /// Objects with their properties in the order of the schema.
  mutating func object(
    _ schema: JSONValue, at place: String
  ) throws(GrammarError) -> Expression {
    let properties = schema["properties"].members
    if !schema["properties"].isNull {
      guard case .object = schema["properties"] else {
        throw GrammarError("properties at \(place) is no object")
      }
    }
    let required = Set(schema["required"].elements.compactMap(\.text))
    if !schema["required"].isNull {
      guard case .array(let names) = schema["required"], names.allSatisfy({ $0.text != nil }) else {
        throw GrammarError("required at \(place) is no list of names")
      }
    }
    var additional: Expression?
    let wish = schema["additionalProperties"]
    let isClosed =
      wish.truth == false
      || (wish.isNull && !(schema["properties"].isNull && required.isEmpty))
    if !isClosed {
      if properties.contains(where: { $0.name.utf8.count > Self.longestName }) {
        throw GrammarError(
          "a property at \(place) has a name of more than \(Self.longestName) bytes, which others "
            + "cannot be told from", hint: "say \"additionalProperties\": false")
      }
      let value = try expression(
        for: wish.isNull ? .boolean(true) : wish, at: "\(place)/additionalProperties")
      let key =
        properties.isEmpty ? .rule("string") : JSONParts.string(except: properties.map(\.name))
      additional = rule(.sequence([key, .rule("ws"), JSONParts.text(":"), .rule("ws"), value]))
    }
    if let name = required.subtracting(properties.map(\.name)).min() {
      throw GrammarError(
        "the schema at \(place) requires \"\(name)\", which it does not describe",
        hint: "add it to properties")
    }
    let comma: [Expression] = [.rule("ws"), JSONParts.text(","), .rule("ws")]
    // From the last property back: what follows when some stand before, and the ways to begin when
    // none do. Rules keep the two from doubling at every property.
    var behind: Expression = JSONParts.text("")
    var first: [Expression] = [JSONParts.text("")]
    if let additional {
      behind = .repeated(.sequence(comma + [additional]), least: 0, most: nil)
      first = [.repeated(.sequence([additional, behind]), least: 0, most: 1)]
    }
    for property in properties.reversed() {
      let value = try expression(
        for: property.value, at: "\(place)/properties/\(property.name)")
      let member = rule(
        .sequence([
          JSONParts.literal(.string(property.name)), .rule("ws"), JSONParts.text(":"), .rule("ws"),
          value,
        ]))
      let next = rule(behind)
      let isRequired = required.contains(property.name)
      if isRequired { first = [] }
      first.append(.sequence([member, next]))
      behind = .choice([.sequence(comma + [member, next])] + (isRequired ? [] : [next]))
    }
    return .sequence([
      JSONParts.text("{"), .rule("ws"), .choice(first), .rule("ws"), JSONParts.text("}"),
    ])
  }
}
