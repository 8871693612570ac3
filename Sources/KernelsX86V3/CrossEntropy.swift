/// Softmax and the cross-entropy of logits, with its gradient in their place.

import Glibc
import KernelInterface

extension VectorKernels {
  /// Softmax of one row in place, at temperature 1; −∞ gives 0.
  public static func softmax(_ x: MutableFloats, count: Int) {
    let total = replaceByExponentials(x, shift: largest(of: x, count), count)
    scale(x, by: 1 / total, into: x, count: count)
  }

  /// Cross-entropy of `rows` rows of logits, and its gradient in their place.
  ///
  /// With `softCap` c > 0 the logits are first replaced by `c · tanh(logit / c)`.
  /// `losses[r] = logSumExp(row) − row[targets[r]]` in nats. If `gradientScale` is not nil, the
  /// row becomes `gradientScale · (softmax − onehot)`, through the soft cap; otherwise the row's
  /// contents are unspecified afterwards. A target of `UInt32.max` is ignored: loss 0, gradient 0;
  /// a target outside the vocabulary gives a loss that is not a number.
  public static func crossEntropy(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, targets: UnsafePointer<UInt32>,
    softCap: Float, gradientScale: Float?, losses: MutableFloats
  ) {
    for row in 0..<rows {
      let x = logits + row * vocabulary
      if targets[row] == UInt32.max {
        losses[row] = 0
        if gradientScale != nil { x.update(repeating: 0, count: vocabulary) }
        continue
      }
      let target = Int(targets[row])
      guard target < vocabulary else {
        losses[row] = .nan
        continue
      }
      if softCap > 0 { self.softCap(x, cap: softCap, count: vocabulary) }
      let targetLogit = x[target]
      let maximum = largest(of: x, vocabulary)
      let total: Float
      if softCap > 0, gradientScale != nil {
        // The capped logits are still needed for the derivative of the cap.
        total = sumOfExponentials(x, shift: maximum, vocabulary)
      } else {
        total = replaceByExponentials(x, shift: maximum, vocabulary)
      }
      losses[row] = Float(Double(maximum) - Double(targetLogit) + log(Double(total)))
      guard let gradientScale else { continue }
      if softCap > 0 {
        gradientThroughCap(
          x, shift: maximum, factor: gradientScale / total, cap: softCap, count: vocabulary)
        let ratio = targetLogit / softCap
        x[target] -= gradientScale * (1 - ratio * ratio)
      } else {
        scale(x, by: gradientScale / total, into: x, count: vocabulary)
        x[target] -= gradientScale
      }
    }
  }

  /// `x = c · tanh(x / c)` in place.
  public static func softCap(_ x: MutableFloats, cap: Float, count: Int) {
    let (caps, inverse) = (every(cap), every(1 / cap))
    var index = 0
    while index < count {
      let rest = count - index
      store(caps * tanh(inverse * load(x + index, rest)), to: x + index, rest)
      index += laneCount
    }
  }
}

/// The largest number of a row; what is not a number is passed over.
@inline(__always)
private func largest(of x: Floats, _ count: Int) -> Float {
  var (a, b) = (every(-.infinity), every(-.infinity))
  var index = 0
  while index + 2 * laneCount <= count {
    a = maximum(a, load(x + index))
    b = maximum(b, load(x + index + laneCount))
    index += 2 * laneCount
  }
  while index < count {
    a = maximum(a, load(x + index, count - index, filler: -.infinity))
    index += laneCount
  }
  return largest(maximum(a, b))
}

/// Replaces every x by `e^(x − shift)` and returns the sum; `shift` is the largest x.
private func replaceByExponentials(_ x: MutableFloats, shift: Float, _ count: Int) -> Float {
  let shifts = every(shift)
  var total = Lanes()
  var index = 0
  while index + laneCount <= count {
    let value = exponentialOfNonPositive(load(x + index) - shifts)
    store(value, to: x + index)
    total += value
    index += laneCount
  }
  if index < count {
    let rest = count - index
    let value = exponentialOfNonPositive(load(x + index, rest, filler: -.infinity) - shifts)
    store(value, to: x + index, rest)
    total += value
  }
  return sum(total)
}

/// `Σ e^(x − shift)`; `shift` is the largest x.
private func sumOfExponentials(_ x: Floats, shift: Float, _ count: Int) -> Float {
  let shifts = every(shift)
  var total = Lanes()
  var index = 0
  while index + laneCount <= count {
    total += exponentialOfNonPositive(load(x + index) - shifts)
    index += laneCount
  }
  if index < count {
    total += exponentialOfNonPositive(load(x + index, count - index, filler: -.infinity) - shifts)
  }
  return sum(total)
}

/// `x = factor · e^(x − shift) · (1 − (x / cap)²)`, the gradient of all but the target.
private func gradientThroughCap(
  _ x: MutableFloats, shift: Float, factor: Float, cap: Float, count: Int
) {
  let (shifts, factors, inverse) = (every(shift), every(factor), every(1 / cap))
  var index = 0
  while index < count {
    let rest = count - index
    let value = load(x + index, rest)
    let ratio = inverse * value
    let slope = every(1).addingProduct(-ratio, ratio)
    store(factors * exponentialOfNonPositive(value - shifts) * slope, to: x + index, rest)
    index += laneCount
  }
}
