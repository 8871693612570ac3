/// The big matrix products: one signature, the implementation chosen at start.

import COpenBLAS
import KernelInterface
import Machine

/// Products of row-major matrices, shared among the threads of `Workers.shared`.
///
/// OpenBLAS computes them, single-threaded, piece by piece of the result; its choice of core is
/// corrected before the first product. The bits of a product do not depend on the number of
/// threads. One row against a transposed matrix, as in decoding, is left to `matrixVector`.
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
    let pieces = Pieces(rows: rows, columns: columns, inner: inner)
    Workers.shared.share(pieces.count) { (index: Int) in
      let (part, strip) = pieces[index]
      let aStart = part.lowerBound * (aLayout == .plain ? aStride : 1)
      let bStart = strip.lowerBound * (bLayout == .plain ? 1 : bStride)
      cblas_sgemm(
        CblasRowMajor, aLayout == .plain ? CblasNoTrans : CblasTrans,
        bLayout == .plain ? CblasNoTrans : CblasTrans,
        Int32(part.count), Int32(strip.count), Int32(inner),
        alpha, a + aStart, Int32(aStride), b + bStart, Int32(bStride), keep ? 1 : 0,
        c + part.lowerBound * cStride + strip.lowerBound, Int32(cStride))
    }
  }
}

/// How the result of a product is cut, so that every element comes out the same on any number of
/// threads.
///
/// OpenBLAS adds up an element in one order wherever its row stands, as long as rows are cut at
/// multiples of its tiles; where columns are cut matters to it. So columns are cut by the size of
/// the product alone, and rows by the number of threads.
private struct Pieces {
  private let rows: Int
  private let columns: Int
  private let strips: Int
  private let parts: Int
  /// Rows of every tile of every core divide it.
  private static let tile = 24
  /// OpenBLAS computes smaller products in another way.
  private static let smallest = 1 << 20

  init(rows: Int, columns: Int, inner: Int) {
    self.rows = rows
    self.columns = columns
    let size = rows * columns * inner
    let threads = Workers.shared.count
    if rows < 4 * Pieces.tile {
      strips = max(1, min(16, columns / (2 * Pieces.tile), size / Pieces.smallest))
      parts = 1
    } else {
      strips = size < 4 * Pieces.smallest ? 1 : max(1, columns / 768)
      let least = Pieces.smallest / (max(columns / strips, 1) * inner) / Pieces.tile + 2
      parts = max(1, min((threads + strips - 1) / strips, rows / Pieces.tile / least))
    }
  }

  var count: Int { strips * parts }

  subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    (
      Pieces.part(index % parts, of: parts, length: rows),
      Pieces.part(index / parts, of: strips, length: columns)
    )
  }

  /// Equal numbers of tiles, the last of which may be cut.
  private static func part(_ index: Int, of parts: Int, length: Int) -> Range<Int> {
    let tiles = (length + tile - 1) / tile
    return tiles * index / parts * tile..<min(length, tiles * (index + 1) / parts * tile)
  }
}
