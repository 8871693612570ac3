/// The model that `apus bench` trains and decodes with, and how its work is timed.

import ArgumentParser
import Autograd
import Glibc
import Machine
import Models
import Tokenizers
import Training

/// A model with random parameters, and how long to measure.
struct BenchModel: ParsableArguments {
  @Option(name: .long, help: "gpt2, llama, qwen3 or nanochat.")
  var family = TransformerConfiguration.Family.gpt2

  @OptionGroup var shape: ModelShape

  @Option(name: .long, help: ArgumentHelp("Seconds for each measurement.", valueName: "s"))
  var seconds = 3.0

  func validate() throws {
    if sampledSoftmax < 0 { throw ValidationError("--sampled-softmax is at least 0") }
    if !(seconds > 0 && seconds < 3600) { throw ValidationError("--seconds is above 0") }
  }

  @Option(name: .long, help: "adamw or muon.")
  var optimizer = OptimizerOptions.Kind.adamw

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Tokens that stand for the vocabulary in a step's loss; 0 for all.", valueName: "n"))
  var sampledSoftmax = 0

  @OptionGroup var precision: PrecisionOption

  @Flag(name: .long, help: "Compute activations inside blocks twice instead of keeping them.")
  var recompute = false

  /// A model of this shape, which trains and reads as `apus train` and `apus perplexity` would.
  func make() throws -> Transformer {
    let transformer = Transformer(try shape.configuration(family), seed: 42)
    transformer.recomputesBlocks = recompute
    let asked = try precision.asked()
    transformer.trainingPrecision = asked ?? .fastest
    transformer.readingPrecision = asked ?? .fp32
    return transformer
  }

  /// FLOPs of training on one token, with the loss as it is.
  func flopsPerToken(of configuration: TransformerConfiguration) -> Double {
    configuration.trainingFLOPsPerToken(
      lossTokens: sampledSoftmax == 0
        ? shape.vocabSize : min(shape.vocabSize, sampledSoftmax + shape.tokens))
  }

  /// The model in words.
  func description(of transformer: Transformer) -> String {
    "\(family.rawValue), \(shape.layers) layers, width \(shape.width), \(shape.heads) heads, "
      + "window \(shape.context), \(Format.grouped(shape.tokens)) tokens a step, "
      + "vocabulary \(shape.vocabSize), "
      + "\(Format.count(transformer.parameters.parameterCount)) parameters"
  }

  /// The median of the seconds that `body` takes, called for about `seconds` after a first time.
  func median(_ body: () -> Void) -> Double {
    body()
    let start = Progress.now
    var times: [Double] = []
    repeat {
      let before = Progress.now
      body()
      times.append(Progress.now - before)
    } while Progress.now - start < seconds || times.count < 3
    times.sort()
    return times[times.count / 2]
  }

  /// The seconds of one training step: gradients, clipping and the optimizer.
  ///
  /// - Parameter profile: sums where the time goes, the first step left out.
  func trainingStep(of transformer: Transformer, profile: Profile? = nil) -> Double {
    let (inputs, targets) = shape.batch
    let optimizer: any Optimizer
    switch self.optimizer {
    case .adamw:
      optimizer = AdamW(transformer.parameters, .adamW(), skipsUntouched: sampledSoftmax > 0)
    case .muon:
      let muon = Muon(
        transformer.parameters, .muon(), configuration: transformer.configuration,
        skipsUntouched: sampledSoftmax > 0)
      muon.profile = profile
      optimizer = muon
    }
    let parameters = transformer.parameters
    let measure = { (name: String, floats: Int, body: () -> Void) in
      guard let profile else { return body() }
      let gradients = parameters.gradientStretches(in: 0..<parameters.count)
        .reduce(0) { $0 + $1.count }
      profile.measure(name, bytes: Double(4 * floats * gradients), body)
    }
    // Bench text is random: every token is as frequent, and so drawn as often.
    let share = Double(sampledSoftmax) / Double(shape.vocabSize)
    let drawn = (0..<sampledSoftmax).map { UInt32(Double($0) / share) }
    let sample =
      sampledSoftmax == 0 || share >= 1
      ? nil
      : VocabularySample(
        tokens: drawn, probabilities: drawn.map { _ in Float(share) })
    transformer.profile = profile
    defer { transformer.profile = nil }
    var steps = 0
    return median {
      if steps == 1 { profile?.reset() }
      steps += 1
      var norm = 0.0
      parameters.restartGradients()
      _ = transformer.addGradients(
        inputs: inputs, targets: targets, sequences: shape.sequences, sample: sample)
      measure("gradient norm", 1) { norm = parameters.gradientNorm() }
      let scale = clippingScale(norm: norm, limit: 1)
      if self.optimizer == .muon {
        optimizer.update(rateShare: 1e-3, gradientScale: scale)
      } else {
        measure("AdamW", 7) { optimizer.update(rateShare: 1e-3, gradientScale: scale) }
      }
    }
  }

  /// The seconds of a forward pass with the loss, over as many tokens as a step.
  func forwardPass(of transformer: Transformer) -> Double {
    let (inputs, targets) = shape.batch
    return median {
      _ = transformer.logProbabilities(of: targets, after: inputs, sequences: shape.sequences)
    }
  }

  /// The seconds of decoding one token of each of `samples` sequences, the first 128 of a window on
  /// average.
  func decodingStep(
    of transformer: Transformer, samples: Int = 1, seconds: Double? = nil
  ) -> Double {
    let seconds = seconds ?? self.seconds
    let length = min(128, shape.context)
    let cache = KVCache(transformer.configuration, sequences: samples, capacity: length)
    let tokens = [Token](repeating: 1, count: samples)
    var calls = 0
    let start = Progress.now
    var first = 0.0
    repeat {
      if cache.count == length { cache.rewind(to: 0) }
      _ = transformer.nextLogits(after: tokens, cache: cache)
      calls += 1
      if calls == 1 { first = Progress.now - start }
    } while Progress.now - start < seconds || calls < 3
    return (Progress.now - start - first) / Double(calls - 1)
  }
}
