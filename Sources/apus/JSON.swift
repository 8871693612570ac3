/// What `--json` prints: values whose keys keep the order they were written in.

import Tokenizers

/// A JSON value (RFC 8259).
///
/// Foundation's encoder orders keys by hash or by alphabet; a report reads best in its own order.
package enum JSON: Equatable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case unsigned(UInt64)
  /// As `number`, with the fewer digits that a `Float` needs.
  case single(Float)
  /// Printed with as many digits as bring it back exactly; null if it is not finite.
  case number(Double)
  case string(String)
  case array([JSON])
  case object(KeyValuePairs<String, JSON>)

  /// Members of an object that are decided one by one.
  case members([(key: String, value: JSON)])

  /// On one line, without spaces after separators of nested values.
  package var text: String {
    switch self {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .single(let value): value.isFinite ? "\(value)" : "null"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .string(let value): JSONText.quoted(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    case .object(let members): JSON.braced(members.map { ($0.key, $0.value) })
    case .members(let members): JSON.braced(members.map { ($0.key, $0.value) })
    }
  }

  package static func == (left: JSON, right: JSON) -> Bool { left.text == right.text }

  private static func braced(_ members: [(String, JSON)]) -> String {
    "{" + members.map { "\(JSONText.quoted($0.0)): \($0.1.text)" }.joined(separator: ", ") + "}"
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
}
