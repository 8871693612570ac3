/// Fits a law to losses: variable projection for a start, then Gauss-Newton steps on ln L.

import Glibc

/// A law, and how well it describes the points that it was fitted to.
public struct LawFit: Sendable, Codable, Equatable {
  /// The law.
  public let law: ScalingLaw
  /// Its form.
  public let form: LawForm
  /// The residual of ln L from which on outliers counted linearly; nil for least squares.
  public let outlierSize: Double?
  /// Points that it was fitted to.
  public let points: Int
  /// Mean Huber loss of the residuals of ln L, doubled: their mean square if none is an outlier.
  public let meanSquare: Double
  /// Akaike's criterion corrected for few points (Hurvich & Tsai 1989); lower is better. Infinite
  /// with too few points to tell.
  public let criterion: Double
  /// 1 − the residuals' share of the variance of ln L.
  public let rSquared: Double

  /// A residual standard deviation of ln L, corrected for the numbers that were fitted.
  public var residualDeviation: Double {
    let free = max(1, points - form.parameterCount)
    return (meanSquare * Double(points) / Double(free)).squareRoot()
  }

  /// The residuals of ln L from which on outliers count linearly (Huber 1964): 1.345 robust
  /// standard deviations, which keeps 95% of the efficiency of least squares, or a number.
  public enum Huber: Sendable, Equatable {
    /// From the residuals' own spread.
    case adaptive
    /// Fixed; Hoffmann et al. use 0.001.
    case fixed(Double)
    /// None: least squares.
    case none
  }

  /// The best law of `form`, or nil if there are fewer points than free numbers or no fit converges.
  ///
  /// With the exponents fixed, the offset and the coefficients are a linear problem, so a grid over
  /// the exponents alone finds the valley (variable projection; arXiv 2603.22339 shows how the
  /// parabola method goes wrong); Levenberg-Marquardt steps on ln L with Huber's weights go to its
  /// bottom. Deterministic. Cost: some thousand evaluations of the law a point.
  public static func fit(_ form: LawForm, to points: [LossPoint], huber: Huber = .adaptive)
    -> LawFit?
  {
    guard points.count >= form.parameterCount else { return nil }
    let problem = LawProblem(form: form, points: points)
    guard let start = problem.starts().first else { return nil }
    var delta = Double.infinity
    var best = start
    for candidate in problem.starts().prefix(4) {
      let refined = problem.minimize(from: candidate, delta: .infinity)
      if problem.cost(refined, .infinity) < problem.cost(best, .infinity) { best = refined }
    }
    switch huber {
    case .none: break
    case .fixed(let value): delta = value
    case .adaptive:
      let spread = 1.4826 * median(problem.residuals(best).map(abs))
      if spread > 0 { delta = 1.345 * spread }
    }
    if delta.isFinite {
      var robust = problem.minimize(from: best, delta: delta)
      for candidate in problem.starts().prefix(4) {
        let refined = problem.minimize(from: candidate, delta: delta)
        if problem.cost(refined, delta) < problem.cost(robust, delta) { robust = refined }
      }
      best = robust
    }
    let law = problem.law(best)
    guard law.terms.allSatisfy({ $0.exponent.isFinite && $0.coefficient.isFinite }) else {
      return nil
    }
    return LawFit(law: law, problem: problem, cost: problem.cost(best, delta), delta: delta)
  }

  /// The best law near `law`, which must have been fitted to points like these: what a bootstrap
  /// does some thousand times.
  static func refit(_ law: ScalingLaw, form: LawForm, to points: [LossPoint], delta: Double)
    -> LawFit
  {
    let problem = LawProblem(form: form, points: points)
    let theta = problem.minimize(from: problem.theta(of: law), delta: delta)
    return LawFit(
      law: problem.law(theta), problem: problem, cost: problem.cost(theta, delta), delta: delta)
  }

  private init(law: ScalingLaw, problem: LawProblem, cost: Double, delta: Double) {
    self.law = law
    form = problem.form
    outlierSize = delta.isFinite ? delta : nil
    points = problem.points.count
    let count = Double(points)
    meanSquare = 2 * cost / count
    // The residuals' deviation is a number of its own.
    let free = Double(problem.form.parameterCount + 1)
    criterion =
      count > free + 1
      ? count * log(max(meanSquare, 1e-30)) + 2 * free + 2 * free * (free + 1) / (count - free - 1)
      : .infinity
    let logs = problem.points.map { log($0.loss) }
    let mean = logs.reduce(0, +) / count
    let total = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    rSquared = total > 0 ? 1 - meanSquare * count / total : 1
  }
}

/// The middle of some numbers; 0 of none.
func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return 0 }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
