/// What the tests of this module share: repeatable numbers, and parameters that must be there.

import Autograd

/// A linear congruential generator (Knuth's MMIX constants); good enough to fill a matrix.
struct SystemlessRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A float in −1..<1.
  mutating func float() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) / Float(1 << 23) - 1
  }

  /// A number below `bound`.
  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}

extension ParameterStore {
  /// The parameter of that name; a test that misspells it stops.
  func known(_ name: String) -> Parameter {
    guard let parameter = self[name] else { preconditionFailure("There is no \(name).") }
    return parameter
  }
}
