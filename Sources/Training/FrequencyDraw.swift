/// Which tokens an update looks at: frequent ones often, rare ones now and then.

import Glibc
import Machine

/// Draws sets of tokens; token `t` is in one with probability `min(1, c · frequency^exponent)`.
///
/// Every token comes back at even intervals, from a random start, so that no set of draws misses it
/// for long. Tokens that never occur are never drawn.
package struct FrequencyDraw: Sendable {
  /// What the loss of a token counts when it is drawn: its share of the text over its probability.
  package let weights: [Float]
  /// The probability with which every token is in a set.
  package let probabilities: [Double]
  /// Where every token starts on the way to its turn, and how far a draw brings it, in units of 2⁻⁶⁴: its turn
  /// comes when the two pass 1, which is when a sum of 64 bits overflows.
  private let (phases, strides): ([UInt64], [UInt64])

  /// Draws of `rows` tokens on average, or of all that occur if they are fewer.
  package init(
    _ frequencies: [Int], rows: Int, exponent: Double = 0.5, random: inout RandomSource
  ) {
    let total = Double(max(1, frequencies.reduce(0, +)))
    let shares = frequencies.map { Double($0) / total }
    let powers = shares.map { $0 > 0 ? pow($0, exponent) : 0 }
    func probabilities(_ factor: Double) -> [Double] { powers.map { min(1, factor * $0) } }
    // The sum grows with the factor: halving an interval finds it.
    var (low, high) = (0.0, 1 / max(powers.filter { $0 > 0 }.min() ?? 1, 1e-12))
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if probabilities(middle).reduce(0, +) < Double(rows) { low = middle } else { high = middle }
    }
    let chosen = probabilities(high)
    self.probabilities = chosen
    weights = zip(shares, chosen).map { $1 > 0 ? Float($0 / $1) : 0 }
    // A token that is in every set goes all the way but one unit, from the last unit on.
    phases = chosen.map { probability in
      let phase = Self.units(random.nextDouble())
      return probability < 1 ? phase : .max
    }
    strides = chosen.map(Self.units)
  }

  /// Draws of `rows` tokens that are to stand for a vocabulary, by the ¾ power of their frequency (as
  /// in arXiv 1310.4546); those that do not occur as if they did once.
  package init(ofVocabulary frequencies: [Int], rows: Int, random: inout RandomSource) {
    self.init(frequencies.map { $0 + 1 }, rows: rows, exponent: 0.75, random: &random)
  }

  /// The tokens of the draw of that number, ascending; any number may come next.
  package func tokens(ofDraw number: Int) -> [Int] {
    let turns = UInt64(truncatingIfNeeded: number)
    return [Int](unsafeUninitializedCapacity: phases.count) { drawn, count in
      phases.withUnsafeBufferPointer { phases in
        strides.withUnsafeBufferPointer { strides in
          // Every token is written, and stays if it is due: rare branches that cannot be foreseen cost more.
          for token in phases.indices {
            drawn[count] = token
            let before = phases[token] &+ turns &* strides[token]
            count += before &+ strides[token] < before ? 1 : 0
          }
        }
      }
    }
  }

  /// A share of a way in units of 2⁻⁶⁴.
  private static func units(_ share: Double) -> UInt64 {
    share < 1 ? UInt64(max(0, share) * 0x1p64) : .max
  }
}
