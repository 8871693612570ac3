/// `apus bench`: how fast this machine tokenizes, multiplies, trains and decodes.

import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure this machine: tokenizing, products, training, decoding.",
    discussion: """
      EXAMPLES
        apus bench
        apus bench --width 256 --layers 4 --seconds 5 --json
        apus bench train --profile
        apus bench tokenizer books.txt --tokenizer cl100k.json
      """,
    subcommands: [
      BenchOverviewCommand.self, BenchTrainCommand.self, BenchForwardCommand.self,
      BenchDecodeCommand.self, BenchProductsCommand.self, BenchTokenizerCommand.self,
    ],
    defaultSubcommand: BenchOverviewCommand.self)
}
