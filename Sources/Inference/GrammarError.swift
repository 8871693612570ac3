/// A grammar or a schema that cannot be followed.

/// What is wrong with a grammar, and where.
public struct GrammarError: Error, CustomStringConvertible, Equatable {
  /// What is wrong, and where.
  public var description: String
  /// What to do about it.
  public var hint: String?

  init(_ description: String, hint: String? = nil) {
    self.description = description
    self.hint = hint ?? "docs/sampling.md says what a grammar and a JSON schema may hold"
  }
}
