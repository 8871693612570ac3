/// `apus tokenizer train`: a byte-level BPE vocabulary from a corpus.

import ArgumentParser
import Corpora
import Machine
import Tokenizers

struct TokenizerTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a byte-level BPE tokenizer on a corpus.",
    discussion: """
      EXAMPLES
        apus tokenizer train corpora/tales.jsonl.zst --vocab-size 4096 -o tales-4k.json
        zcat books.txt.gz | apus tokenizer train - --vocab-size 16k -o books-16k.json

      The file is a Hugging Face tokenizer.json, and the merges are those of its BpeTrainer.
      """)

  @OptionGroup var corpus: CorpusOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Tokens in all: 256 bytes, the special tokens, and merges.", valueName: "n"))
  var vocabSize: Count

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The tokenizer.json to write.", valueName: "file.json"))
  var output: String

  @OptionGroup var training: BPEOptions
  @OptionGroup var replace: ReplaceOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    try replace.check(output)
    threads.apply()
    let texts = try corpus.open(for: Self.self)
    let start = Progress.now
    let result = try training.train(
      on: texts, split: .all, vocabularySize: vocabSize.value, threads: threads.count,
      messages: messages)
    try result.tokenizer.write(to: output)
    messages.say(
      "wrote \(output): \(Format.grouped(result.tokenizer.vocabularySize)) tokens learnt from "
        + "\(Format.bytes(result.bytes)) of text in \(Format.time(Progress.now - start))")
    if result.tokenizer.vocabularySize < vocabSize.value {
      messages.warn(
        "the corpus has pairs for \(Format.grouped(result.tokenizer.vocabularySize)) tokens, "
          + "not \(Format.grouped(vocabSize.value))",
        hint: "use more text, a smaller --vocab-size or a lower --min-frequency")
    }
    messages.suggest("apus train CORPUS --tokenizer \(output) -o MODEL")
  }
}
