/// Attention whose products round their operands to bfloat16; softmax and all sums are in float32.

#if arch(x86_64)
import CVectors
import Glibc
import KernelInterface

/// The tiles of `KernelSet`'s attention, multiplied by the dot products of AVX512-BF16.
///
/// An operand whose sums run along its rows holds pairs of neighbours, one whose sums run along its
/// columns pairs of rows: a word of 32 bits in both cases. Queries and gradients of outputs are packed
/// once a head, keys and values once a tile; weights and slopes are rounded where softmax left them.
///
/// - SeeAlso: arXiv 2205.14135, which rounds the same operands.
package enum BFloat16Attention: AttentionKernels {
  typealias Words = UnsafeMutablePointer<UInt32>
  static let tile = 64

  package static func attentionScratchCount(queries: Int, keys: Int, headWidth: Int) -> Int {
    let columns = padded(headWidth)
    return (queries + 1) * (3 * columns + 2) + 4 * tile * columns + 5 * tile * tile
  }

  package static func attention(
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, output: MutableFloats, outputStride: Int,
    queries: Int, keys: Int, headWidth: Int, scale: Float,
    logSumExp: MutableFloats?, scratch: MutableFloats
  ) {
    if queries <= 4 {
      // Decoding: bound by memory, and a tile of four rows would be mostly empty.
      kernels.attention(
        query: query, queryStride: queryStride, key: key, keyStride: keyStride, value: value,
        valueStride: valueStride, output: output, outputStride: outputStride, queries: queries,
        keys: keys, headWidth: headWidth, scale: scale, logSumExp: logSumExp, scratch: scratch)
      return
    }
    let cached = keys - queries
    let columns = padded(headWidth)
    var memory = Memory(scratch)
    let queryRows = memory.words(queries * columns / 2)
    let sums = memory.floats(queries * columns)
    let (maxima, totals) = (memory.floats(queries), memory.floats(queries))
    let keyPanel = memory.words(tile * columns / 2)
    let valuePairs = memory.words(tile * columns / 2)
    let scores = memory.floats(tile * tile)
    let weights = memory.words(tile * tile / 2)
    packRows(query, queryStride, queries, headWidth, factor: scale, into: queryRows)

    for firstKey in stride(from: 0, to: keys, by: tile) {
      let tileKeys = min(tile, keys - firstKey)
      packPanel(key + firstKey * keyStride, keyStride, tileKeys, headWidth, into: keyPanel)
      packPairs(
        value + firstKey * valueStride, valueStride, tileKeys, headWidth, factor: 1,
        into: valuePairs, columns)
      for firstQuery in stride(from: max(0, firstKey - cached), to: queries, by: tile) {
        let tileQueries = min(tile, queries - firstQuery)
        let diagonal = cached + firstQuery - firstKey
        let target = sums + firstQuery * columns
        score(
          queryRows + firstQuery * columns / 2, keyPanel, headWidth, tileQueries, tileKeys,
          diagonal, into: scores)
        kernels.updateSoftmax(
          scores, rows: tileQueries, keys: tileKeys, diagonal: diagonal, isFirst: firstKey == 0,
          maxima: maxima + firstQuery, totals: totals + firstQuery, sums: target, width: columns)
        packRows(Floats(scores), tile, tileQueries, tileKeys, factor: 1, into: weights)
        weigh(
          weights, padded(tileKeys) / 2, valuePairs, tileQueries, tileKeys, columns, diagonal,
          into: target, keep: firstKey > 0)
      }
    }
    for row in 0..<queries {
      kernels.scale(
        sums + row * columns, by: 1 / totals[row], into: output + row * outputStride,
        count: headWidth)
      logSumExp?[row] = maxima[row] + log(totals[row])
    }
  }

  package static func attentionBackward(
    dOutput: Floats, dOutputStride: Int, output: Floats, outputStride: Int,
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, logSumExp: Floats,
    dQuery: MutableFloats, dQueryStride: Int, dKey: MutableFloats, dKeyStride: Int,
    dValue: MutableFloats, dValueStride: Int, keepKeyValue: Bool,
    length: Int, headWidth: Int, scale: Float, scratch: MutableFloats
  ) {
    let columns = padded(headWidth)
    let halves = columns / 2
    var memory = Memory(scratch)
    let (queryRows, outputRows) = (memory.words(length * halves), memory.words(length * halves))
    let queryPairs = memory.words((length + 1) * halves)
    let outputPairs = memory.words((length + 1) * halves)
    let querySums = memory.floats(length * columns)
    let deltas = memory.floats(length)
    let (keyPanel, valuePanel) = (memory.words(tile * halves), memory.words(tile * halves))
    let keyPairs = memory.words(tile * halves)
    let (keySums, valueSums) = (memory.floats(tile * columns), memory.floats(tile * columns))
    let (weights, slopes) = (memory.floats(tile * tile), memory.floats(tile * tile))
    let (weightPairs, slopePairs) = (memory.words(tile * tile / 2), memory.words(tile * tile / 2))
    let slopeRows = memory.words(tile * tile / 2)
    packRows(query, queryStride, length, headWidth, factor: scale, into: queryRows)
    packRows(dOutput, dOutputStride, length, headWidth, factor: 1, into: outputRows)
    packPairs(query, queryStride, length, headWidth, factor: scale, into: queryPairs, columns)
    packPairs(dOutput, dOutputStride, length, headWidth, factor: 1, into: outputPairs, columns)
    for row in 0..<length {
      deltas[row] = kernels.dot(
        dOutput + row * dOutputStride, output + row * outputStride, count: headWidth)
    }

    for firstKey in stride(from: 0, to: length, by: tile) {
      let tileKeys = min(tile, length - firstKey)
      let (key, value) = (key + firstKey * keyStride, value + firstKey * valueStride)
      packPanel(key, keyStride, tileKeys, headWidth, into: keyPanel)
      packPanel(value, valueStride, tileKeys, headWidth, into: valuePanel)
      packPairs(key, keyStride, tileKeys, headWidth, factor: 1, into: keyPairs, columns)
      for firstQuery in stride(from: firstKey, to: length, by: tile) {
        let tileQueries = min(tile, length - firstQuery)
        let diagonal = firstQuery - firstKey
        score(
          queryRows + firstQuery * halves, keyPanel, headWidth, tileQueries, tileKeys, diagonal,
          into: weights)
        score(
          outputRows + firstQuery * halves, valuePanel, headWidth, tileQueries, tileKeys, diagonal,
          into: slopes)
        kernels.findSlopes(
          weights, slopes, rows: tileQueries, keys: tileKeys, diagonal: diagonal,
          logSumExp: logSumExp + firstQuery, deltas: deltas + firstQuery)
        packPairs(Floats(weights), tile, tileQueries, tileKeys, factor: 1, into: weightPairs, tile)
        packPairs(Floats(slopes), tile, tileQueries, tileKeys, factor: 1, into: slopePairs, tile)
        packRows(Floats(slopes), tile, tileQueries, tileKeys, factor: 1, into: slopeRows)
        weighTransposed(
          weightPairs, outputPairs + firstQuery * halves, tileQueries, tileKeys, columns, diagonal,
          into: valueSums)
        weighTransposed(
          slopePairs, queryPairs + firstQuery * halves, tileQueries, tileKeys, columns, diagonal,
          into: keySums)
        weigh(
          slopeRows, padded(tileKeys) / 2, keyPairs, tileQueries, tileKeys, columns, diagonal,
          into: querySums + firstQuery * columns, keep: firstKey > 0)
      }
      for row in 0..<tileKeys {
        let dKey = dKey + (firstKey + row) * dKeyStride
        let dValue = dValue + (firstKey + row) * dValueStride
        if keepKeyValue {
          kernels.add(keySums + row * columns, to: dKey, count: headWidth)
          kernels.add(valueSums + row * columns, to: dValue, count: headWidth)
        } else {
          dKey.update(from: keySums + row * columns, count: headWidth)
          dValue.update(from: valueSums + row * columns, count: headWidth)
        }
      }
    }
    for row in 0..<length {
      kernels.scale(
        querySums + row * columns, by: scale, into: dQuery + row * dQueryStride, count: headWidth)
    }
  }
}

/// Scratch memory that is handed out piece by piece.
private struct Memory {
  private var next: MutableFloats

  init(_ start: MutableFloats) { next = start }

  mutating func floats(_ count: Int) -> MutableFloats {
    defer { next += count }
    return next
  }

  /// A word takes the memory of a float.
  mutating func words(_ count: Int) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(floats(count)).assumingMemoryBound(to: UInt32.self)
  }
}

extension BFloat16Attention {
  private static func padded(_ width: Int) -> Int { (width + 15) / 16 * 16 }

  /// Rows of pairs of neighbours, as long as `width` rounded up to 16.
  private static func packRows(
    _ source: Floats, _ stride: Int, _ rows: Int, _ width: Int, factor: Float, into words: Words
  ) {
    let length = padded(width) / 2
    for row in 0..<rows {
      vectors_bfloat16_round(source + row * stride, width, factor, words + row * length)
    }
  }

  /// Pairs of rows, `columns` words each.
  private static func packPairs(
    _ source: Floats, _ stride: Int, _ rows: Int, _ width: Int, factor: Float, into words: Words,
    _ columns: Int
  ) {
    for row in Swift.stride(from: 0, to: rows, by: 2) {
      let first = source + row * stride
      vectors_bfloat16_pair(
        first, row + 1 < rows ? first + stride : nil, width, factor, words + row / 2 * columns)
    }
  }

  /// The transpose of at most 64 rows: for every pair of neighbours the words of 64 rows.
  private static func packPanel(
    _ source: Floats, _ stride: Int, _ rows: Int, _ width: Int, into words: Words
  ) {
    for row in Swift.stride(from: 0, to: tile, by: 8) {
      vectors_bfloat16_pack_rows(
        source + min(row, rows - 1) * stride, stride, max(0, rows - row), width, 1, words + row,
        tile)
    }
  }

  /// `scores = left · panel`, `queries × keys`, as far as it is visible.
  private static func score(
    _ left: Words, _ panel: Words, _ width: Int, _ queries: Int, _ keys: Int, _ diagonal: Int,
    into scores: MutableFloats
  ) {
    let length = padded(width) / 2
    forEachBlock(of: queries) { row, height in
      let visible = min(keys, row + height + diagonal)
      vectors_bfloat16_tile(
        height, (visible + 15) / 16, left + row * length, length, 1, panel, tile, (width + 1) / 2,
        scores + row * tile, tile, 0)
    }
  }

  /// `c = weights · right`, or added to it: `queries × columns`; a row of weights takes `length` words.
  private static func weigh(
    _ weights: Words, _ length: Int, _ right: Words, _ queries: Int, _ keys: Int, _ columns: Int,
    _ diagonal: Int, into c: MutableFloats, keep: Bool
  ) {
    forEachBlock(of: queries) { row, height in
      let pairs = (min(keys, row + height + diagonal) + 1) / 2
      for column in stride(from: 0, to: columns, by: 64) {
        vectors_bfloat16_tile(
          height, min(4, (columns - column) / 16), weights + row * length, length, 1,
          right + column, columns, pairs, c + row * columns + column, columns, keep ? 1 : 0)
      }
    }
  }

  /// `c = weightsᵀ · right`, added to it if the diagonal lies behind the tile: `keys × columns`.
  private static func weighTransposed(
    _ weights: Words, _ right: Words, _ queries: Int, _ keys: Int, _ columns: Int, _ diagonal: Int,
    into c: MutableFloats
  ) {
    forEachBlock(of: keys) { row, height in
      // Earlier queries do not see these keys.
      let start = min(queries, max(0, row - diagonal)) / 2
      for column in stride(from: 0, to: columns, by: 64) {
        vectors_bfloat16_tile(
          height, min(4, (columns - column) / 16), weights + start * tile + row, 1, tile,
          right + start * columns + column, columns, (queries + 1) / 2 - start,
          c + row * columns + column, columns, diagonal > 0 ? 1 : 0)
      }
    }
  }

  /// Calls `body` with the first row and the height of every block of registers.
  private static func forEachBlock(of rows: Int, _ body: (_ row: Int, _ height: Int) -> Void) {
    var row = 0
    while row < rows {
      let left = rows - row
      let height = left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1
      body(row, height)
      row += height
    }
  }
}
#endif
