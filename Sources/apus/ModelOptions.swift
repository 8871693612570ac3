/// The trained model that a verb works with.

import ArgumentParser
import Kernels
import Models

struct ModelOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A model's folder, as apus train or transformers wrote it."),
    completion: .directory)
  var model: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Round the weights: fp32, bf16 or int8. Decoding reads them faster; int8 also reads prompts faster.",
      valueName: "format"))
  var weights = WeightFormat.fp32

  @OptionGroup var precision: PrecisionOption

  /// Reads the folder, and rounds as asked.
  func load() throws -> LoadedModel {
    let loaded = try load(another: model)
    weights.apply(to: loaded.transformer)
    return loaded
  }

  /// Reads another folder, to be used in the same precision.
  func load(another path: String) throws -> LoadedModel {
    let precision = try precision.asked() ?? weights.precision
    let loaded = try Self.load(path)
    loaded.transformer.readingPrecision = precision
    return loaded
  }

  /// Reads a model's folder; a path that is nearly right gets a hint.
  static func load(_ path: String) throws -> LoadedModel {
    try Input.requireExists(path, what: "model")
    return try ModelFolder.load(path)
  }
}

/// How the weights of a model are held for decoding.
enum WeightFormat: String, ExpressibleByArgument, CaseIterable {
  case fp32
  case bf16
  case int8

  /// What else matrix products multiply, if nothing is asked for: numbers like the weights, where the
  /// processor multiplies those faster.
  var precision: Precision { self == .bf16 && Precision.fastest == .bf16 ? .bf16 : .fp32 }

  /// Rounds the weights of a model.
  func apply(to transformer: Transformer) {
    if let format = CompactWeights.Format(rawValue: rawValue) { transformer.compress(to: format) }
  }
}
