/// The gradient of causal attention, recomputing the weights tile by tile.

import KernelInterface

extension VectorKernels {
  /// The gradient of `attention` (`keys == queries`): recomputes scores tile by tile.
  ///
  /// Writes `dQuery`; writes `dKey` and `dValue`, or adds to them if `keepKeyValue` (query heads
  /// that share a key head). Strides of gradients equal `dQueryStride`, `dKeyStride`, ….
  ///
  /// With weights `P = e^(S − logSumExp)` and `δ = rowsum(dO ∘ O)`: `dV = Pᵀ dO`,
  /// `dS = P ∘ (dO Vᵀ − δ)`, `dQ = scale · dS K`, `dK = scale · dSᵀ Q` (arXiv 2205.14135).
  public static func attentionBackward(
    dOutput: Floats, dOutputStride: Int, output: Floats, outputStride: Int,
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, logSumExp: Floats,
    dQuery: MutableFloats, dQueryStride: Int, dKey: MutableFloats, dKeyStride: Int,
    dValue: MutableFloats, dValueStride: Int, keepKeyValue: Bool,
    length: Int, headWidth: Int, scale: Float, scratch: MutableFloats
  ) {
    let padded = roundUp(headWidth, to: panelWidth)
    let tileSize = tileLength * padded
    let packedQuery = aligned(scratch)
    let packedOutput = packedQuery + length * padded
    let querySums = packedOutput + length * padded
    let transposedKey = querySums + length * padded
    let transposedValue = transposedKey + tileSize
    let packedKey = transposedValue + tileSize
    let keySums = packedKey + tileSize
    let valueSums = keySums + tileSize
    let weights = valueSums + tileSize
    let slopes = weights + tileLength * tileLength
    let deltas = slopes + tileLength * tileLength
    packRows(
      query, stride: queryStride, rows: length, width: headWidth, factor: scale,
      into: packedQuery, stride: padded)
    packRows(
      dOutput, stride: dOutputStride, rows: length, width: headWidth, factor: 1,
      into: packedOutput, stride: padded)
    for row in 0..<length {
      deltas[row] = dot(
        dOutput + row * dOutputStride, output + row * outputStride, count: headWidth)
    }

    var firstKey = 0
    while firstKey < length {
      let tileKeys = min(tileLength, length - firstKey)
      let (key, value) = (key + firstKey * keyStride, value + firstKey * valueStride)
      packTransposed(key, stride: keyStride, rows: tileKeys, width: headWidth, into: transposedKey)
      packTransposed(
        value, stride: valueStride, rows: tileKeys, width: headWidth, into: transposedValue)
      packRows(
        key, stride: keyStride, rows: tileKeys, width: headWidth, factor: 1,
        into: packedKey, stride: padded)
      var firstQuery = firstKey
      while firstQuery < length {
        let tileQueries = min(tileLength, length - firstQuery)
        let diagonal = firstQuery - firstKey
        let tileQuery = packedQuery + firstQuery * padded
        let tileOutput = packedOutput + firstQuery * padded
        multiplyForScores(
          tileQuery, stride: padded, transposedKey, into: weights,
          queries: tileQueries, keys: tileKeys, inner: headWidth, diagonal: diagonal)
        multiplyForScores(
          tileOutput, stride: padded, transposedValue, into: slopes,
          queries: tileQueries, keys: tileKeys, inner: headWidth, diagonal: diagonal)
        findSlopes(
          weights, slopes, rows: tileQueries, keys: tileKeys, diagonal: diagonal,
          logSumExp: logSumExp + firstQuery, deltas: deltas + firstQuery)
        multiplyTransposedWeights(
          weights, tileOutput, into: valueSums, queries: tileQueries, keys: tileKeys,
          columns: padded, diagonal: diagonal, keep: diagonal > 0)
        multiplyTransposedWeights(
          slopes, tileQuery, into: keySums, queries: tileQueries, keys: tileKeys,
          columns: padded, diagonal: diagonal, keep: diagonal > 0)
        multiplyWeights(
          slopes, packedKey, into: querySums + firstQuery * padded, queries: tileQueries,
          keys: tileKeys, columns: padded, diagonal: diagonal, keep: firstKey > 0)
        firstQuery += tileLength
      }
      unpackRows(
        keySums, stride: padded, rows: tileKeys, width: headWidth, factor: 1,
        into: dKey + firstKey * dKeyStride, stride: dKeyStride, keep: keepKeyValue)
      unpackRows(
        valueSums, stride: padded, rows: tileKeys, width: headWidth, factor: 1,
        into: dValue + firstKey * dValueStride, stride: dValueStride, keep: keepKeyValue)
      firstKey += tileLength
    }
    unpackRows(
      querySums, stride: padded, rows: length, width: headWidth, factor: scale,
      into: dQuery, stride: dQueryStride, keep: false)
  }

  /// Turns scores into weights `P` and the slopes `dP` into `P ∘ (dP − δ)`, both 0 beyond the
  /// diagonal.
  public static func findSlopes(
    _ weights: MutableFloats, _ slopes: MutableFloats, rows: Int, keys: Int, diagonal: Int,
    logSumExp: Floats, deltas: Floats
  ) {
    for row in 0..<rows {
      let (weights, slopes) = (weights + row * tileLength, slopes + row * tileLength)
      let visible = min(keys, row + diagonal + 1)
      let covered = roundUp(visible, to: laneCount)
      for column in visible..<covered { weights[column] = -.infinity }
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
}
