/// The products of attention in bfloat16 where AVX512-BF16 multiplies them: operands small enough to be
/// multiplied where they lie, as far as a query sees.

#if arch(x86_64)
import CVectors
import KernelInterface

/// An operand whose sums run along its rows holds pairs of neighbours, one whose sums run along its
/// columns pairs of rows: a word of 32 bits in both cases.
package enum BFloat16Attention: AttentionProducts {
  package static var rows: any KernelSet.Type { kernels }
  package static var columnUnit: Int { 16 }
  package static var sharesRows: Bool { false }

  package static func leftTileCount(rows: Int, inner: Int) -> Int {
    padded(rows) * padded(inner) / 2
  }

  package static func rightTileCount(columns: Int, inner: Int) -> Int {
    padded(columns) * ((inner + 1) / 2)
  }

  package static func packLeftTile(
    _ a: Floats, stride: Int, factor: Float, rows: Int, inner: Int, into operand: MutableFloats
  ) {
    let length = padded(inner) / 2
    for row in 0..<rows {
      vectors_bfloat16_round(a + row * stride, inner, factor, words(operand) + row * length)
    }
  }

  package static func packWeights(
    _ tile: Floats, isTransposed: Bool, queries: Int, keys: Int, into operand: MutableFloats
  ) -> Floats {
    if isTransposed {
      packPairs(tile, 64, queries, keys, into: words(operand))
    } else {
      packLeftTile(tile, stride: 64, factor: 1, rows: queries, inner: keys, into: operand)
    }
    return Floats(operand)
  }

  package static func packRightTile(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into operand: MutableFloats
  ) {
    if !isTransposed {
      packPairs(b, stride, inner, columns, into: words(operand))
      return
    }
    let length = padded(columns)
    for column in Swift.stride(from: 0, to: length, by: 8) {
      vectors_bfloat16_pack_rows(
        b + min(column, columns - 1) * stride, stride, max(0, columns - column), inner, 1,
        words(operand) + column, length)
    }
  }

  /// Pairs of rows, a word for each of `width` columns, rounded up to 16.
  private static func packPairs(
    _ source: Floats, _ stride: Int, _ rows: Int, _ width: Int,
    into words: UnsafeMutablePointer<UInt32>
  ) {
    for row in Swift.stride(from: 0, to: rows, by: 2) {
      let first = source + row * stride
      vectors_bfloat16_pair(
        first, row + 1 < rows ? first + stride : nil, width, 1, words + row / 2 * padded(width))
    }
  }

  package static func score(
    _ left: Floats, _ right: Floats, queries: Int, keys: Int, width: Int, diagonal: Int,
    ahead: inout RowsAhead, into scores: MutableFloats
  ) {
    let length = padded(width) / 2
    forEachBlock(of: queries) { row, height in
      ahead.ask(parts: 12)
      let visible = min(keys, row + height + diagonal)
      vectors_bfloat16_tile(
        height, (visible + 15) / 16, words(left) + row * length, length, 1, words(right),
        padded(keys), (width + 1) / 2, scores + row * 64, 64, 0)
    }
  }

  package static func weigh(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats
  ) {
    let length = padded(keys) / 2
    forEachBlock(of: queries) { row, height in
      ahead.ask(parts: 12)
      let pairs = (min(keys, row + height + diagonal) + 1) / 2
      for column in stride(from: 0, to: columns, by: 64) {
        vectors_bfloat16_tile(
          height, min(4, (columns - column) / 16), words(weights) + row * length, length, 1,
          words(right) + column, columns, pairs, sums + row * columns + column, columns,
          keep ? 1 : 0)
      }
    }
  }

  package static func weighTransposed(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats
  ) {
    let length = padded(keys)
    forEachBlock(of: keys) { row, height in
      ahead.ask(parts: 12)
      // Earlier queries do not see these keys.
      let start = min(queries, max(0, row - diagonal)) / 2
      for column in stride(from: 0, to: columns, by: 64) {
        vectors_bfloat16_tile(
          height, min(4, (columns - column) / 16), words(weights) + start * length + row, 1,
          length, words(right) + start * columns + column, columns, (queries + 1) / 2 - start,
          sums + row * columns + column, columns, keep ? 1 : 0)
      }
    }
  }

  private static func padded(_ width: Int) -> Int { (width + 15) / 16 * 16 }

  private static func words(_ operand: MutableFloats) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(operand).assumingMemoryBound(to: UInt32.self)
  }

  private static func words(_ operand: Floats) -> UnsafePointer<UInt32> {
    UnsafeRawPointer(operand).assumingMemoryBound(to: UInt32.self)
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
