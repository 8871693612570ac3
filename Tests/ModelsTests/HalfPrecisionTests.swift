/// Whole models in half precision: how far gradients are from those of float32, and what stays exact.

import Autograd
import Kernels
import Machine
import Models
import Testing

@Suite("Models in half precision")
struct HalfPrecisionTests {
  /// Precisions other than float32 that this processor has; a test without any says so.
  static let available = Precision.allCases.filter { $0 != .fp32 && $0.isAvailable }

  /// A model whose products are large enough to be packed, not near its start.
  private static func model(_ family: TransformerConfiguration.Family) -> Transformer {
    let configuration = TransformerConfiguration(
      family: family, vocabularySize: 211, contextLength: 64, layers: 2, width: 64, heads: 4)
    let model = Transformer(configuration, seed: 5)
    var random = RandomSource(seed: 11, stream: 0)
    for parameter in model.parameters.parameters {
      for index in 0..<parameter.count {
        parameter.value[index] += 0.05 * Float(random.nextNormal())
      }
    }
    return model
  }

  private static func tokens(seed: UInt64) -> [UInt32] {
    var random = RandomSource(seed: seed, stream: 1)
    return (0..<256).map { _ in UInt32.random(in: 0..<211, using: &random) }
  }

  private static func gradients(
    _ precision: Precision, _ family: TransformerConfiguration.Family,
    change: (Transformer) -> Void = { _ in }
  ) -> (loss: Double, model: Transformer) {
    let model = Self.model(family)
    change(model)
    model.trainingPrecision = precision
    model.parameters.zeroGradients()
    let loss = model.addGradients(
      inputs: Self.tokens(seed: 1), targets: Self.tokens(seed: 2), sequences: 4)
    return (loss, model)
  }

  @Test(
    "every gradient is within 2% of that in float32, and the loss within a thousandth",
    .enabled(if: !available.isEmpty, "this processor has no half precision"),
    arguments: available, TransformerConfiguration.Family.allCases)
  func gradients(_ precision: Precision, _ family: TransformerConfiguration.Family) {
    let truth = Self.gradients(.fp32, family)
    let rounded = Self.gradients(precision, family)
    #expect(rounded.loss != truth.loss, "Nothing was rounded.")
    #expect(abs(rounded.loss - truth.loss) < 1e-3 * truth.loss)
    for (a, b) in zip(truth.model.parameters.parameters, rounded.model.parameters.parameters) {
      var (difference, size) = (0.0, 0.0)
      for index in 0..<a.count {
        let distance = Double(b.gradient[index]) - Double(a.gradient[index])
        difference += distance * distance
        size += Double(a.gradient[index]) * Double(a.gradient[index])
      }
      // The gradient of a key's bias is rounding error in both.
      let isNoise = a.name.hasSuffix("qkv.bias")
      #expect(
        difference.squareRoot() <= (isNoise ? 0.05 : 0.02) * size.squareRoot(), "\(a.name)")
    }
  }

  @Test(
    "the same bits come out every time",
    .enabled(if: !available.isEmpty, "this processor has no half precision"), arguments: available)
  func determinism(_ precision: Precision) {
    let (first, second) = (
      Self.gradients(precision, .nanochat), Self.gradients(precision, .nanochat)
    )
    let count = first.model.parameters.count
    #expect(first.loss == second.loss)
    #expect(
      (0..<count).allSatisfy {
        first.model.parameters.gradients[$0] == second.model.parameters.gradients[$0]
      })
  }

  @Test(
    "a weight that is infinite or no number is seen in the loss, large ones are not",
    .enabled(if: !available.isEmpty, "this processor has no half precision"),
    arguments: available, [Float.infinity, .nan, 1e20])
  func nonFinite(_ precision: Precision, _ value: Float) {
    func loss(_ precision: Precision) -> Double {
      Self.gradients(precision, .llama) { model in
        model.parameters["blocks.1.feedForward.up.weight"]?.value[70] = value
      }.loss
    }
    #expect(loss(precision).isFinite == loss(.fp32).isFinite)
  }

  @Test(
    "gradients that explode are as large as in float32, and no number where they are none there",
    .enabled(if: !available.isEmpty, "this processor has no half precision"),
    arguments: available, [Float(1e8), 1e24, 1e32, .greatestFiniteMagnitude])
  func explodingGradients(_ precision: Precision, _ factor: Float) {
    // With the last factor sums of products leave the range of a float.
    func norm(_ precision: Precision) -> Double {
      let model = Self.model(.gpt2)
      if let weight = model.parameters["finalNorm.weight"] {
        for index in 0..<weight.count { weight.value[index] *= 1_000 }
      }
      model.trainingPrecision = precision
      model.parameters.zeroGradients()
      _ = model.addGradients(
        inputs: Self.tokens(seed: 1), targets: Self.tokens(seed: 2), sequences: 4,
        gradientScale: factor)
      return model.parameters.parameters.reduce(0.0) { sum, parameter in
        (0..<parameter.count).reduce(sum) {
          let value = Double(parameter.gradient[$1])
          return $0 + value * value
        }
      }.squareRoot()
    }
    let (truth, rounded) = (norm(.fp32), norm(precision))
    #expect(rounded.isFinite == truth.isFinite)
    if truth.isFinite { #expect(abs(rounded - truth) < 0.02 * truth) }
    #expect(truth.isFinite == (factor < 1e33))
    #expect(truth > 0.01 * Double(factor) || !truth.isFinite)
  }

  @Test(
    "reading a text in half precision gives nearly the same probabilities",
    .enabled(if: !available.isEmpty, "this processor has no half precision"), arguments: available)
  func reading(_ precision: Precision) {
    let model = Self.model(.qwen3)
    let (inputs, targets) = (Self.tokens(seed: 3), Self.tokens(seed: 4))
    let truth = model.logProbabilities(of: targets, after: inputs, sequences: 4)
    model.readingPrecision = precision
    let rounded = model.logProbabilities(of: targets, after: inputs, sequences: 4)
    #expect(truth != rounded)
    #expect(zip(truth, rounded).allSatisfy { abs($0 - $1) < 0.05 })
  }
}
