/// The shape of a model that is made for a measurement, and its random text.

import ArgumentParser
import Machine
import Models
import Tokenizers

/// Layers, widths, window and step of a model with random parameters.
struct ModelShape: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Blocks.", valueName: "n"))
  var layers = 6

  @Option(name: .long, help: ArgumentHelp("Width of the residual stream.", valueName: "n"))
  var width = 384

  @Option(name: .long, help: ArgumentHelp("Query heads.", valueName: "n"))
  var heads = 6

  @Option(name: .long, help: ArgumentHelp("Tokens in a window.", valueName: "n"))
  var context = 256

  @Option(name: .long, help: ArgumentHelp("Tokens in a step.", valueName: "n"))
  var batchTokens = Count(4096)

  @Option(
    name: .long, help: ArgumentHelp("Tokens in the vocabulary of random text.", valueName: "n"))
  var vocabSize = 8192

  func validate() throws {
    if layers < 1 || context < 1 { throw ValidationError("a model has a layer and a window") }
    if vocabSize < 1 { throw ValidationError("--vocab-size is at least 1") }
    if batchTokens.value < context {
      throw ValidationError("--batch-tokens is less than one window")
    }
  }

  /// Windows in a step.
  var sequences: Int { batchTokens.value / context }

  /// Tokens in the windows of a step.
  var tokens: Int { sequences * context }

  /// The model, for a tokenizer's vocabulary or `vocabSize`.
  func configuration(
    _ family: TransformerConfiguration.Family, vocabulary: Int? = nil
  ) throws(Failure) -> TransformerConfiguration {
    let configuration = TransformerConfiguration(
      family: family, vocabularySize: vocabulary ?? vocabSize, contextLength: context,
      layers: layers, width: width, heads: heads)
    try configuration.check()
    return configuration
  }

  /// Random tokens of a step, and those that follow them.
  var batch: (inputs: [Token], targets: [Token]) {
    var random = RandomSource(seed: 42, stream: 0)
    let tokens = (0...tokens).map { _ in Token(random.next() % UInt64(vocabSize)) }
    return (Array(tokens.dropLast()), Array(tokens.dropFirst()))
  }
}

extension TransformerConfiguration {
  /// Refuses sizes that no model can have.
  func check() throws(Failure) {
    guard let problem else { return }
    throw Failure(
      "no such model can be: \(problem)", status: .usage,
      hint: "a width is so many heads of one even width, 64 for example: --width 192 --heads 3")
  }
}
