/// The nearest matrix with equal singular values, roughly, by products alone.

import Kernels
import Machine

/// Newton–Schulz steps with the quintic `ax + bx³ + cx⁵` of Jordan et al. (2024).
///
/// Five steps carry every singular value that is not tiny into about 0.7…1.2, which serves Muon as
/// well as 1 would. With the Gram matrix `A = XXᵀ` of the smaller side, a step is
/// `X ← (aI + bA + cA²)X`; completing the square, `(c(A + b/2c)² + a − b²/4c)X`, which is three
/// products and two walks along a diagonal.
enum Orthogonalization {
  static let steps = 5
  private static let a: Float = 3.4445
  private static let b: Float = -4.7750
  private static let c: Float = 2.0315

  /// Memory for one matrix at a time, and its transient copies.
  struct Scratch {
    /// The matrix on entry.
    let first: MutableFloats
    /// As large as `first`.
    let second: MutableFloats
    let gram: MutableFloats
    let polynomial: MutableFloats

    /// Enough for each of `slices`.
    init(_ slices: [MatrixSlice], in arena: Arena) {
      let count = slices.map(\.count).max() ?? 1
      let side = slices.map { min($0.rows, $0.columns) }.max() ?? 1
      first = arena.floats(count)
      second = arena.floats(count)
      gram = arena.floats(side * side)
      polynomial = arena.floats(side * side)
    }
  }

  /// FLOPs of `apply`.
  static func cost(rows: Int, columns: Int) -> Double {
    let small = Double(min(rows, columns))
    return Double(steps) * (4 * small * Double(rows * columns) + 2 * small * small * small)
  }

  /// Orthogonalises the matrix in `scratch.first`; returns which of its two blocks holds the result.
  static func apply(rows: Int, columns: Int, _ scratch: Scratch) -> MutableFloats {
    let count = rows * columns
    let side = min(rows, columns)
    let isWide = rows <= columns
    var x = scratch.first
    var y = scratch.second
    let norm = kernels.sumOfSquares(x, count: count).squareRoot()
    kernels.scale(x, by: Float(1 / (norm + 1e-7)), into: x, count: count)
    for _ in 0..<steps {
      MatrixProduct.multiply(
        x, isWide ? .plain : .transposed, stride: columns,
        x, isWide ? .transposed : .plain, stride: columns,
        into: scratch.gram, stride: side, rows: side, columns: side, inner: max(rows, columns))
      shiftDiagonal(of: scratch.gram, side: side, by: b / (2 * c))
      MatrixProduct.multiply(
        scratch.gram, stride: side, scratch.gram, stride: side,
        into: scratch.polynomial, stride: side, rows: side, columns: side, inner: side, alpha: c)
      shiftDiagonal(of: scratch.polynomial, side: side, by: a - b * b / (4 * c))
      MatrixProduct.multiply(
        isWide ? scratch.polynomial : x, stride: isWide ? side : columns,
        isWide ? x : scratch.polynomial, stride: isWide ? columns : side,
        into: y, stride: columns, rows: rows, columns: columns, inner: side)
      swap(&x, &y)
    }
    return x
  }

  private static func shiftDiagonal(of matrix: MutableFloats, side: Int, by shift: Float) {
    for index in 0..<side { matrix[index * (side + 1)] += shift }
  }
}
