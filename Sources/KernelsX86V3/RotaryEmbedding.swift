/// What happens to queries and keys before attention: normalization per head, then rotation.

import KernelInterface

extension VectorKernels {
  /// Prepares queries or keys: per row and head, RMSNorm over the head's width, then RoPE.
  ///
  /// RoPE (arXiv 2104.09864) in the half-split form: with `(a, b)` the two halves of a head,
  /// `a' = a·cos − b·sin`, `b' = b·cos + a·sin`. Row `r` uses row `r` of `cosine` and `sine`
  /// (`headWidth / 2` values each). `output` may be `input`, if no gradient is wanted.
  ///
  /// - Parameters:
  ///   - normalize: whether to apply RMSNorm; `weight` (`headWidth` factors, shared by the heads)
  ///     may be nil for ones; `inverseRMS` receives `rows × heads` values.
  ///   - cosine: nil for no rotation.
  public static func prepareHeads(
    _ input: Floats, inputStride: Int, output: MutableFloats, outputStride: Int,
    rows: Int, heads: Int, headWidth: Int,
    normalize: Bool, weight: Floats?, epsilon: Float, inverseRMS: MutableFloats?,
    cosine: Floats?, sine: Floats?
  ) {
    let half = headWidth / 2
    for row in 0..<rows {
      for head in 0..<heads {
        let x = input + row * inputStride + head * headWidth
        let y = output + row * outputStride + head * headWidth
        var inverse: Float = 1
        if normalize {
          let squares = sum(productSums(x, x, headWidth))
          inverse = 1 / (squares / Float(headWidth) + epsilon).squareRoot()
          inverseRMS?[row * heads + head] = inverse
        }
        let weight = normalize ? weight : nil
        if let cosine, let sine {
          rotate(x, inverse, weight, cosine + row * half, sine + row * half, half, into: y)
        } else {
          multiply(x, inverse, weight, headWidth, into: y)
        }
      }
    }
  }

  /// The gradient of `prepareHeads`: writes `dInput`, adds to `dWeight` if given.
  public static func prepareHeadsBackward(
    _ dOutput: Floats, dOutputStride: Int, input: Floats, inputStride: Int,
    dInput: MutableFloats, dInputStride: Int,
    rows: Int, heads: Int, headWidth: Int,
    normalize: Bool, weight: Floats?, inverseRMS: Floats?, dWeight: MutableFloats?,
    cosine: Floats?, sine: Floats?
  ) {
    let half = headWidth / 2
    for row in 0..<rows {
      for head in 0..<heads {
        let dy = dOutput + row * dOutputStride + head * headWidth
        let dx = dInput + row * dInputStride + head * headWidth
        if let cosine, let sine {
          rotateBack(dy, cosine + row * half, sine + row * half, half, into: dx)
        } else {
          multiply(dy, 1, nil, headWidth, into: dx)
        }
        if normalize, let inverseRMS {
          rmsNormBackward(
            dx, x: input + row * inputStride + head * headWidth, weight: weight,
            inverseRMS: inverseRMS + row * heads + head, rows: 1, width: headWidth,
            into: dx, keep: false, dWeight: dWeight)
        }
      }
    }
  }
}

/// `y = rotation of (inverse · weight · x)`, half by half.
@inline(__always)
private func rotate(
  _ x: Floats, _ inverse: Float, _ weight: Floats?, _ cosine: Floats, _ sine: Floats, _ half: Int,
  into y: MutableFloats
) {
  let inverses = every(inverse)
  var index = 0
  while index < half {
    let rest = half - index
    var a = inverses * load(x + index, rest)
    var b = inverses * load(x + half + index, rest)
    if let weight {
      a *= load(weight + index, rest)
      b *= load(weight + half + index, rest)
    }
    let (c, s) = (load(cosine + index, rest), load(sine + index, rest))
    store((a * c).addingProduct(-b, s), to: y + index, rest)
    store((b * c).addingProduct(a, s), to: y + half + index, rest)
    index += laneCount
  }
}

/// `dx = inverse rotation of dy`, half by half.
@inline(__always)
private func rotateBack(
  _ dy: Floats, _ cosine: Floats, _ sine: Floats, _ half: Int, into dx: MutableFloats
) {
  var index = 0
  while index < half {
    let rest = half - index
    let (a, b) = (load(dy + index, rest), load(dy + half + index, rest))
    let (c, s) = (load(cosine + index, rest), load(sine + index, rest))
    store((a * c).addingProduct(b, s), to: dx + index, rest)
    store((b * c).addingProduct(-a, s), to: dx + half + index, rest)
    index += laneCount
  }
}

/// `y = inverse · weight · x`
@inline(__always)
private func multiply(
  _ x: Floats, _ inverse: Float, _ weight: Floats?, _ count: Int, into y: MutableFloats
) {
  let inverses = every(inverse)
  var index = 0
  while index < count {
    let rest = count - index
    var value = inverses * load(x + index, rest)
    if let weight { value *= load(weight + index, rest) }
    store(value, to: y + index, rest)
    index += laneCount
  }
}
