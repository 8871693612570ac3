/// How far a ratio of sums can be trusted when its terms come in clusters, as tokens do in documents.

import Glibc
import Machine

/// Two ends between which a number lies, with a confidence stated elsewhere.
public struct ConfidenceInterval: Sendable, Equatable {
  /// The lower end.
  public var low: Double
  /// The upper end.
  public var high: Double

  /// An interval; `low` is at most `high`.
  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// The interval of an increasing function of the number.
  public func mapped(_ function: (Double) -> Double) -> ConfidenceInterval {
    ConfidenceInterval(low: function(low), high: function(high))
  }
}

/// A ratio Σ numerator / Σ denominator over clusters that are independent of each other, although
/// what is inside a cluster is not.
public struct ClusteredRatio: Sendable {
  /// With fewer clusters than this the interval is a bootstrap.
  public static let manyClusters = 50
  /// Resamplings of the bootstrap.
  public static let draws = 4_000

  /// A sum in every cluster.
  public let numerators: [Double]
  /// What the sum is divided by.
  public let denominators: [Double]

  /// A ratio over clusters; both arrays have one number a cluster.
  public init(numerators: [Double], denominators: [Double]) {
    precondition(numerators.count == denominators.count, "Every cluster needs both sums.")
    self.numerators = numerators
    self.denominators = denominators
  }

  /// Σ numerators / Σ denominators.
  public var ratio: Double { numerators.reduce(0, +) / denominators.reduce(0, +) }

  /// The linearised standard error of the ratio, nil for fewer than two clusters:
  /// SE² = D/(D−1) · Σ(numerator − ratio · denominator)² / (Σ denominators)².
  public var standardError: Double? {
    let count = Double(numerators.count)
    let total = denominators.reduce(0, +)
    guard count > 1, total > 0 else { return nil }
    let ratio = ratio
    var squares = 0.0
    for (numerator, denominator) in zip(numerators, denominators) {
      let residual = numerator - ratio * denominator
      squares += residual * residual
    }
    return (count / (count - 1) * squares).squareRoot() / total
  }

  /// The 95 % interval: ±1.96 standard errors, or a percentile bootstrap when clusters are few;
  /// nil for fewer than two clusters.
  public func interval95(seed: UInt64 = 0) -> ConfidenceInterval? {
    guard let error = standardError else { return nil }
    if numerators.count < Self.manyClusters {
      return bootstrap95(draws: Self.draws, seed: seed)
    }
    return ConfidenceInterval(low: ratio - 1.96 * error, high: ratio + 1.96 * error)
  }

  /// The 2.5th and 97.5th percentile of the ratio over `draws` resamplings of the clusters; nil for
  /// fewer than two clusters.
  public func bootstrap95(draws: Int, seed: UInt64) -> ConfidenceInterval? {
    let count = numerators.count
    guard count > 1, draws > 1 else { return nil }
    var random = RandomSource(seed: seed, stream: 0)
    var ratios: [Double] = []
    for _ in 0..<draws {
      var numerator = 0.0
      var denominator = 0.0
      for _ in 0..<count {
        let pick = random.next(below: count)
        numerator += numerators[pick]
        denominator += denominators[pick]
      }
      // A draw of empty clusters alone says nothing about the ratio.
      if denominator > 0 { ratios.append(numerator / denominator) }
    }
    guard !ratios.isEmpty else { return nil }
    ratios.sort()
    return ConfidenceInterval(
      low: Self.percentile(2.5, ofSorted: ratios), high: Self.percentile(97.5, ofSorted: ratios))
  }

  /// The `percent`-th percentile of ascending `values`, interpolated linearly between neighbours.
  public static func percentile(_ percent: Double, ofSorted values: [Double]) -> Double {
    precondition(!values.isEmpty, "There is no percentile of nothing.")
    let place = percent / 100 * Double(values.count - 1)
    let index = min(max(Int(place), 0), values.count - 1)
    let next = min(index + 1, values.count - 1)
    return values[index] + (place - Double(index)) * (values[next] - values[index])
  }
}
