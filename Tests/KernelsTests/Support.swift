/// What the tests of kernels share: the sets to run, random buffers, and comparison.

import Kernels
import Testing

/// One set of kernels, as an argument of a test.
struct KernelCase: Sendable, CustomTestStringConvertible {
  let kernels: any KernelSet.Type

  var testDescription: String { kernels.name }

  static let all = kernelSets.map(KernelCase.init)
}

/// Sizes around every boundary that a vectorised loop has.
let edgeSizes = [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 384]

/// Reproducible random numbers (SplitMix64).
struct Noise {
  private var state: UInt64

  init(_ seed: Int) {
    state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1
  }

  mutating func bits() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Numbers between `-size` and `size`.
  mutating func floats(_ count: Int, size: Float = 1) -> [Float] {
    (0..<count).map { _ in (Float(bits() >> 40) / Float(1 << 23) - 1) * size }
  }
}

/// The same numbers in double precision.
func doubles(_ values: [Float]) -> [Double] { values.map(Double.init) }

/// Fails unless every value is within `tolerance` of the truth, relative to the largest truth.
func expectClose(
  _ actual: [Float], _ expected: [Double], tolerance: Double = 2e-6, _ name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, sourceLocation: sourceLocation)
  let size = max(expected.lazy.map(abs).max() ?? 0, 1e-30)
  var worst = 0.0
  var place = -1
  for (index, (a, b)) in zip(actual, expected).enumerated() {
    let error = abs(Double(a) - b) / size
    if !(error <= worst) { (worst, place) = (error, index) }
  }
  #expect(
    worst <= tolerance, "\(name): off by \(worst) of the largest, at \(place) of \(actual.count)",
    sourceLocation: sourceLocation)
}

/// The gradient of `f` at `x` by central differences in double precision.
func centralDifferences(at x: [Double], step: Double = 1e-5, of f: ([Double]) -> Double) -> [Double]
{
  x.indices.map { index in
    var (low, high) = (x, x)
    low[index] -= step
    high[index] += step
    return (f(high) - f(low)) / (2 * step)
  }
}
