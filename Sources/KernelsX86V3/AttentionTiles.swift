/// The products of attention in float32: operands in rows of registers, weights where they lie.

import KernelInterface

extension VectorKernels {
  /// The kernels of what is computed in between.
  public static var rows: any KernelSet.Type { VectorKernels.self }

  /// Sums have a multiple of so many columns.
  public static var columnUnit: Int { panelWidth }

  /// Rows are what both operands are made of.
  public static var sharesRows: Bool { true }

  /// The floats of memory that a left operand takes.
  public static func leftTileCount(rows: Int, inner: Int) -> Int {
    rows * roundUp(inner, to: panelWidth)
  }

  /// The floats of memory that a right operand takes.
  public static func rightTileCount(columns: Int, inner: Int) -> Int {
    inner * roundUp(columns, to: panelWidth)
  }

  /// Copies rows, padded with zeros.
  public static func packLeftTile(
    _ a: Floats, stride: Int, factor: Float, rows: Int, inner: Int, into operand: MutableFloats
  ) {
    packRows(
      a, stride: stride, rows: rows, width: inner, factor: factor, into: operand,
      stride: roundUp(inner, to: panelWidth))
  }

  /// Copies rows, padded with zeros, or makes the transpose of a tile's.
  public static func packRightTile(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into operand: MutableFloats
  ) {
    if isTransposed {
      packTransposed(b, stride: stride, rows: columns, width: inner, into: operand)
    } else {
      packRows(
        b, stride: stride, rows: inner, width: columns, factor: 1, into: operand,
        stride: roundUp(columns, to: panelWidth))
    }
  }

  /// The tile itself.
  public static func packWeights(
    _ tile: Floats, isTransposed: Bool, queries: Int, keys: Int, into operand: MutableFloats
  ) -> Floats { tile }

  /// `scores = queries · keysᵀ`
  public static func score(
    _ left: Floats, _ right: Floats, queries: Int, keys: Int, width: Int, diagonal: Int,
    ahead: inout RowsAhead, into scores: MutableFloats
  ) {
    multiplyForScores(
      left, stride: roundUp(width, to: panelWidth), right, into: scores, queries: queries,
      keys: keys, inner: width, diagonal: diagonal, ahead: &ahead)
  }

  /// `sums = weights · right`, or added to it.
  public static func weigh(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats
  ) {
    multiplyWeights(
      weights, right, into: sums, queries: queries, keys: keys, columns: columns,
      diagonal: diagonal, keep: keep, ahead: &ahead)
  }

  /// `sums = weightsᵀ · right`, or added to it.
  public static func weighTransposed(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats
  ) {
    multiplyTransposedWeights(
      weights, right, into: sums, queries: queries, keys: keys, columns: columns,
      diagonal: diagonal, keep: keep, ahead: &ahead)
  }
}
