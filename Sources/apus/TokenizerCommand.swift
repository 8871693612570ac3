/// `apus tokenizer`: the verbs that make, show and convert tokenizer files.

import ArgumentParser

struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer",
    abstract: "Train, show and convert tokenizers.",
    subcommands: [
      TokenizerTrainCommand.self, TokenizerShowCommand.self, TokenizerConvertCommand.self,
    ])
}
