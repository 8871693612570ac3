/// Quantiles of Student's t, by which intervals from few seeds are widened.

import Glibc

/// Student's t distribution.
package enum Student {
  /// P(T ≤ t) with `freedom` degrees of freedom, by the regularised incomplete beta function.
  package static func cumulative(_ t: Double, freedom: Double) -> Double {
    let tail = 0.5 * incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return t > 0 ? 1 - tail : tail
  }

  /// t with P(T ≤ t) = `probability`, by bisection.
  package static func quantile(_ probability: Double, freedom: Double) -> Double {
    precondition((0..<1).contains(probability) && probability > 0, "A quantile lies inside.")
    var (low, high) = (-1e6, 1e6)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if cumulative(middle, freedom: freedom) < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The standard normal distribution function.
  package static func normal(_ z: Double) -> Double { 0.5 * erfc(-z / 2.squareRoot()) }

  /// I_x(a, b) by Lentz's continued fraction (Abramowitz & Stegun 26.5.8).
  private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let logBeta: Double = lgamma(a) + lgamma(b) - lgamma(a + b)
    let front: Double = exp(a * log(x) + b * log(1 - x) - logBeta) / a
    let tiny = 1e-300
    var c = 1.0
    var d = 1 / max(abs(1 - (a + b) * x / (a + 1)), tiny)
    var fraction = d
    for m in 1...400 {
      let k = Double(m)
      let place = a + 2 * k
      let even: Double = k * (b - k) * x / ((place - 1) * place)
      let odd: Double = -(a + k) * (a + b + k) * x / (place * (place + 1))
      for numerator in [even, odd] {
        d = 1 / nonzero(1 + numerator * d, tiny)
        c = nonzero(1 + numerator / c, tiny)
        fraction *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return front * fraction
  }

  private static func nonzero(_ value: Double, _ tiny: Double) -> Double {
    abs(value) < tiny ? tiny : value
  }
}
