/// Rows of attention's scores: softmax and its gradient in tiles, and all of it for one query.

import CVectors
import Glibc
import KernelInterface

extension VectorKernels {
  /// Turns a tile of scores into weights `e^(score − maximum)` and brings maxima, totals and the
  /// weighted sums of values so far to the new maxima.
  ///
  /// Some rows' maxima before the weights of any of them, so that rows do not wait for each other.
  public static func updateSoftmax(
    _ scores: MutableFloats, rows: Int, keys: Int, diagonal: Int, isFirst: Bool,
    maxima: MutableFloats, totals: MutableFloats, sums: MutableFloats, width: Int
  ) {
    var first = 0
    while first < rows {
      let count = min(laneCount, rows - first)
      var corrections = Lanes()
      for index in 0..<count {
        let row = first + index
        let scores = scores + row * tileLength
        let covered = hide(scores, beyond: min(keys, row + diagonal + 1))
        let old = isFirst ? -.infinity : maxima[row]
        let new = max(old, vectors_largest(scores, covered))
        corrections[index] = old - new
        maxima[row] = new
      }
      if !isFirst { corrections = exponential(corrections) }
      for index in 0..<count {
        let row = first + index
        let covered = roundUp(min(keys, row + diagonal + 1), to: laneCount)
        let total = exponentiate(scores + row * tileLength, covered, keys, less: maxima[row])
        if isFirst {
          totals[row] = total
          continue
        }
        let correction = corrections[index]
        totals[row] = totals[row] * correction + total
        if correction == 1 { continue }
        let factors = every(correction)
        let sums = sums + row * width
        var column = 0
        while column < width {
          store(factors * load(sums + column), to: sums + column)
          column += laneCount
        }
      }
      first += laneCount
    }
  }

  /// Turns scores into weights `P` and the slopes `dP` into `P ∘ (dP − δ)`, both 0 beyond the
  /// diagonal.
  public static func findSlopes(
    _ weights: MutableFloats, _ slopes: MutableFloats, rows: Int, keys: Int, diagonal: Int,
    logSumExp: Floats, deltas: Floats
  ) {
    for row in 0..<rows {
      let (weights, slopes) = (weights + row * tileLength, slopes + row * tileLength)
      let covered = hide(weights, beyond: min(keys, row + diagonal + 1))
      let (shifts, offsets) = (every(logSumExp[row]), every(deltas[row]))
      var column = 0
      while column < covered {
        let weight = exponential(load(weights + column) - shifts)
        store(weight, to: weights + column)
        store(weight * (load(slopes + column) - offsets), to: slopes + column)
        column += laneCount
      }
      while column < keys {
        store(Lanes(), to: weights + column)
        store(Lanes(), to: slopes + column)
        column += laneCount
      }
    }
  }

  /// Attention of one query over `keys` keys, all visible; returns the log of the sum of the weights.
  ///
  /// Reads keys and values where they lie, in chunks whose scores stay in `scratch`.
  public static func attendOne(
    _ query: Floats, key: Floats, keyStride: Int, value: Floats, valueStride: Int, keys: Int,
    width: Int, scale: Float, into output: MutableFloats, scratch: MutableFloats
  ) -> Float {
    var running = -Float.infinity
    var total: Float = 0
    var first = 0
    while first < keys {
      let count = min(4 * tileLength, keys - first)
      scoreOne(query, key + first * keyStride, keyStride, count, width, scale, into: scratch)
      for index in count..<roundUp(count, to: laneCount) { scratch[index] = -.infinity }
      let covered = roundUp(count, to: laneCount)
      let new = max(running, vectors_largest(scratch, covered))
      let shifts = every(new)
      var sums = Lanes()
      var index = 0
      while index < covered {
        let weight = exponentialOfNonPositive(load(scratch + index) - shifts)
        store(weight, to: scratch + index)
        sums += weight
        index += laneCount
      }
      let correction = first == 0 ? 0 : exponential(running - new)
      total = total * correction + sum(sums)
      addWeighted(
        value + first * valueStride, valueStride, scratch, count, width, correction,
        isFirst: first == 0, into: output)
      running = new
      first += count
    }
    VectorKernels.scale(output, by: 1 / total, into: output, count: width)
    return running + log(total)
  }
}

/// Makes what a row of scores has beyond `visible` columns −∞, up to a whole vector; returns how far.
@inline(__always)
func hide(_ scores: MutableFloats, beyond visible: Int) -> Int {
  let covered = roundUp(visible, to: laneCount)
  if visible < covered {
    hideLanes(scores + covered - laneCount, from: visible + laneCount - covered)
  }
  return covered
}

/// In a function of its own because the comparison is otherwise split up, and others with it.
@inline(never)
private func hideLanes(_ last: MutableFloats, from count: Int) {
  let limit = every(Float(count))
  store(load(last).replacing(with: every(-.infinity), where: laneNumbers .>= limit), to: last)
}

/// Turns a row of scores into weights, zeros from `covered` to `keys`; returns their sum.
@inline(__always)
private func exponentiate(
  _ scores: MutableFloats, _ covered: Int, _ keys: Int, less maximum: Float
) -> Float {
  let shifts = every(maximum)
  var (a, b) = (Lanes(), Lanes())
  var column = 0
  while column + 2 * laneCount <= covered {
    let first = exponentialOfNonPositive(load(scores + column) - shifts)
    let second = exponentialOfNonPositive(load(scores + column + laneCount) - shifts)
    store(first, to: scores + column)
    store(second, to: scores + column + laneCount)
    a += first
    b += second
    column += 2 * laneCount
  }
  if column < covered {
    let first = exponentialOfNonPositive(load(scores + column) - shifts)
    store(first, to: scores + column)
    a += first
    column += laneCount
  }
  // The product that follows takes rows in blocks and so reads beyond the diagonal.
  while column < keys {
    store(Lanes(), to: scores + column)
    column += laneCount
  }
  return sum(a + b)
}

/// `scores[j] = scale · query · key[j]`
@inline(__always)
private func scoreOne(
  _ query: Floats, _ key: Floats, _ stride: Int, _ count: Int, _ width: Int, _ scale: Float,
  into scores: MutableFloats
) {
  var index = 0
  while index + 4 <= count {
    let key = key + index * stride
    let four = fourProducts(key, key + stride, key + 2 * stride, key + 3 * stride, query, width)
    UnsafeMutableRawPointer(scores + index).storeBytes(of: four * scale, as: SIMD4<Float>.self)
    index += 4
  }
  while index < count {
    scores[index] = scale * sum(productSums(key + index * stride, query, width))
    index += 1
  }
}

/// `output = correction · output + Σ_j weights[j] · value[j]`, four vectors of a row at a time.
@inline(__always)
private func addWeighted(
  _ value: Floats, _ stride: Int, _ weights: Floats, _ count: Int, _ width: Int,
  _ correction: Float, isFirst: Bool, into output: MutableFloats
) {
  let factors = every(correction)
  var column = 0
  while column + 4 * laneCount <= width {
    var (a, b, c, d) = (Lanes(), Lanes(), Lanes(), Lanes())
    var source = value + column
    for index in 0..<count {
      let weight = every(weights[index])
      a = a.addingProduct(weight, load(source))
      b = b.addingProduct(weight, load(source + laneCount))
      c = c.addingProduct(weight, load(source + 2 * laneCount))
      d = d.addingProduct(weight, load(source + 3 * laneCount))
      source += stride
    }
    let target = output + column
    if !isFirst {
      a = a.addingProduct(factors, load(target))
      b = b.addingProduct(factors, load(target + laneCount))
      c = c.addingProduct(factors, load(target + 2 * laneCount))
      d = d.addingProduct(factors, load(target + 3 * laneCount))
    }
    store(a, to: target)
    store(b, to: target + laneCount)
    store(c, to: target + 2 * laneCount)
    store(d, to: target + 3 * laneCount)
    column += 4 * laneCount
  }
  while column < width {
    let rest = width - column
    var a = isFirst ? Lanes() : factors * load(output + column, rest)
    for index in 0..<count {
      a = a.addingProduct(every(weights[index]), load(value + index * stride + column, rest))
    }
    store(a, to: output + column, rest)
    column += laneCount
  }
}
