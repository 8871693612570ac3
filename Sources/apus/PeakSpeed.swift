/// The limit that a measured speed is compared with, measured several times.

import Kernels

/// The best of short rounds before, between and after the work that is compared with it.
///
/// One round alone may meet another program that computes, and work would then seem to go past the
/// peak.
package struct PeakSpeed {
  /// FLOP/s, the most that a round has reached.
  package private(set) var flops = 0.0
  private let round: () -> Double

  /// What registers alone reach on all threads, in rounds of a tenth of a second.
  init(of precision: Precision = .fp32) {
    self.init { MachineSpeed.peak(of: precision, seconds: 0.1) }
  }

  /// A limit that `round` measures in FLOP/s.
  package init(round: @escaping () -> Double) { self.round = round }

  /// Measures for so many rounds more.
  package mutating func measure(rounds: Int = 2) {
    for _ in 0..<rounds { flops = max(flops, round()) }
  }
}
