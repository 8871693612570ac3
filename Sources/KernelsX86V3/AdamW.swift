/// The AdamW optimizer as one pass over parameters, gradient and moments.

import KernelInterface

extension VectorKernels {
  /// One step of AdamW (arXiv 1711.05101) on `count` parameters, as PyTorch computes it.
  ///
  /// With `g = gradientScale · gradient`: `p −= rate·decay·p`; `m = β₁m + (1−β₁)g`;
  /// `v = β₂v + (1−β₂)g²`; `p −= rate / correction1 · m / (√(v / correction2) + ε)`.
  ///
  /// - Parameters:
  ///   - isCautious: whether only those parameters decay that the rest of the step brings nearer to 0
  ///     as well, or beyond it (arXiv 2510.12402).
  ///   - skipsUntouched: whether a vector's worth of neighbours, all of gradient 0, stays as it is.
  public static func adamW(
    _ parameters: MutableFloats, gradient: Floats, firstMoment: MutableFloats,
    secondMoment: MutableFloats, count: Int, gradientScale: Float,
    rate: Float, beta1: Float, beta2: Float, epsilon: Float, decay: Float, isCautious: Bool,
    skipsUntouched: Bool, correction1: Float, correction2: Float
  ) {
    let scales = every(gradientScale)
    let shrink = every(1 - rate * decay)
    let (ones, zeros) = (every(1), every(0))
    let (old1, new1) = (every(beta1), every(1 - beta1))
    let (old2, new2) = (every(beta2), every(1 - beta2))
    let epsilons = every(epsilon)
    let step = every(-rate / correction1)
    let rootFactor = every(1 / correction2.squareRoot())
    var index = 0
    while index < count {
      let rest = count - index
      let raw = load(gradient + index, rest)
      if skipsUntouched, all(raw .== zeros) {
        index += laneCount
        continue
      }
      let g = scales * raw
      let m = (old1 * load(firstMoment + index, rest)).addingProduct(new1, g)
      let v = (old2 * load(secondMoment + index, rest)).addingProduct(new2 * g, g)
      let old = load(parameters + index, rest)
      let p = old * (isCautious ? ones.replacing(with: shrink, where: old * m .> zeros) : shrink)
      let denominator = epsilons.addingProduct(squareRoot(v), rootFactor)
      store(m, to: firstMoment + index, rest)
      store(v, to: secondMoment + index, rest)
      store(p.addingProduct(step, m / denominator), to: parameters + index, rest)
      index += laneCount
    }
  }
}
