/// The products of attention by the panels that all other products are made of.

import KernelInterface

/// Every tile is multiplied whole, also where the diagonal crosses it.
package enum PanelAttention<Panels: PanelKernels>: AttentionProducts {
  package static var rows: any KernelSet.Type { kernels }
  package static var columnUnit: Int { 16 }
  package static var sharesRows: Bool { false }

  package static func leftTileCount(rows: Int, inner: Int) -> Int {
    let side = Panels.blockRows
    return (rows + side - 1) / side * side * Panels.leftDepth(inner)
  }

  package static func rightTileCount(columns: Int, inner: Int) -> Int {
    let side = Panels.blockColumns
    return (columns + side - 1) / side * side * Panels.rightDepth(inner)
  }

  package static func packLeftTile(
    _ a: Floats, stride: Int, factor: Float, rows: Int, inner: Int, into operand: MutableFloats
  ) {
    Panels.packLeft(
      a, stride: stride, isTransposed: false, factor: factor, rows: rows, inner: inner,
      into: operand)
  }

  package static func packRightTile(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into operand: MutableFloats
  ) {
    Panels.packRight(
      b, stride: stride, isTransposed: isTransposed, columns: columns, inner: inner, into: operand)
  }

  package static func packWeights(
    _ tile: Floats, isTransposed: Bool, queries: Int, keys: Int, into operand: MutableFloats
  ) -> Floats {
    Panels.packLeft(
      tile, stride: 64, isTransposed: isTransposed, factor: 1, rows: isTransposed ? keys : queries,
      inner: isTransposed ? queries : keys, into: operand)
    return Floats(operand)
  }

  package static func score(
    _ left: Floats, _ right: Floats, queries: Int, keys: Int, width: Int, diagonal: Int,
    ahead: inout RowsAhead, into scores: MutableFloats
  ) {
    multiply(left, right, queries, keys, width, keep: false, &ahead, into: scores, stride: 64)
  }

  package static func weigh(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats
  ) {
    multiply(
      weights, right, queries, columns, keys, keep: keep, &ahead, into: sums, stride: columns)
  }

  package static func weighTransposed(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats
  ) {
    multiply(
      weights, right, keys, columns, queries, keep: keep, &ahead, into: sums, stride: columns)
  }

  private static func multiply(
    _ left: Floats, _ right: Floats, _ rows: Int, _ columns: Int, _ inner: Int, keep: Bool,
    _ ahead: inout RowsAhead, into c: MutableFloats, stride: Int
  ) {
    for row in Swift.stride(from: 0, to: rows, by: 32) {
      ahead.ask(parts: 2)
      let target = c + row * stride
      Panels.multiplyPacked(
        left + row * Panels.leftDepth(inner), right, rows: min(32, rows - row), columns: columns,
        inner: inner, bias: nil, addend: keep ? Floats(target) : nil, addendStride: stride,
        into: target, stride: stride)
    }
  }
}
