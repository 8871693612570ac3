/// What can be wrong with a tokenizer's file, pattern or use, in words.

/// A tokenizer that cannot be read, made or written.
public struct TokenizerError: Error, CustomStringConvertible, Equatable, Sendable {
  /// What is wrong, where, and why.
  public var description: String
  /// What to do about it.
  public var hint: String?

  /// Says what is wrong and what helps.
  public init(_ description: String, hint: String? = nil) {
    self.description = description
    self.hint = hint
  }

  /// A feature that a file asks for and apus does not have.
  static func unsupported(_ feature: String) -> TokenizerError {
    TokenizerError(
      "the tokenizer asks for \(feature), which apus does not do",
      hint: "its ids would differ from the original's, so the file is refused")
  }

  /// The same error with the file it is about in front.
  func inFile(_ path: String) -> TokenizerError {
    TokenizerError("\(path): \(description)", hint: hint)
  }
}
