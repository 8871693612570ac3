/// JSON whose keys are not known beforehand, read by Foundation and written as transformers does.

import FoundationEssentials
import Tokenizers

/// A JSON value.
enum JSONValue: Decodable, Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// The object that `bytes` hold.
  static func object(
    in bytes: [UInt8], of path: String, what: String = "the file"
  ) throws(ModelFileError) -> [String: JSONValue] {
    let value: JSONValue
    do {
      value = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    } catch {
      throw ModelFileError(
        .badData, path, "\(what) is not valid JSON",
        hint: "It may be damaged or half-copied; fetch or write it again.")
    }
    guard case .object(let members) = value else {
      throw ModelFileError(.badData, path, "\(what) is JSON, but not an object")
    }
    let keys = topLevelKeys(bytes)
    if keys.count != members.count {
      var seen = Set<ArraySlice<UInt8>>()
      let twice = keys.first { !seen.insert($0).inserted }
      let name = twice.map { "\"\(String(decoding: $0, as: UTF8.self))\"" } ?? "one of its keys"
      throw ModelFileError(.badData, path, "\(what) gives \(name) twice")
    }
    return members
  }

  /// The keys of the outermost object of valid JSON, as written, because decoders drop repeated ones.
  private static func topLevelKeys(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var keys: [ArraySlice<UInt8>] = []
    var depth = 0
    var text: Range<Int>?
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        let start = index + 1
        index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
          index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        text = start..<min(index, bytes.count)
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ":"):
        if depth == 1, let text { keys.append(bytes[text]) }
      default: break
      }
      index += 1
    }
    return keys
  }

  /// The value as text: objects sorted by key, two spaces a level.
  func text(indentation: String = "") -> String {
    let inner = indentation + "  "
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return "\(value)"
    case .number(let value): return "\(value)"
    case .string(let value): return JSONText.quoted(value)
    case .array(let values):
      if values.isEmpty { return "[]" }
      let lines = values.map { inner + $0.text(indentation: inner) }
      return "[\n\(lines.joined(separator: ",\n"))\n\(indentation)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.sorted { $0.key < $1.key }
        .map { "\(inner)\(JSONText.quoted($0.key)): \($0.value.text(indentation: inner))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
    }
  }
}
