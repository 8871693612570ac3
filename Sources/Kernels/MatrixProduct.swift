/// The big matrix products: one signature, the implementation chosen at start.

import COpenBLAS
import KernelInterface
import Machine

/// Products of row-major matrices, shared among the threads of `Workers.shared`.
///
/// OpenBLAS computes them, single-threaded, once a worker on its share of the result; its choice of
/// core is corrected before the first product. One row against a transposed matrix, as in decoding,
/// is left to `matrixVector`.
public enum MatrixProduct {
  /// The OpenBLAS core in force ("Haswell", "SkylakeX", …), after correction.
  public static let core: String = {
    let name = String(cString: openblas_correct_core())
    openblas_set_num_threads(1)
    return name
  }()

  /// How an operand lies in memory.
  public enum Layout: Sendable {
    /// As the product needs it.
    case plain
    /// Transposed: stored with the other dimension in its rows.
    case transposed
  }

  /// `c = alpha · op(a) · op(b)`, `rows × columns`, or `c += …` if `keep`.
  ///
  /// - Parameters:
  ///   - a: `rows × inner`, or `inner × rows` if transposed; rows `aStride` apart.
  ///   - b: `inner × columns`, or `columns × inner` if transposed; rows `bStride` apart.
  /// - Complexity: `2 · rows · columns · inner` FLOPs.
  public static func multiply(
    _ a: Floats, _ aLayout: Layout = .plain, stride aStride: Int,
    _ b: Floats, _ bLayout: Layout = .plain, stride bStride: Int,
    into c: MutableFloats, stride cStride: Int,
    rows: Int, columns: Int, inner: Int, alpha: Float = 1, keep: Bool = false
  ) {
    _ = core
    if rows == 1, aLayout == .plain, bLayout == .transposed, bStride == inner, alpha == 1 {
      // One row reads every weight once: packing them first, as a product does, costs more.
      Workers.shared.divide(columns, alignment: 16) { range, _ in
        kernels.matrixVector(
          b + range.lowerBound * bStride, rows: range.count, columns: inner, a,
          into: c + range.lowerBound, keep: keep)
      }
      return
    }
    // Split the longer side of the result; ends at multiples of a tile keep full tiles in the parts.
    let byRows = rows >= columns
    let small = rows * columns * inner < 1 << 18
    let body = { (range: Range<Int>) in
      let aStart = byRows ? range.lowerBound * (aLayout == .plain ? aStride : 1) : 0
      let bStart = byRows ? 0 : range.lowerBound * (bLayout == .plain ? 1 : bStride)
      cblas_sgemm(
        CblasRowMajor, aLayout == .plain ? CblasNoTrans : CblasTrans,
        bLayout == .plain ? CblasNoTrans : CblasTrans,
        Int32(byRows ? range.count : rows), Int32(byRows ? columns : range.count), Int32(inner),
        alpha, a + aStart, Int32(aStride), b + bStart, Int32(bStride), keep ? 1 : 0,
        c + range.lowerBound * (byRows ? cStride : 1), Int32(cStride))
    }
    let length = byRows ? rows : columns
    if small {
      body(0..<length)
    } else {
      Workers.shared.divide(length, alignment: 48) { range, _ in body(range) }
    }
  }
}
