/// RMSNorm and LayerNorm over rows, forward and backward.

import KernelInterface

extension VectorKernels {
  /// RMSNorm (arXiv 1910.07467): `y = x · r · weight` with `r = 1/√(mean x² + ε)`, saved per row.
  ///
  /// - Parameter weight: `width` factors, or nil for ones.
  public static func rmsNorm(
    _ x: Floats, weight: Floats?, epsilon: Float, rows: Int, width: Int,
    into y: MutableFloats, inverseRMS: MutableFloats
  ) {
    for row in 0..<rows {
      let (x, y) = (x + row * width, y + row * width)
      let inverse = 1 / (sum(productSums(x, x, width)) / Float(width) + epsilon).squareRoot()
      inverseRMS[row] = inverse
      guard let weight else {
        scale(x, by: inverse, into: y, count: width)
        continue
      }
      let inverses = every(inverse)
      var index = 0
      while index < width {
        let rest = width - index
        store(inverses * load(x + index, rest) * load(weight + index, rest), to: y + index, rest)
        index += laneCount
      }
    }
  }

  /// The gradient of `rmsNorm`: writes `dx` (adds to it if `keep`), adds to `dWeight` if given.
  public static func rmsNormBackward(
    _ dy: Floats, x: Floats, weight: Floats?, inverseRMS: Floats, rows: Int, width: Int,
    into dx: MutableFloats, keep: Bool, dWeight: MutableFloats?
  ) {
    for row in 0..<rows {
      let (x, dy, dx) = (x + row * width, dy + row * width, dx + row * width)
      let inverse = inverseRMS[row]
      let products = weightedProductSum(dy, x, weight, width)
      let along = every(-inverse * inverse * inverse * products / Float(width))
      let inverses = every(inverse)
      var index = 0
      while index < width {
        let rest = width - index
        let (value, incoming) = (load(x + index, rest), load(dy + index, rest))
        var gradient = keep ? load(dx + index, rest) : Lanes()
        gradient = gradient.addingProduct(along, value)
        if let weight {
          gradient = gradient.addingProduct(inverses * load(weight + index, rest), incoming)
        } else {
          gradient = gradient.addingProduct(inverses, incoming)
        }
        if let dWeight {
          let old = load(dWeight + index, rest)
          store(old.addingProduct(incoming, inverses * value), to: dWeight + index, rest)
        }
        store(gradient, to: dx + index, rest)
        index += laneCount
      }
    }
  }

  /// LayerNorm (arXiv 1607.06450): `y = (x − mean) / √(variance + ε) · weight + bias`.
  public static func layerNorm(
    _ x: Floats, weight: Floats, bias: Floats, epsilon: Float, rows: Int, width: Int,
    into y: MutableFloats, mean: MutableFloats, inverseDeviation: MutableFloats
  ) {
    for row in 0..<rows {
      let (x, y) = (x + row * width, y + row * width)
      let center = total(x, width) / Float(width)
      let variance = squaredDeviations(x, from: center, width) / Float(width)
      let inverse = 1 / (variance + epsilon).squareRoot()
      mean[row] = center
      inverseDeviation[row] = inverse
      let (centers, inverses) = (every(center), every(inverse))
      var index = 0
      while index < width {
        let rest = width - index
        let normal = (load(x + index, rest) - centers) * inverses
        let result = load(bias + index, rest).addingProduct(normal, load(weight + index, rest))
        store(result, to: y + index, rest)
        index += laneCount
      }
    }
  }

  /// The gradient of `layerNorm`: writes `dx` (adds to it if `keep`), adds to `dWeight`, `dBias`.
  public static func layerNormBackward(
    _ dy: Floats, x: Floats, weight: Floats, mean: Floats, inverseDeviation: Floats,
    rows: Int, width: Int,
    into dx: MutableFloats, keep: Bool, dWeight: MutableFloats, dBias: MutableFloats
  ) {
    for row in 0..<rows {
      let (x, dy, dx) = (x + row * width, dy + row * width, dx + row * width)
      let (centers, inverses) = (every(mean[row]), every(inverseDeviation[row]))
      var (total, along) = (Lanes(), Lanes())
      var index = 0
      while index < width {
        let rest = width - index
        let incoming = load(dy + index, rest)
        // Behind the end `incoming` is 0, so that what `normal` holds there does not count.
        let normal = (load(x + index, rest) - centers) * inverses
        let weighted = incoming * load(weight + index, rest)
        total += weighted
        along = along.addingProduct(weighted, normal)
        let slope = load(dWeight + index, rest).addingProduct(incoming, normal)
        store(slope, to: dWeight + index, rest)
        store(load(dBias + index, rest) + incoming, to: dBias + index, rest)
        index += laneCount
      }
      let meanTotal = every(sum(total) / Float(width))
      let meanAlong = every(-sum(along) / Float(width))
      index = 0
      while index < width {
        let rest = width - index
        let normal = (load(x + index, rest) - centers) * inverses
        let weighted = load(dy + index, rest) * load(weight + index, rest)
        let inner = (weighted - meanTotal).addingProduct(normal, meanAlong)
        let old = keep ? load(dx + index, rest) : Lanes()
        store(old.addingProduct(inverses, inner), to: dx + index, rest)
        index += laneCount
      }
    }
  }
}

/// `Σ dy[i] · weight[i] · x[i]`
@inline(__always)
func weightedProductSum(_ dy: Floats, _ x: Floats, _ weight: Floats?, _ width: Int) -> Float {
  guard let weight else { return sum(productSums(dy, x, width)) }
  var (a, b) = (Lanes(), Lanes())
  var index = 0
  while index + 2 * laneCount <= width {
    let next = index + laneCount
    a = a.addingProduct(load(dy + index) * load(weight + index), load(x + index))
    b = b.addingProduct(load(dy + next) * load(weight + next), load(x + next))
    index += 2 * laneCount
  }
  while index < width {
    let rest = width - index
    a = a.addingProduct(load(dy + index, rest) * load(weight + index, rest), load(x + index, rest))
    index += laneCount
  }
  return sum(a + b)
}

@inline(__always)
private func total(_ x: Floats, _ count: Int) -> Float {
  var (a, b) = (Lanes(), Lanes())
  var index = 0
  while index + 2 * laneCount <= count {
    a += load(x + index)
    b += load(x + index + laneCount)
    index += 2 * laneCount
  }
  while index < count {
    a += load(x + index, count - index)
    index += laneCount
  }
  return sum(a + b)
}

@inline(__always)
private func squaredDeviations(_ x: Floats, from center: Float, _ count: Int) -> Float {
  let centers = every(center)
  var (a, b) = (Lanes(), Lanes())
  var index = 0
  while index + 2 * laneCount <= count {
    let first = load(x + index) - centers
    let second = load(x + index + laneCount) - centers
    a = a.addingProduct(first, first)
    b = b.addingProduct(second, second)
    index += 2 * laneCount
  }
  while index < count {
    let first = load(x + index, count - index, filler: center) - centers
    a = a.addingProduct(first, first)
    index += laneCount
  }
  return sum(a + b)
}
