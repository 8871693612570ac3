/// Elementary functions of whole vectors: exponential, logistic function, hyperbolic tangent, root.

import KernelInterface

/// `eˣ`, relative error below 2e-7.
///
/// 0 below −88 (also for −∞), ∞ above 88.3, not a number for such input. `x = n ln 2 + r` with n
/// found by adding a large constant whose low bits then are the exponent of 2ⁿ; a polynomial gives
/// `eʳ` for `|r| ≤ ½ ln 2`.
@inline(__always)
func exponential(_ x: Lanes) -> Lanes {
  exponentialOfBounded(minimum(maximum(x, every(-88)), every(89)))
}

/// `eˣ` for `x ≤ 0` or not a number, as `exponential` but one instruction cheaper.
@inline(__always)
func exponentialOfNonPositive(_ x: Lanes) -> Lanes {
  exponentialOfBounded(maximum(x, every(-88)))
}

@inline(__always)
private func exponentialOfBounded(_ x: Lanes) -> Lanes {
  // 1.5 · 2²³ makes the unit in the last place 1; 127 is the bias of the exponent.
  let magic = every(12_582_912 + 127)
  let shifted = magic.addingProduct(x, every(1.442_695_04))
  let power = unsafeBitCast(unsafeBitCast(shifted, to: LaneBits.self) &<< 23, to: Lanes.self)
  let n = shifted - magic
  // ln 2 in two parts, so that the product with n is exact.
  let r = x.addingProduct(n, every(-0.693_359_375)).addingProduct(n, every(2.121_944_4e-4))
  var q = every(0.001_381_453_941_6)
  q = every(0.008_368_745_446_2).addingProduct(q, r)
  q = every(0.041_668_388_992_5).addingProduct(q, r)
  q = every(0.166_665_211_319_9).addingProduct(q, r)
  q = every(0.499_999_940_395_4).addingProduct(q, r)
  return (every(1) + r).addingProduct(q, r * r) * power
}

/// `1 / (1 + e⁻ˣ)`
@inline(__always)
func sigmoid(_ x: Lanes) -> Lanes {
  every(1) / (every(1) + exponential(-x))
}

/// The hyperbolic tangent, relative error below 5e-7.
///
/// `x P(x²) / Q(x²)`, fitted for the least relative error up to 9, where the tangent rounds to 1:
/// a shorter chain of dependent instructions than an exponential.
@inline(__always)
func tanh(_ x: Lanes) -> Lanes {
  let x = minimum(maximum(x, every(-9.02)), every(9.02))
  let square = x * x
  var p = every(1.225_532_5e-8)
  p = every(1.987_543_1e-5).addingProduct(p, square)
  p = every(3.453_977_4e-3).addingProduct(p, square)
  p = every(0.133_470_416).addingProduct(p, square)
  p = every(1).addingProduct(p, square)
  var q = every(7.343_507_5e-7)
  q = every(3.215_432_7e-4).addingProduct(q, square)
  q = every(2.572_194_1e-2).addingProduct(q, square)
  q = every(0.466_803_76).addingProduct(q, square)
  q = every(1).addingProduct(q, square)
  return x * p / q
}

/// `√x` for `x ≥ 0` finite, relative error below 2e-7.
///
/// The reciprocal root from the exponent's bits and three Newton steps, because Swift splits
/// `squareRoot()` of a vector into calls.
@inline(__always)
func squareRoot(_ x: Lanes) -> Lanes {
  let half = every(-0.5) * x
  var y = unsafeBitCast(
    LaneBits(repeating: 0x5f37_59df) &- (unsafeBitCast(x, to: LaneBits.self) &>> 1), to: Lanes.self)
  y *= every(1.5).addingProduct(half * y, y)
  y *= every(1.5).addingProduct(half * y, y)
  y *= every(1.5).addingProduct(half * y, y)
  let root = x * y
  return root.addingProduct(every(0.5) * y, x.addingProduct(-root, root))
}

/// `eˣ` of one number, by the same arithmetic as the vectors.
@inline(__always)
func exponential(_ x: Float) -> Float {
  exponential(every(x))[0]
}
