/// Which tokens an update looks at: frequent ones often, rare ones now and then.

import Machine

/// Draws sets of tokens; token `t` is in one with probability `min(1, c · √frequency)`.
///
/// Every token comes back at even intervals, from a random start, so that no set of draws misses it
/// for long. Tokens that never occur are never drawn.
package struct FrequencyDraw {
  /// What the loss of a token counts when it is drawn: its share of the text over its probability.
  package let weights: [Float]
  private let probabilities: [Double]
  /// How far every token is from its next turn, in 0..<1: it is due at 1.
  private var phases: [Double]

  /// Draws of `rows` tokens on average, or of all that occur if they are fewer.
  package init(_ frequencies: [Int], rows: Int, random: inout RandomSource) {
    let total = Double(max(1, frequencies.reduce(0, +)))
    let roots = frequencies.map { (Double($0) / total).squareRoot() }
    func probabilities(_ factor: Double) -> [Double] { roots.map { min(1, factor * $0) } }
    // The sum grows with the factor: halving an interval finds it.
    var (low, high) = (0.0, 1 / max(roots.filter { $0 > 0 }.min() ?? 1, 1e-12))
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if probabilities(middle).reduce(0, +) < Double(rows) { low = middle } else { high = middle }
    }
    let chosen = probabilities(high)
    self.probabilities = chosen
    weights = frequencies.indices.map {
      chosen[$0] > 0 ? Float(Double(frequencies[$0]) / total / chosen[$0]) : 0
    }
    phases = frequencies.map { _ in random.nextDouble() }
  }

  /// The tokens of the next draw, ascending.
  package mutating func next() -> [Int] {
    var drawn: [Int] = []
    for token in phases.indices {
      phases[token] += probabilities[token]
      if phases[token] >= 1 {
        phases[token] -= 1
        drawn.append(token)
      }
    }
    return drawn
  }
}
