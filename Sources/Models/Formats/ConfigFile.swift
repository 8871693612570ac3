/// Questions to a `config.json`, with answers of the right kind or an error that names file and key.

/// The members of a `config.json`, and the errors of asking for them.
struct ConfigFile {
  var path: String
  var members: [String: JSONValue]

  /// The value of a key; null counts as absent.
  func value(_ key: String) -> JSONValue? {
    if let value = members[key], value != .null { value } else { nil }
  }

  func bad(_ problem: String, hint: String? = nil) -> ModelFileError {
    ModelFileError(.badData, path, problem, hint: hint)
  }

  func refusal(_ key: String, _ what: String) -> ModelFileError {
    bad("\(key) asks for \(what)", hint: "apus does not do that; the model cannot be used here.")
  }

  func integer(_ key: String) throws(ModelFileError) -> Int? {
    switch value(key) {
    case nil: return nil
    case .integer(let value)?: return value
    default: throw bad("\(key) is not a whole number")
    }
  }

  /// A whole number that must be there, under one name or the other.
  func size(_ key: String, or other: String? = nil) throws(ModelFileError) -> Int {
    if let value = try integer(key) { return value }
    if let other, let value = try integer(other) { return value }
    throw bad("\(key) is missing", hint: "The file is incomplete; fetch or write it again.")
  }

  func number(_ key: String) throws(ModelFileError) -> Double? {
    switch value(key) {
    case nil: return nil
    case .integer(let value)?: return Double(value)
    case .number(let value)?: return value
    default: throw bad("\(key) is not a number")
    }
  }

  func flag(_ key: String) throws(ModelFileError) -> Bool? {
    switch value(key) {
    case nil: return nil
    case .bool(let value)?: return value
    default: throw bad("\(key) is neither true nor false")
    }
  }

  /// Refuses any value of `key` but the one that apus does.
  func require(_ key: String, is wanted: Bool, _ what: String) throws(ModelFileError) {
    if let value = try flag(key), value != wanted { throw refusal(key, what) }
  }

  /// Refuses any text of `key` but those that mean what apus does.
  func require(_ key: String, isOneOf known: [String]) throws(ModelFileError) {
    guard let value = value(key) else { return }
    if case .string(let name) = value, known.contains(name) { return }
    throw bad(
      "\(key) is \(value.text())",
      hint: "apus does \(known.joined(separator: " or ")) in this family; the model cannot be used."
    )
  }
}
