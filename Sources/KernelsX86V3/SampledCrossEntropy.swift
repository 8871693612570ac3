/// Cross-entropy over some of a vocabulary's tokens that stand for all of them, with its gradient.

import Glibc
import KernelInterface

extension VectorKernels {
  /// Cross-entropy of logits of drawn tokens, and its gradient in their place.
  ///
  /// Column `j` counts `e^offsets[j]` times among the others, once as a row's own target: with
  /// `z = cap(logit)`, `losses[r] = ln(e^z[t] + Σ over j ≠ t of e^(z[j] + offsets[j])) − z[t]`. The row
  /// becomes the loss's gradient times `gradientScale`, through the soft cap if that is above 0. An
  /// offset of −∞ leaves a column to the rows whose target it is. Targets as in `crossEntropy`.
  public static func sampledCrossEntropy(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, targets: UnsafePointer<UInt32>,
    offsets: Floats, softCap: Float, gradientScale: Float, losses: MutableFloats
  ) {
    let cap = softCap > 0 ? softCap : .infinity
    for row in 0..<rows {
      let x = logits + row * vocabulary
      guard targets[row] != UInt32.max else {
        losses[row] = 0
        x.update(repeating: 0, count: vocabulary)
        continue
      }
      let target = Int(targets[row])
      guard target < vocabulary else {
        losses[row] = .nan
        continue
      }
      if softCap > 0 { Self.softCap(x, cap: softCap, count: vocabulary) }
      let logit = x[target]
      let shift = max(logit, largestSum(x, offsets, vocabulary))
      let own = power(logit - shift)
      let sum = replaceByTerms(x, offsets, shift: shift, cap: cap, vocabulary)
      // In float64: what the target counts too often is taken from the sum.
      let total =
        Double(sum) - Double(power(logit + offsets[target] - shift)) + Double(own)
      let factor = Float(Double(gradientScale) / total)
      scale(x, by: factor, into: x, count: vocabulary)
      x[target] = (factor * own - gradientScale) * (1 - (logit / cap) * (logit / cap))
      losses[row] = Float(Double(shift) - Double(logit) + log(total))
    }
  }
}

/// `eˣ` of one number that is not above 0, as in the sum that it is taken from.
private func power(_ x: Float) -> Float { exponentialOfNonPositive(every(x))[0] }

/// The largest `x + offset`; what is not a number is passed over.
func largestSum(_ x: Floats, _ offsets: Floats, _ count: Int) -> Float {
  var found = every(-.infinity)
  var index = 0
  while index < count {
    let rest = count - index
    found = maximum(
      found, load(x + index, rest, filler: -.infinity) + load(offsets + index, rest))
    index += laneCount
  }
  return largest(found)
}

/// `Σ e^(x + offset − shift)`, where no sum is much larger than `shift`.
func sumOfExponentials(
  _ x: Floats, _ offsets: Floats, shift: Float, _ count: Int
) -> Float {
  let shifts = every(shift)
  var total = Lanes()
  var index = 0
  while index + laneCount <= count {
    total += exponentialOfNonPositive(load(x + index) + load(offsets + index) - shifts)
    index += laneCount
  }
  if index < count {
    let rest = count - index
    total += exponentialOfNonPositive(
      load(x + index, rest, filler: -.infinity) + load(offsets + index, rest) - shifts)
  }
  return sum(total)
}

/// `x = factor · e^(x + offset − shift) · (1 − (x / cap)²)`
func replaceByGradient(
  _ x: MutableFloats, _ offsets: Floats, shift: Float, factor: Float, cap: Float, _ count: Int
) {
  let (shifts, factors, inverse) = (every(shift), every(factor), every(1 / cap))
  var index = 0
  while index < count {
    let rest = count - index
    let value = load(x + index, rest)
    let ratio = inverse * value
    let slope = factors.addingProduct(-ratio * factors, ratio)
    store(
      exponentialOfNonPositive(value + load(offsets + index, rest) - shifts) * slope,
      to: x + index, rest)
    index += laneCount
  }
}

/// Every x becomes `e^(x + offset − shift) · (1 − (x / cap)²)`, of which the gradient is a multiple for all but
/// the target; returns `Σ e^(x + offset − shift)`.
func replaceByTerms(
  _ x: MutableFloats, _ offsets: Floats?, shift: Float, cap: Float, _ count: Int
) -> Float {
  let (shifts, inverse) = (every(shift), every(1 / cap))
  var total = Lanes()
  var index = 0
  while index < count {
    let rest = count - index
    let value = load(x + index, rest, filler: -.infinity)
    let offset = offsets.map { load($0 + index, rest) } ?? Lanes()
    let term = exponentialOfNonPositive(value + offset - shifts)
    let ratio = inverse * value
    store(term.addingProduct(-ratio * term, ratio), to: x + index, rest)
    total += term
    index += laneCount
  }
  return sum(total)
}
