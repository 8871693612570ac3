/// The nearest matrix with equal singular values, roughly, by products alone.

import Kernels
import Machine

/// Newton–Schulz steps with the quintic `ax + bx³ + cx⁵` of Jordan et al. (2024).
///
/// Five steps carry every singular value that is not tiny into about 0.7…1.2, which serves Muon as
/// well as 1 would. A step is `X ← (aI + bG + cG²)X` with the Gram matrix `G = XXᵀ` of the smaller
/// side. All factors are polynomials of the first Gram matrix: they commute, and are symmetric. So
/// the steps go on among small symmetric matrices, `P = aI + bG + cG²`, `Q ← PQ`, `G ← P(PG)`, at
/// half the arithmetic of a product, and `X` itself is read twice: for the first `G`, and for the
/// last product `QX`. In float32 the result is within 0.002 of that of the steps as they are written,
/// whatever the singular values, which is far less than what five steps leave undone.
enum Orthogonalization {
  static let steps = 5
  private static let a: Float = 3.4445
  private static let b: Float = -4.7750
  private static let c: Float = 2.0315

  /// Memory for one matrix at a time, and its transient copies.
  struct Scratch: @unchecked Sendable {
    /// The matrix on entry.
    let first: MutableFloats
    /// As large as `first`.
    let second: MutableFloats
    /// Squares of the smaller side.
    let squares: [MutableFloats]

    /// Enough for each of `slices`.
    init(_ slices: [MatrixSlice], in arena: Arena) {
      let count = slices.map(\.count).max() ?? 1
      let side = slices.map { min($0.rows, $0.columns) }.max() ?? 1
      first = arena.floats(count)
      second = arena.floats(count)
      squares = (0..<4).map { _ in arena.floats(side * side) }
    }
  }

  /// FLOPs of `apply`: a product of the matrix with a square, half of one for the first Gram matrix,
  /// and 17 halves among squares.
  static func cost(rows: Int, columns: Int) -> Double {
    let small = Double(min(rows, columns))
    return 3 * small * Double(rows * columns) + 17 * small * small * small
  }

  /// Orthogonalises the matrix in `scratch.first`; the result is in `scratch.second`.
  static func apply(rows: Int, columns: Int, _ scratch: Scratch) {
    let count = rows * columns
    let side = min(rows, columns)
    let isWide = rows <= columns
    let x = scratch.first
    var (gram, polynomial) = (scratch.squares[0], scratch.squares[1])
    var (product, spare) = (scratch.squares[2], scratch.squares[3])
    func multiply(_ left: Floats, _ right: Floats, into target: MutableFloats, alpha: Float = 1) {
      SymmetricProduct.multiply(
        left, stride: side, right, stride: side, into: target, side: side, inner: side,
        alpha: alpha)
    }
    let norm = kernels.sumOfSquares(x, count: count).squareRoot()
    let scale = Float(1 / (norm + 1e-7))
    kernels.scale(x, by: scale, into: x, count: count)
    SymmetricProduct.multiply(
      x, isWide ? .plain : .transposed, stride: columns,
      x, isWide ? .transposed : .plain, stride: columns,
      into: gram, side: side, inner: max(rows, columns))
    for step in 0..<steps {
      // Completing the square: aI + bG + cG² = c(G + b/2c)² + a − b²/4c.
      shiftDiagonal(of: gram, side: side, by: b / (2 * c))
      multiply(gram, gram, into: polynomial, alpha: c)
      shiftDiagonal(of: polynomial, side: side, by: a - b * b / (4 * c))
      if step + 1 < steps {
        shiftDiagonal(of: gram, side: side, by: -b / (2 * c))
        multiply(polynomial, gram, into: spare)
        multiply(polynomial, spare, into: gram)
      }
      if step == 0 {
        swap(&product, &polynomial)
      } else {
        multiply(polynomial, product, into: spare)
        swap(&product, &spare)
      }
    }
    MatrixProduct.multiply(
      isWide ? product : x, stride: isWide ? side : columns,
      isWide ? x : product, stride: isWide ? columns : side,
      into: scratch.second, stride: columns, rows: rows, columns: columns, inner: side)
  }

  private static func shiftDiagonal(of matrix: MutableFloats, side: Int, by shift: Float) {
    for index in 0..<side { matrix[index * (side + 1)] += shift }
  }
}
