/// The tokenizer that a verb works with.

import ArgumentParser
import Tokenizers

struct TokenizerOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "tokenizer.json, .tiktoken, a folder with vocab.json and merges.txt, or a model's folder.",
      valueName: "file"),
    completion: .file(extensions: ["json", "tiktoken"]))
  var tokenizer: String

  /// Reads the file.
  func load() throws -> Tokenizer { try Self.load(tokenizer) }

  /// Reads a tokenizer; a path that is nearly right gets a hint.
  static func load(_ path: String) throws -> Tokenizer {
    try Input.requireExists(path, what: "tokenizer")
    return try Tokenizer(contentsOf: path)
  }
}
