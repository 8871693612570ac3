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
  func load() throws -> Tokenizer { try Tokenizer(contentsOf: tokenizer) }
}
