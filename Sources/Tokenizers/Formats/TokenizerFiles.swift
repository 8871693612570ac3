/// Which file holds a tokenizer in which form.

import Glibc
import Machine

extension Tokenizer {
  /// Reads a tokenizer.json, a `.tiktoken` file, or a folder with a tokenizer.json or with
  /// vocab.json and merges.txt.
  public convenience init(contentsOf path: String) throws {
    try self.init(contentsOf: path, pattern: nil, specialTokens: nil)
  }

  /// Reads a tokenizer whose file does not say how it splits text or what its special tokens are.
  ///
  /// For a tokenizer.json, which says both, `pattern` and `specialTokens` must be nil.
  public convenience init(
    contentsOf path: String, pattern: SplitPattern?, specialTokens: [String]? = nil
  ) throws {
    do {
      try self.init(Tokenizer.definition(path, pattern, specialTokens))
    } catch let error as TokenizerError {
      throw error.inFile(path)
    }
  }

  /// Reads a tokenizer.json from memory.
  public convenience init(json: [UInt8]) throws(TokenizerError) {
    let result: Result<TokenizerDefinition, TokenizerError> = json.withUnsafeBufferPointer {
      bytes in
      do throws(TokenizerError) {
        return .success(try TokenizerDefinition(json: bytes))
      } catch {
        return .failure(error)
      }
    }
    try self.init(result.get())
  }

  private static func definition(
    _ path: String, _ pattern: SplitPattern?, _ specialTokens: [String]?
  ) throws -> TokenizerDefinition {
    if isFolder(path) {
      if exists("\(path)/tokenizer.json") {
        return try definition("\(path)/tokenizer.json", pattern, specialTokens)
      }
      for (vocabulary, merges) in [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")]
      where exists("\(path)/\(vocabulary)") && exists("\(path)/\(merges)") {
        let vocabulary = try bytesOfFile("\(path)/\(vocabulary)")
        let merges = try bytesOfFile("\(path)/\(merges)")
        return try vocabulary.withUnsafeBufferPointer { vocabulary in
          try merges.withUnsafeBufferPointer { merges in
            try TokenizerDefinition(
              vocabulary: vocabulary, merges: merges, pattern: pattern ?? .gpt2)
          }
        }
      }
      throw TokenizerError(
        "the folder holds no tokenizer",
        hint: "it needs a tokenizer.json, or vocab.json and merges.txt")
    }
    let bytes = try bytesOfFile(path)
    return try bytes.withUnsafeBufferPointer { bytes in
      if path.hasSuffix(".tiktoken") {
        return try TokenizerDefinition(
          tiktoken: bytes, pattern: pattern, specialTokens: specialTokens)
      }
      if pattern != nil || specialTokens != nil {
        throw TokenizerError(
          "a tokenizer.json says itself how it splits text and what its special tokens are",
          hint: "leave out the pattern and the special tokens")
      }
      return try TokenizerDefinition(json: bytes)
    }
  }

  /// The tokenizer as a `.tiktoken` file, without its special tokens and pattern, which that form
  /// does not hold.
  public func tiktoken() throws(TokenizerError) -> [UInt8] { try definition.tiktoken() }

  /// The tokenizer as `vocab.json` and `merges.txt`, without its pattern.
  public func mergesText() throws(TokenizerError) -> (vocabulary: [UInt8], merges: [UInt8]) {
    try definition.mergesText()
  }
}
