/// Attention in tiles, the same for every format of numbers that its products round to.

import Glibc
import KernelInterface

/// The attention whose products are those of a set of kernels, in float32.
package func tiledAttention<Kernels: KernelSet>(_: Kernels.Type) -> any AttentionKernels.Type {
  TiledAttention<Kernels>.self
}

/// Attention by tiles of 64 queries and 64 keys, multiplied by `Products`; softmax and all sums of
/// weights are in float32.
///
/// Keys outside, so that a tile of keys is packed once and meets every query while in cache. What the
/// next tile reads and this one writes is asked for while products compute.
///
/// - SeeAlso: arXiv 2205.14135, which rounds the same operands in half precision.
package enum TiledAttention<Products: AttentionProducts>: AttentionKernels {
  private static var rows: any KernelSet.Type { Products.rows }

  /// The columns of sums.
  private static func padded(_ width: Int) -> Int {
    (width + Products.columnUnit - 1) / Products.columnUnit * Products.columnUnit
  }

  package static func attentionScratchCount(queries: Int, keys: Int, headWidth: Int) -> Int {
    let columns = padded(headWidth)
    let sizes = TileSizes(Products.self, headWidth: headWidth, columns: columns)
    let sums = Memory.space(tile * columns)
    let tiles = (queries + tile - 1) / tile
    let rows = 2 * sizes.left + (Products.sharesRows ? 0 : 2 * sizes.right)
    return tiles * (rows + sums + 2 * Memory.space(tile))
      + 2 * sizes.panel + sizes.right + 2 * sums + 2 * Memory.space(tile * tile)
      + 3 * sizes.weights + 16
  }

  package static func attention(
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, output: MutableFloats, outputStride: Int,
    queries: Int, keys: Int, headWidth: Int, scale: Float,
    logSumExp: MutableFloats?, scratch: MutableFloats
  ) {
    let cached = keys - queries
    if queries <= 4 {
      // Decoding: bound by memory, and a tile of four rows would be mostly empty.
      for row in 0..<queries {
        let logSum = rows.attendOne(
          query + row * queryStride, key: key, keyStride: keyStride, value: value,
          valueStride: valueStride, keys: cached + row + 1, width: headWidth, scale: scale,
          into: output + row * outputStride, scratch: scratch)
        logSumExp?[row] = logSum
      }
      return
    }
    let columns = padded(headWidth)
    let sizes = TileSizes(Products.self, headWidth: headWidth, columns: columns)
    var memory = Memory(scratch)
    let queryRows = Tiles(queries, of: sizes.left, &memory)
    let sums = memory.floats(queries * columns)
    let (maxima, totals) = (memory.floats(queries), memory.floats(queries))
    let (keyPanel, valueRows) = (memory.floats(sizes.panel), memory.floats(sizes.right))
    let (scores, packedWeights) = (memory.floats(tile * tile), memory.floats(sizes.weights))

    // The first keys are so many that later ones begin where a tile of queries does.
    var firstKey = 0
    while firstKey < keys {
      let rest = cached % tile
      let tileKeys = firstKey == 0 && rest > 0 ? rest : min(tile, keys - firstKey)
      let nextKey = firstKey + tileKeys
      Products.packRightTile(
        key + firstKey * keyStride, stride: keyStride, isTransposed: true, columns: tileKeys,
        inner: headWidth, into: keyPanel)
      Products.packRightTile(
        value + firstKey * valueStride, stride: valueStride, isTransposed: false,
        columns: headWidth, inner: tileKeys, into: valueRows)
      let start = max(0, firstKey - cached)
      for first in stride(from: start, to: queries, by: tile) {
        let tileQueries = min(tile, queries - first)
        let diagonal = cached + first - firstKey
        var ahead = RowsAhead(width: headWidth, products: 2)
        if firstKey == 0 {
          Products.packLeftTile(
            query + first * queryStride, stride: queryStride, factor: scale, rows: tileQueries,
            inner: headWidth, into: queryRows[first])
          ahead.add(query, queryStride, of: queries, from: first + tile)
        }
        if first == start { ahead.add(key, keyStride, of: keys, from: nextKey) }
        if first == start + tile || start + tile >= queries {
          ahead.add(value, valueStride, of: keys, from: nextKey)
        }
        // These queries see no later keys.
        let isFinished = nextKey >= cached + first + tileQueries
        if isFinished { ahead.add(output, outputStride, of: queries, from: first) }
        let target = sums + first * columns
        Products.score(
          queryRows[first], keyPanel, queries: tileQueries, keys: tileKeys, width: headWidth,
          diagonal: diagonal, ahead: &ahead, into: scores)
        rows.updateSoftmax(
          scores, rows: tileQueries, keys: tileKeys, diagonal: diagonal, isFirst: firstKey == 0,
          maxima: maxima + first, totals: totals + first, sums: target, width: columns)
        let weights = Products.packWeights(
          scores, isTransposed: false, queries: tileQueries, keys: tileKeys, into: packedWeights)
        Products.weigh(
          weights, valueRows, queries: tileQueries, keys: tileKeys, columns: columns,
          diagonal: diagonal, keep: firstKey > 0, ahead: &ahead, into: target)
        if !isFinished { continue }
        for row in first..<first + tileQueries {
          rows.scale(
            sums + row * columns, by: 1 / totals[row], into: output + row * outputStride,
            count: headWidth)
          logSumExp?[row] = maxima[row] + log(totals[row])
        }
      }
      firstKey = nextKey
    }
  }

  /// With weights `P = e^(S − logSumExp)` and `δ = rowsum(dO ∘ O)`: `dV = Pᵀ dO`,
  /// `dS = P ∘ (dO Vᵀ − δ)`, `dQ = scale · dS K`, `dK = scale · dSᵀ Q`.
  package static func attentionBackward(
    dOutput: Floats, dOutputStride: Int, output: Floats, outputStride: Int,
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, logSumExp: Floats,
    dQuery: MutableFloats, dQueryStride: Int, dKey: MutableFloats, dKeyStride: Int,
    dValue: MutableFloats, dValueStride: Int, keepKeyValue: Bool,
    length: Int, headWidth: Int, scale: Float, scratch: MutableFloats
  ) {
    let columns = padded(headWidth)
    let sizes = TileSizes(Products.self, headWidth: headWidth, columns: columns)
    var memory = Memory(scratch)
    let queryLeft = Tiles(length, of: sizes.left, &memory)
    let outputLeft = Tiles(length, of: sizes.left, &memory)
    let shares = Products.sharesRows
    let queryRight = shares ? queryLeft : Tiles(length, of: sizes.right, &memory)
    let outputRight = shares ? outputLeft : Tiles(length, of: sizes.right, &memory)
    let (querySums, deltas) = (memory.floats(length * columns), memory.floats(length))
    let (keyPanel, valuePanel) = (memory.floats(sizes.panel), memory.floats(sizes.panel))
    let keyRows = memory.floats(sizes.right)
    let (keySums, valueSums) = (memory.floats(tile * columns), memory.floats(tile * columns))
    let (weights, slopes) = (memory.floats(tile * tile), memory.floats(tile * tile))
    let packed = (
      memory.floats(sizes.weights), memory.floats(sizes.weights), memory.floats(sizes.weights)
    )

    for firstKey in stride(from: 0, to: length, by: tile) {
      let tileKeys = min(tile, length - firstKey)
      let nextKey = firstKey + tile
      let (tileKey, tileValue) = (key + firstKey * keyStride, value + firstKey * valueStride)
      Products.packRightTile(
        tileKey, stride: keyStride, isTransposed: true, columns: tileKeys, inner: headWidth,
        into: keyPanel)
      Products.packRightTile(
        tileValue, stride: valueStride, isTransposed: true, columns: tileKeys, inner: headWidth,
        into: valuePanel)
      Products.packRightTile(
        tileKey, stride: keyStride, isTransposed: false, columns: headWidth, inner: tileKeys,
        into: keyRows)
      for first in stride(from: firstKey, to: length, by: tile) {
        let tileQueries = min(tile, length - first)
        let diagonal = first - firstKey
        var ahead = RowsAhead(width: headWidth, products: 5)
        let isLast = first + tile >= length
        if firstKey == 0 {
          pack(
            query + first * queryStride, queryStride, tileQueries, headWidth, factor: scale,
            left: queryLeft[first], right: queryRight[first])
          pack(
            dOutput + first * dOutputStride, dOutputStride, tileQueries, headWidth, factor: 1,
            left: outputLeft[first], right: outputRight[first])
          for row in first..<first + tileQueries {
            deltas[row] = rows.dot(
              dOutput + row * dOutputStride, output + row * outputStride, count: headWidth)
          }
          ahead.add(query, queryStride, of: length, from: first + tile)
          ahead.add(dOutput, dOutputStride, of: length, from: first + tile)
          ahead.add(output, outputStride, of: length, from: first + tile)
        }
        if diagonal == 0 { ahead.add(dQuery, dQueryStride, of: length, from: first) }
        if firstKey == 0 ? isLast : diagonal == 0 {
          ahead.add(key, keyStride, of: length, from: nextKey)
        }
        if firstKey == 0 ? isLast : diagonal == tile {
          ahead.add(value, valueStride, of: length, from: nextKey)
        }
        if isLast {
          ahead.add(dKey, dKeyStride, of: length, from: firstKey)
          ahead.add(dValue, dValueStride, of: length, from: firstKey)
        }
        Products.score(
          queryLeft[first], keyPanel, queries: tileQueries, keys: tileKeys, width: headWidth,
          diagonal: diagonal, ahead: &ahead, into: weights)
        Products.score(
          outputLeft[first], valuePanel, queries: tileQueries, keys: tileKeys, width: headWidth,
          diagonal: diagonal, ahead: &ahead, into: slopes)
        rows.findSlopes(
          weights, slopes, rows: tileQueries, keys: tileKeys, diagonal: diagonal,
          logSumExp: logSumExp + first, deltas: deltas + first)
        let weightColumns = Products.packWeights(
          weights, isTransposed: true, queries: tileQueries, keys: tileKeys, into: packed.0)
        let slopeColumns = Products.packWeights(
          slopes, isTransposed: true, queries: tileQueries, keys: tileKeys, into: packed.1)
        let slopeRows = Products.packWeights(
          slopes, isTransposed: false, queries: tileQueries, keys: tileKeys, into: packed.2)
        Products.weighTransposed(
          weightColumns, outputRight[first], queries: tileQueries, keys: tileKeys,
          columns: columns, diagonal: diagonal, keep: diagonal > 0, ahead: &ahead, into: valueSums)
        Products.weighTransposed(
          slopeColumns, queryRight[first], queries: tileQueries, keys: tileKeys,
          columns: columns, diagonal: diagonal, keep: diagonal > 0, ahead: &ahead, into: keySums)
        Products.weigh(
          slopeRows, keyRows, queries: tileQueries, keys: tileKeys, columns: columns,
          diagonal: diagonal, keep: firstKey > 0, ahead: &ahead, into: querySums + first * columns)
        if diagonal == 0 {
          // These queries see no later keys.
          rows.unpackRows(
            querySums + first * columns, stride: columns, rows: tileQueries, width: headWidth,
            factor: scale, into: dQuery + first * dQueryStride, stride: dQueryStride, keep: false)
        }
      }
      rows.unpackRows(
        keySums, stride: columns, rows: tileKeys, width: headWidth, factor: shares ? 1 : scale,
        into: dKey + firstKey * dKeyStride, stride: dKeyStride, keep: keepKeyValue)
      rows.unpackRows(
        valueSums, stride: columns, rows: tileKeys, width: headWidth, factor: 1,
        into: dValue + firstKey * dValueStride, stride: dValueStride, keep: keepKeyValue)
    }
  }

  /// Packs a tile of rows as a left operand, times `factor`, and as a right one.
  private static func pack(
    _ source: Floats, _ stride: Int, _ count: Int, _ width: Int, factor: Float,
    left: MutableFloats, right: MutableFloats
  ) {
    Products.packLeftTile(
      source, stride: stride, factor: factor, rows: count, inner: width, into: left)
    if Products.sharesRows { return }
    Products.packRightTile(
      source, stride: stride, isTransposed: false, columns: width, inner: count, into: right)
  }
}

/// The queries of a tile, and its keys.
private let tile = 64

/// What operands take of scratch memory.
private struct TileSizes {
  /// 64 rows of queries.
  let left: Int
  /// 64 rows as the right operand of weights.
  let right: Int
  /// 64 keys as the right operand of queries.
  let panel: Int
  let weights: Int

  init(_ products: any AttentionProducts.Type, headWidth: Int, columns: Int) {
    left = Memory.space(products.leftTileCount(rows: tile, inner: headWidth))
    right = Memory.space(products.rightTileCount(columns: columns, inner: tile))
    panel = Memory.space(products.rightTileCount(columns: tile, inner: headWidth))
    weights = Memory.space(products.leftTileCount(rows: tile, inner: tile))
  }
}

/// Scratch memory that is handed out piece by piece, each at the beginning of a line of cache.
private struct Memory {
  private var next: MutableFloats

  init(_ start: MutableFloats) {
    next = start + (64 - Int(bitPattern: start) & 63) / 4 % 16
  }

  /// What `count` floats take, with 16 that packing may write beyond.
  static func space(_ count: Int) -> Int { (count + 31) / 16 * 16 }

  mutating func floats(_ count: Int) -> MutableFloats {
    defer { next += Self.space(count) }
    return next
  }
}

/// The operands of a sequence, packed 64 rows at a time.
private struct Tiles {
  private let start: MutableFloats
  private let distance: Int

  init(_ rows: Int, of distance: Int, _ memory: inout Memory) {
    self.distance = distance
    start = memory.floats((rows + tile - 1) / tile * distance - 16)
  }

  /// The operand that begins with row `first`, a multiple of 64.
  subscript(first: Int) -> MutableFloats { start + first / tile * distance }
}
