/// How far a fitted law can be trusted: seeds and test documents drawn again, and the fit repeated.

import Glibc
import Inference
import Machine

/// The laws that fit resampled studies.
///
/// A draw takes the test clusters with replacement, the same for all runs, and the seeds of every
/// size with replacement; their deviations from the size's mean are widened by √(s / (s − 1)),
/// because s seeds show only (s − 1) / s of the variance. Sizes with one run each are resampled as
/// points. Intervals are percentiles, taken further out as Student's t asks for so few seeds
/// (Hesterberg 2015, "What teachers should know about the bootstrap", section 4.4). What depends on
/// nothing but the test set moves all points together and mostly leaves the exponents alone.
public struct Bootstrap: Sendable {
  /// The fit to the study as it is.
  public let fit: LawFit
  /// The laws of the draws.
  public let draws: [ScalingLaw]
  /// The criteria of the draws' fits, to weigh forms against each other.
  package let criteria: [Double]
  /// Deviations of ln L from the mean of its size, widened.
  package let deviations: [Double]
  /// The part of the sizes' scatter around the law that their seeds do not explain, in ln L: how far
  /// the form itself is off.
  package let lackOfFit: Double
  private let sites: [[ScalingVariable: Double]]
  private let form: LawForm
  /// The share of the draws that an interval leaves out at each end.
  package let tail: Double

  /// Fits `form` to `groups` (runs that differ by their seed alone) and to `draws` resamplings.
  ///
  /// - Parameter resamplesClusters: whether test clusters are drawn too; not for predictions of a
  ///   loss on the same test set.
  /// - Returns: nil if the form has more numbers than there are points.
  public init?(
    _ groups: [[LossSample]], form: LawForm, huber: LawFit.Huber = .adaptive, draws: Int = 4_000,
    resamplesClusters: Bool = true, seed: UInt64 = 0
  ) {
    let points = Self.points(groups.map { $0.map { log($0.loss) } }, groups)
    guard let fit = LawFit.fit(form, to: points, huber: huber) else { return nil }
    self.fit = fit
    let delta = fit.outlierSize ?? .infinity
    let clusters = groups.first?.first?.nats.count ?? 1
    let hasSeeds = groups.contains { $0.count > 1 }
    let losses = groups.map { $0.map { log($0.loss) } }
    deviations = losses.flatMap { Self.widened($0).deviations }
    lackOfFit = Self.lackOfFit(groups, fit.law, parameters: form.parameterCount)
    sites = groups.compactMap { $0.first?.values }
    self.form = form
    let freedom =
      hasSeeds
      ? Self.freedom(groups, form.variables) : Double(max(1, points.count - form.parameterCount))
    tail = Student.normal(Student.quantile(0.025, freedom: freedom))

    var random = RandomSource(seed: seed, stream: 0)
    var laws: [ScalingLaw] = []
    var criteria: [Double] = []
    var counts = [Int32](repeating: 1, count: clusters)
    for _ in 0..<draws {
      var drawn = losses
      if resamplesClusters, clusters > 1 {
        for index in counts.indices { counts[index] = 0 }
        for _ in 0..<clusters { counts[random.next(below: clusters)] += 1 }
        drawn = groups.map { $0.map { log($0.loss(clusters: counts)) } }
      }
      var sample: [LossPoint] = []
      if hasSeeds {
        for (group, values) in zip(groups, drawn) {
          let (mean, deviations) = Self.widened(values)
          for run in group {
            let pick = deviations.isEmpty ? 0 : deviations[random.next(below: deviations.count)]
            sample.append(LossPoint(run.values, loss: exp(mean + pick)))
          }
        }
      } else {
        let all = Self.points(drawn, groups)
        sample = all.map { _ in all[random.next(below: all.count)] }
      }
      let refit = LawFit.refit(fit.law, form: form, to: sample, delta: delta)
      laws.append(refit.law)
      criteria.append(refit.criterion)
    }
    self.draws = laws
    self.criteria = criteria
  }

  /// Degrees of freedom of an exponent's variance by Satterthwaite's formula: sizes count by the
  /// squares of their distances from the middle, so that few seeds at the ends count double. Of
  /// several variables the one with the fewest counts.
  static func freedom(_ groups: [[LossSample]], _ variables: [ScalingVariable]) -> Double {
    variables.map { freedom(groups, $0) }.min() ?? 1
  }

  private static func freedom(_ groups: [[LossSample]], _ variable: ScalingVariable) -> Double {
    let values = groups.map { group in log(group[0].values[variable] ?? 1) }
    let runs = groups.map { Double($0.count) }
    let center = zip(values, runs).reduce(0) { $0 + $1.0 * $1.1 } / runs.reduce(0, +)
    var (sum, squares) = (0.0, 0.0)
    for (value, count) in zip(values, runs) where count > 1 {
      let leverage = count * (value - center) * (value - center)
      sum += leverage
      squares += leverage * leverage / (count - 1)
    }
    return squares > 0 ? max(1, sum * sum / squares) : 1
  }

  /// √(variance of the sizes' means around the law − variance that their seeds explain), or 0.
  private static func lackOfFit(
    _ groups: [[LossSample]], _ law: ScalingLaw, parameters: Int
  ) -> Double {
    let known = groups.filter { $0.count > 1 }
    guard known.count > parameters else { return 0 }
    var (scatter, explained) = (0.0, 0.0)
    for group in known {
      let losses = group.map { log($0.loss) }
      let count = Double(losses.count)
      let mean = losses.reduce(0, +) / count
      let residual = mean - log(law.loss(group[0].values))
      scatter += residual * residual
      explained += losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count
    }
    let variance = scatter / Double(known.count - parameters) - explained / Double(known.count)
    return max(0, variance).squareRoot()
  }

  /// By how much the misfit of a new point at `values` exceeds that of a fitted one: the factor
  /// √(1 + 1/n + Σ (x − mean)² / Sxx) of a straight line in the logarithms.
  package func reach(of values: [ScalingVariable: Double]) -> Double {
    let count = Double(max(1, sites.count))
    return form.variables.reduce(1 + 1 / count) { sum, variable in
      let places = sites.compactMap { $0[variable] }.map { log($0) }
      guard let value = values[variable], places.count > 1 else { return sum }
      let mean = places.reduce(0, +) / Double(places.count)
      let spread = places.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let distance = log(value) - mean
      return spread > 0 ? sum + distance * distance / spread : sum
    }.squareRoot()
  }

  private static func points(_ logs: [[Double]], _ groups: [[LossSample]]) -> [LossPoint] {
    zip(groups, logs).flatMap { group, values in
      zip(group, values).map { LossPoint($0.values, loss: exp($1)) }
    }
  }

  /// The mean of a size's runs, and their deviations from it; none from a single run.
  private static func widened(_ values: [Double]) -> (mean: Double, deviations: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / max(count, 1)
    guard values.count > 1 else { return (mean, []) }
    let factor = (count / (count - 1)).squareRoot()
    return (mean, values.map { factor * ($0 - mean) })
  }

  /// The 95% interval of a number of the law.
  public func interval(_ number: (ScalingLaw) -> Double) -> ConfidenceInterval {
    Self.interval(of: draws.map(number), tail: tail)
  }

  /// Ends that leave out a share of `tail` of the finite values at each side.
  static func interval(of values: [Double], tail: Double) -> ConfidenceInterval {
    let sorted = values.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return ConfidenceInterval(low: -.infinity, high: .infinity) }
    return ConfidenceInterval(
      low: ClusteredRatio.percentile(100 * tail, ofSorted: sorted),
      high: ClusteredRatio.percentile(100 * (1 - tail), ofSorted: sorted))
  }

  /// The 95% interval of the exponent of a variable.
  public func exponent(of variable: ScalingVariable) -> ConfidenceInterval {
    interval { law in law.terms.first { $0.variable == variable }?.exponent ?? .nan }
  }
}
