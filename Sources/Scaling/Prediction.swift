/// The loss of a run that was not made, with the interval in which its measurement should fall.

import Glibc
import Inference
import Machine

/// What laws of several forms say together about one more size.
///
/// Forms count by their Akaike weights, in the estimate and in every draw, so that the interval is
/// wide where the points cannot tell a floor from a pure power law. A draw adds the noise of as many
/// seeds as will be averaged, and what the form itself is off: where the sizes lie further from the
/// law than their seeds explain, the next one may too, and the further out the more.
public struct Prediction: Sendable, Codable, Equatable {
  /// The expected loss.
  public let loss: Double
  /// The lower end of the 95% interval.
  public let low: Double
  /// The upper end of the 95% interval.
  public let high: Double

  /// Predicts the mean loss of `seeds` runs at `values`.
  ///
  /// - Parameter bootstraps: of the same runs, one for each form.
  public init(
    _ bootstraps: [Bootstrap], at values: [ScalingVariable: Double], seeds: Int, seed: UInt64 = 1
  ) {
    precondition(!bootstraps.isEmpty && seeds > 0, "Something must predict something.")
    let weights = Self.weights(bootstraps.map(\.fit.criterion))
    loss = zip(bootstraps, weights).reduce(0) { $0 + $1.1 * $1.0.fit.law.loss(values) }
    var random = RandomSource(seed: seed, stream: 0)
    let draws = bootstraps[0].draws.count
    let deviations = bootstraps[0].deviations
    let misfits = bootstraps.map { $0.lackOfFit * $0.reach(of: values) }
    let predicted = (0..<draws).map { draw -> Double in
      let weights = Self.weights(bootstraps.map { $0.criteria[draw] })
      var place = random.nextDouble()
      var chosen = bootstraps.count - 1
      for index in bootstraps.indices {
        place -= weights[index]
        if place < 0 {
          chosen = index
          break
        }
      }
      var noise = 0.0
      if !deviations.isEmpty {
        for _ in 0..<seeds { noise += deviations[random.next(below: deviations.count)] }
      }
      noise = noise / Double(seeds) + misfits[chosen] * random.nextNormal()
      return bootstraps[chosen].draws[draw].loss(values) * exp(noise)
    }
    let interval = Bootstrap.interval(of: predicted, tail: bootstraps[0].tail)
    low = interval.low
    high = interval.high
  }

  /// Whether a measured loss lies inside.
  public func contains(_ measured: Double) -> Bool { measured >= low && measured <= high }

  /// How much each form counts: exp(−½ difference of the criteria), together 1.
  public static func weights(_ criteria: [Double]) -> [Double] {
    let best = criteria.min() ?? 0
    guard best.isFinite else {
      return criteria.map { _ in 1 / Double(criteria.count) }
    }
    let raw = criteria.map { exp(-($0 - best) / 2) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total }
  }
}
