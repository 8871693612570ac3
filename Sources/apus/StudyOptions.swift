/// What a user may wish of a scaling study.

import ArgumentParser
import Models
import Scaling

/// The design of a study; the rest follows from its time.
struct StudyOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The time for all runs: chooses model and sizes (default: 10m).", valueName: "t"))
  var time: TimeSpan?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Tokens of the training sets, ascending, with commas; the last is held out.",
      valueName: "n,n,…"))
  var sizes: SizeList?

  @Option(name: .long, help: ArgumentHelp("Seeds a size.", valueName: "n"))
  var seeds = 3

  @Option(
    name: .long,
    help:
      "tokens: L(D), one model. parameters: L(N), one training set. compute: L(C). both: L(N, D).")
  var vary = StudyPlan.Variation.tokens

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Widths of the models, ascending, with commas, for all but --vary tokens.",
      valueName: "n,n,…"))
  var widths: SizeList?

  @Option(name: .long, help: "gpt2, llama, qwen3 or nanochat.")
  var family = TransformerConfiguration.Family.gpt2

  @Option(name: .long, help: ArgumentHelp("Blocks.", valueName: "n"))
  var layers: Int?

  @Option(name: .long, help: ArgumentHelp("Width of the residual stream.", valueName: "n"))
  var width: Int?

  @Option(name: .long, help: ArgumentHelp("Heads.", valueName: "n"))
  var heads: Int?

  @Option(name: .long, help: ArgumentHelp("Tokens in a window.", valueName: "n"))
  var context: Int?

  @Option(name: .long, help: ArgumentHelp("Tokens in a step.", valueName: "n"))
  var batchTokens: Count?

  @Option(
    name: .long, help: ArgumentHelp("A tokenizer (default: one is trained).", valueName: "file"))
  var tokenizer: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Tokens of the tokenizer that is trained.", valueName: "n"))
  var vocabSize: Count?

  @Option(
    name: .long, help: ArgumentHelp("A corpus to validate on; repeatable.", valueName: "corpus"))
  var validation: [String] = []

  @Option(name: .long, help: ArgumentHelp("A corpus to test on; repeatable.", valueName: "corpus"))
  var test: [String] = []

  @Option(name: .long, help: ArgumentHelp("Tokens to validate on.", valueName: "n"))
  var validationTokens: Count?

  @Option(name: .long, help: ArgumentHelp("Tokens to test on.", valueName: "n"))
  var testTokens: Count?

  @Option(
    name: .long, help: ArgumentHelp("The share of values that dropout zeroes.", valueName: "x"))
  var dropout = 0.1

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The constant learning rate of AdamW (default: 0.0005 for steps of 128 tokens, as the root of their length).",
      valueName: "x"))
  var learningRate: Double?

  @Option(
    name: .long,
    help: ArgumentHelp("Evaluations without progress before a run stops.", valueName: "n"))
  var patience = 8

  @Flag(
    name: .long, inversion: .prefixedNo,
    help: "Also train a model of twice the size, on fresh text, and on shuffled words.")
  var controls = true

  func validate() throws {
    if time != nil, sizes != nil { throw ValidationError("--time and --sizes exclude each other") }
    if seeds < 1 { throw ValidationError("--seeds is at least 1") }
    if patience < 1 { throw ValidationError("--patience is at least 1") }
    if !(0..<1).contains(dropout) { throw ValidationError("--dropout is at least 0 and below 1") }
    if let learningRate, !(learningRate.isFinite && learningRate > 0) {
      throw ValidationError("--learning-rate is above 0")
    }
    if vary != .tokens, (widths?.values.count ?? 0) < 2 {
      throw ValidationError("--vary \(vary.rawValue) needs --widths")
    }
    if tokenizer != nil, vocabSize != nil {
      throw ValidationError("--vocab-size is for the tokenizer that is trained; leave out one")
    }
    for (name, number) in [
      ("--layers", layers), ("--width", width), ("--heads", heads), ("--context", context),
    ] {
      if let number, number < 1 { throw ValidationError("\(name) is at least 1") }
    }
  }
}

/// Ascending counts with commas between them: 25k,50k,100k.
struct SizeList: ExpressibleByArgument {
  /// The counts.
  let values: [Int]

  init?(argument: String) {
    let counts = argument.split(separator: ",").map { Count(argument: String($0))?.value }
    let known = counts.compactMap { $0 }
    guard known.count == counts.count, !known.isEmpty, known.allSatisfy({ $0 > 0 }),
      known == Array(Set(known)).sorted()
    else { return nil }
    values = known
  }
}
