/// Softmax and the cross-entropy of logits, with its gradient in their place.

import Glibc
import KernelInterface

extension VectorKernels {
  /// Softmax of one row in place, at temperature 1; −∞ gives 0.
  public static func softmax(_ x: MutableFloats, count: Int) {
    let total = replaceByExponentials(x, shift: largestValue(of: x, count), count)
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
      if softCap > 0 {
        losses[row] = cappedCrossEntropy(x, vocabulary, target, softCap, gradientScale)
      } else {
        losses[row] = plainCrossEntropy(x, vocabulary, target, gradientScale)
      }
    }
  }

  /// The largest logit, offset included, of every row, and `Σ e^(logit + offset − largest)`, of a part of
  /// the vocabulary.
  public static func exponentialSums(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, softCap: Float, offsets: Floats?,
    largest: MutableFloats, sums: MutableFloats
  ) {
    for row in 0..<rows {
      let x = logits + row * vocabulary
      if softCap > 0 { Self.softCap(x, cap: softCap, count: vocabulary) }
      if let offsets {
        largest[row] = largestSum(x, offsets, vocabulary)
        sums[row] = sumOfExponentials(x, offsets, shift: largest[row], vocabulary)
      } else {
        largest[row] = largestValue(of: x, vocabulary)
        sums[row] = sumOfExponentials(x, shift: largest[row], vocabulary)
      }
    }
  }

  /// Logits become `factors[r] · e^(x + offset − shifts[r])`, through the soft cap.
  public static func exponentialGradient(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, softCap: Float, offsets: Floats?,
    shifts: Floats, factors: Floats
  ) {
    let cap = softCap > 0 ? softCap : .infinity
    for row in 0..<rows {
      let x = logits + row * vocabulary
      if let offsets {
        replaceByGradient(
          x, offsets, shift: shifts[row], factor: factors[row], cap: cap, vocabulary)
      } else {
        replaceByGradient(x, shift: shifts[row], factor: factors[row], cap: cap, vocabulary)
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
private func largestValue(of x: Floats, _ count: Int) -> Float {
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

/// The loss of one row, which becomes its gradient.
private func plainCrossEntropy(
  _ x: MutableFloats, _ vocabulary: Int, _ target: Int, _ gradientScale: Float?
) -> Float {
  let targetLogit = x[target]
  let shift = largestValue(of: x, vocabulary)
  let total = replaceByExponentials(x, shift: shift, vocabulary)
  if let gradientScale {
    VectorKernels.scale(x, by: gradientScale / total, into: x, count: vocabulary)
    x[target] -= gradientScale
  }
  return Float(Double(shift) - Double(targetLogit) + log(Double(total)))
}

/// The loss of one row of logits that are to be capped; the row becomes its gradient.
private func cappedCrossEntropy(
  _ x: MutableFloats, _ vocabulary: Int, _ target: Int, _ cap: Float, _ gradientScale: Float?
) -> Float {
  VectorKernels.softCap(x, cap: cap, count: vocabulary)
  let targetLogit = x[target]
  let shift = largestValue(of: x, vocabulary)
  let total: Float
  if let gradientScale {
    total = replaceByTerms(x, nil, shift: shift, cap: cap, vocabulary)
    VectorKernels.scale(x, by: gradientScale / total, into: x, count: vocabulary)
    let ratio = targetLogit / cap
    x[target] -= gradientScale * (1 - ratio * ratio)
  } else {
    total = sumOfExponentials(x, shift: shift, vocabulary)
  }
  return Float(Double(shift) - Double(targetLogit) + log(Double(total)))
}

/// `Σ e^(x − shift)`, where no x is much larger than `shift`.
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
private func replaceByGradient(
  _ x: MutableFloats, shift: Float, factor: Float, cap: Float, _ count: Int
) {
  let (shifts, factors, inverse) = (every(shift), every(factor), every(1 / cap))
  var index = 0
  while index + laneCount <= count {
    store(gradient(load(x + index), shifts, factors, inverse), to: x + index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 {
    store(gradient(load(x + index, rest), shifts, factors, inverse), to: x + index, rest)
  }
}

@inline(__always)
private func gradient(_ x: Lanes, _ shifts: Lanes, _ factors: Lanes, _ inverse: Lanes) -> Lanes {
  let ratio = inverse * x
  let slope = factors.addingProduct(-ratio * factors, ratio)
  return exponentialOfNonPositive(x - shifts) * slope
}
