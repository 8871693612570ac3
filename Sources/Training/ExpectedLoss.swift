/// What a run will come to, by laws that were fitted to runs.

import Glibc
import Models

/// The bits per byte that a plan is expected to reach on held-out text, and how sure that is.
public struct ExpectedLoss: Sendable, Equatable {
  /// The most likely bits per byte.
  public var bitsPerByte: Double
  /// Where nine runs in ten should end.
  public var interval: ClosedRange<Double>

  /// `floor + scale · C^−exponent` bits per byte after `C` useful FLOPs of training, the head counted as
  /// far as the loss looks at it.
  struct Law {
    var family: TransformerConfiguration.Family
    var optimizer: OptimizerOptions.Kind
    var start: StartKind
    var floor: Double
    var scale: Double
    var exponent: Double
    /// The standard deviation of runs around the law.
    var spread: Double
    /// Where it was measured.
    var flops: ClosedRange<Double>
    /// Runs that it was fitted to.
    var runs: Int
  }

  /// Fitted to `docs/recipe-runs.csv`: runs on English books with the sizes that the plan chooses.
  static let laws: [Law] = [
    // Table: written by scripts/fit-recipe.
    Law(
      family: .gpt2, optimizer: .adamw, start: .random, floor: 0.9, scale: 34.887,
      exponent: 0.1067, spread: 0.03, flops: 1.84e13...3.08e14, runs: 7),
    Law(
      family: .nanochat, optimizer: .adamw, start: .random, floor: 0.9, scale: 12.909,
      exponent: 0.07896, spread: 0.06, flops: 4.58e13...4.58e13, runs: 1),
    Law(
      family: .nanochat, optimizer: .muon, start: .counts, floor: 0.9, scale: 3.916,
      exponent: 0.05211, spread: 0.03, flops: 2.31e12...2.21e14, runs: 11),
    Law(
      family: .nanochat, optimizer: .muon, start: .random, floor: 0.9, scale: 37.465,
      exponent: 0.1147, spread: 0.03, flops: 5.95e12...3.32e14, runs: 11),
  ]

  /// What a run of `flops` useful FLOPs on English prose comes to; nil if no such runs were measured.
  ///
  /// Beyond what was measured the interval widens: by half for every factor of ten.
  public init?(
    family: TransformerConfiguration.Family, optimizer: OptimizerOptions.Kind,
    start: StartKind = .random, flops: Double
  ) {
    guard flops > 0,
      let law = Self.laws.first(where: {
        $0.family == family && $0.optimizer == optimizer && $0.start == start
      })
    else { return nil }
    bitsPerByte = law.floor + law.scale * pow(flops, -law.exponent)
    let inside = min(max(flops, law.flops.lowerBound), law.flops.upperBound)
    // The mean of so few runs is itself uncertain.
    let error = law.spread * (1 + 1 / Double(law.runs)).squareRoot()
    let width = 1.645 * error * (1 + 0.5 * abs(log10(flops / inside)))
    interval = bitsPerByte - width...bitsPerByte + width
  }
}

extension TrainingPlan {
  /// What the run is expected to come to on text like English books; nil if nothing like it was
  /// measured, or if the corpus is so small that it is read more than four times.
  public var expectedLoss: ExpectedLoss? {
    // A token is about four bytes.
    if let corpusBytes, expectedTokens > corpusBytes { return nil }
    // Runs that start from counts were measured with sampled losses of large vocabularies.
    if start != nil, sampledTokens == nil || configuration.vocabularySize < 1 << 16 { return nil }
    return ExpectedLoss(
      family: configuration.family, optimizer: optimizer.kind,
      start: start == nil ? .random : .counts,
      flops: Double(expectedTokens) * flopsPerToken)
  }
}
