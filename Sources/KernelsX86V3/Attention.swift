/// Causal attention of one head, tile by tile, and for a few queries row by row.

import Glibc
import KernelInterface

extension VectorKernels {
  /// The scratch floats that one call of either attention kernel needs for these sizes.
  public static func attentionScratchCount(queries: Int, keys: Int, headWidth: Int) -> Int {
    let padded = roundUp(headWidth, to: panelWidth)
    let sequences = queries * (3 * padded + 2)
    let tiles = tileLength * (5 * padded + 2 * tileLength)
    return sequences + tiles + 32
  }

  /// Causal attention of one head, in tiles, never holding `queries × keys` scores.
  ///
  /// Query `i` sees keys `0...(keys − queries + i)`: `keys > queries` means that the first
  /// `keys − queries` are cached. Softmax is computed online (arXiv 1805.02867, 2205.14135).
  /// A value that is not a number reaches every later query, and up to 63 earlier ones.
  ///
  /// - Parameters:
  ///   - query: `queries × headWidth`, rows `queryStride` apart; likewise `key`, `value`, `output`.
  ///   - scale: factor of the scores, usually `1/√headWidth`.
  ///   - logSumExp: receives `queries` values, for the backward pass; nil if that is not wanted.
  ///   - scratch: `attentionScratchCount` floats.
  public static func attention(
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, output: MutableFloats, outputStride: Int,
    queries: Int, keys: Int, headWidth: Int, scale: Float,
    logSumExp: MutableFloats?, scratch: MutableFloats
  ) {
    let cached = keys - queries
    if queries <= 4 {
      for row in 0..<queries {
        let logSum = attendOne(
          query + row * queryStride, key, keyStride, value, valueStride,
          keys: cached + row + 1, headWidth, scale, into: output + row * outputStride, scratch)
        logSumExp?[row] = logSum
      }
      return
    }
    let padded = roundUp(headWidth, to: panelWidth)
    let packedQuery = aligned(scratch)
    let sums = packedQuery + queries * padded
    let maxima = sums + queries * padded
    let totals = maxima + queries
    let tiles = aligned(totals + queries)
    let packedKey = tiles
    let packedValue = packedKey + tileLength * padded
    let scores = packedValue + tileLength * padded
    packRows(
      query, stride: queryStride, rows: queries, width: headWidth, factor: scale,
      into: packedQuery, stride: padded)

    // Keys outside, so that a tile of keys is packed once and meets every query while in cache.
    var firstKey = 0
    while firstKey < keys {
      let tileKeys = min(tileLength, keys - firstKey)
      packTransposed(
        key + firstKey * keyStride, stride: keyStride, rows: tileKeys, width: headWidth,
        into: packedKey)
      packRows(
        value + firstKey * valueStride, stride: valueStride, rows: tileKeys, width: headWidth,
        factor: 1, into: packedValue, stride: padded)
      var firstQuery = max(0, firstKey - cached)
      while firstQuery < queries {
        let tileQueries = min(tileLength, queries - firstQuery)
        let diagonal = cached + firstQuery - firstKey
        let target = sums + firstQuery * padded
        multiplyForScores(
          packedQuery + firstQuery * padded, stride: padded, packedKey, into: scores,
          queries: tileQueries, keys: tileKeys, inner: headWidth, diagonal: diagonal)
        updateSoftmax(
          scores, rows: tileQueries, keys: tileKeys, diagonal: diagonal, isFirst: firstKey == 0,
          maxima: maxima + firstQuery, totals: totals + firstQuery, sums: target, width: padded)
        multiplyWeights(
          scores, packedValue, into: target, queries: tileQueries, keys: tileKeys,
          columns: padded, diagonal: diagonal, keep: firstKey > 0)
        firstQuery += tileLength
      }
      firstKey += tileLength
    }
    for row in 0..<queries {
      unpackRows(
        sums + row * padded, stride: padded, rows: 1, width: headWidth, factor: 1 / totals[row],
        into: output + row * outputStride, stride: outputStride, keep: false)
      logSumExp?[row] = maxima[row] + log(totals[row])
    }
  }

  /// Turns a tile of scores into weights `e^(score − maximum)` and brings maxima, totals and the
  /// weighted sums of values so far to the new maxima.
  public static func updateSoftmax(
    _ scores: MutableFloats, rows: Int, keys: Int, diagonal: Int, isFirst: Bool,
    maxima: MutableFloats, totals: MutableFloats, sums: MutableFloats, width: Int
  ) {
    for row in 0..<rows {
      let scores = scores + row * tileLength
      let visible = min(keys, row + diagonal + 1)
      let covered = roundUp(visible, to: laneCount)
      for column in visible..<covered { scores[column] = -.infinity }
      let old = isFirst ? -.infinity : maxima[row]
      let new = max(old, largestOf(scores, covered))
      let shifts = every(new)
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
      let total = sum(a + b)
      maxima[row] = new
      if isFirst {
        totals[row] = total
      } else if new == old {
        totals[row] += total
      } else {
        let correction = exponential(old - new)
        totals[row] = totals[row] * correction + total
        let factors = every(correction)
        let sums = sums + row * width
        var index = 0
        while index < width {
          store(factors * load(sums + index), to: sums + index)
          index += laneCount
        }
      }
    }
  }
}

/// The next address that a register fits into one cache line at.
@inline(__always)
func aligned(_ pointer: MutableFloats) -> MutableFloats {
  let excess = Int(bitPattern: pointer) & 63
  return excess == 0 ? pointer : pointer + (64 - excess) / 4
}

@inline(__always)
private func largestOf(_ scores: Floats, _ count: Int) -> Float {
  var result = load(scores)
  var column = laneCount
  while column < count {
    result = maximum(load(scores + column), result)
    column += laneCount
  }
  return largest(result)
}

/// Attention of one query over `keys` keys, all visible; returns the log of the sum of the weights.
///
/// Reads keys and values where they lie, in chunks whose scores stay in `scratch`.
private func attendOne(
  _ query: Floats, _ key: Floats, _ keyStride: Int, _ value: Floats, _ valueStride: Int,
  keys: Int, _ width: Int, _ scale: Float, into output: MutableFloats, _ scratch: MutableFloats
) -> Float {
  var running = -Float.infinity
  var total: Float = 0
  var first = 0
  while first < keys {
    let count = min(4 * tileLength, keys - first)
    scoreOne(query, key + first * keyStride, keyStride, count, width, scale, into: scratch)
    for index in count..<roundUp(count, to: laneCount) { scratch[index] = -.infinity }
    let covered = roundUp(count, to: laneCount)
    let new = max(running, largestOf(scratch, covered))
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
