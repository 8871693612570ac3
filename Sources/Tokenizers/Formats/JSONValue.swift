/// JSON as a value whose objects keep their order, so that a file can be written as it was read.

/// A JSON value; numbers keep their spelling.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name and its value.
  package struct Member: Equatable, Sendable {
    package var name: String
    package var value: JSONValue
  }

  /// The value that a JSON text stands for.
  package init(_ bytes: [UInt8]) throws(TokenizerError) {
    self = try bytes.withUnsafeBufferPointer { buffer throws(TokenizerError) in
      var reader = JSONReader(buffer)
      let value = try reader.value()
      try reader.finish()
      return value
    }
  }

  /// The value of an object's member; null when there is none.
  package subscript(name: String) -> JSONValue {
    if case .object(let members) = self {
      for member in members where member.name == name { return member.value }
    }
    return .null
  }

  /// Whether this is null.
  package var isNull: Bool { self == .null }

  /// The text of a string.
  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The truth of a boolean.
  package var truth: Bool? {
    if case .boolean(let truth) = self { truth } else { nil }
  }

  /// The value of a whole number.
  package var integer: Int? {
    if case .number(let text) = self { Int(text) } else { nil }
  }

  /// The elements of an array; none for anything else.
  package var elements: [JSONValue] {
    if case .array(let elements) = self { elements } else { [] }
  }

  /// The members of an object; none for anything else.
  package var members: [Member] {
    if case .object(let members) = self { members } else { [] }
  }

  /// An object of some members in the order given.
  static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { Member(name: $0.key, value: $0.value) })
  }

  /// Appends the value without white space.
  package func write(to result: inout [UInt8]) {
    switch self {
    case .null: result.append(contentsOf: "null".utf8)
    case .boolean(let truth): result.append(contentsOf: (truth ? "true" : "false").utf8)
    case .number(let text): result.append(contentsOf: text.utf8)
    case .string(let text): JSONText.append(text.utf8, to: &result)
    case .array(let elements):
      result.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { result.append(UInt8(ascii: ",")) }
        element.write(to: &result)
      }
      result.append(UInt8(ascii: "]"))
    case .object(let members):
      result.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { result.append(UInt8(ascii: ",")) }
        JSONText.append(member.name.utf8, to: &result)
        result.append(UInt8(ascii: ":"))
        member.value.write(to: &result)
      }
      result.append(UInt8(ascii: "}"))
    }
  }
}
