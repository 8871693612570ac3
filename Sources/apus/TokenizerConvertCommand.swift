/// `apus tokenizer convert`: one tokenizer format into another.

import ArgumentParser
import Glibc
import Machine
import Tokenizers

struct TokenizerConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a tokenizer in another format.",
    discussion: """
      EXAMPLES
        apus tokenizer convert cl100k_base.tiktoken cl100k.json --pattern cl100k
        apus tokenizer convert tales-4k.json tales-4k.tiktoken

      The format follows from the name: .json is a Hugging Face tokenizer.json, .tiktoken a list \
      of ranks, anything else a folder with vocab.json and merges.txt.
      """)

  @Argument(help: "The tokenizer to read.", completion: .file())
  var input: String

  @Argument(help: "What to write.")
  var output: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "gpt2, cl100k, o200k, llama3, qwen2 or a regular expression, where the input names none.",
      valueName: "pattern"))
  var pattern: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A special token that the input does not list, with the next free id; repeatable.",
      valueName: "token"))
  var special: [String] = []

  @OptionGroup var replace: ReplaceOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    try replace.check(output)
    try Input.requireExists(input, what: "tokenizer")
    let tokenizer = try Tokenizer(
      contentsOf: input, pattern: pattern.map { try SplitPattern($0) },
      specialTokens: special.isEmpty ? nil : special)
    if output.hasSuffix(".json") {
      try tokenizer.write(to: output)
    } else if output.hasSuffix(".tiktoken") {
      try write(tokenizer.tiktoken(), to: output)
    } else {
      let texts = try tokenizer.mergesText()
      if mkdir(output, 0o755) != 0, errno != EEXIST { throw FileFailure("create", output) }
      try write(texts.vocabulary, to: "\(output)/vocab.json")
      try write(texts.merges, to: "\(output)/merges.txt")
    }
    messages.say("wrote \(output): \(Format.grouped(tokenizer.vocabularySize)) tokens")
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    var file = try Output(path)
    try file.write(bytes)
    try file.finish()
  }
}
