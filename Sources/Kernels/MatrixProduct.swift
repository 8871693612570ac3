/// The big matrix products: one signature, the implementation chosen at start.

import COpenBLAS
import Glibc
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

  /// Whether `APUS_PRODUCTS=openblas` leaves all products to OpenBLAS, for comparison.
  public static let usesOpenBLAS: Bool =
    getenv("APUS_PRODUCTS").map { String(cString: $0) } == "openblas"

  /// How an operand lies in memory.
  public enum Layout: Sendable {
    /// As the product needs it.
    case plain
    /// Transposed: stored with the other dimension in its rows.
    case transposed
  }

  /// `c = alpha · op(a) · op(b) (+ addend) (+ bias)`, `rows × columns`.
  ///
  /// - Parameters:
  ///   - a: `rows × inner`, or `inner × rows` if transposed; rows `aStride` apart.
  ///   - b: `inner × columns`, or `columns × inner` if transposed; rows `bStride` apart.
  ///   - addend: `rows × columns` values, rows `cStride` apart, or nil; may be `c` itself.
  ///   - bias: `columns` values added to every row, or nil.
  ///   - precision: what operands are rounded to; this processor has it. Few rows stay in float32.
  /// - Complexity: `2 · rows · columns · inner` FLOPs.
  public static func multiply(
    _ a: Floats, _ aLayout: Layout = .plain, stride aStride: Int,
    _ b: Floats, _ bLayout: Layout = .plain, stride bStride: Int,
    into c: MutableFloats, stride cStride: Int,
    rows: Int, columns: Int, inner: Int, alpha: Float = 1, addend: Floats? = nil,
    bias: Floats? = nil, precision: Precision = .fp32
  ) {
    let isThin =
      rows <= ThinProduct.longest && columns > rows && aLayout == .plain && bLayout == .transposed
    if isThin, rows > 1 || bStride == inner, alpha == 1 {
      // Few rows read every weight once: packing them first, as a product does, costs more.
      ThinProduct(
        x: a, xStride: aStride, weights: .floats(b, stride: bStride), c: c, cStride: cStride,
        rows: rows, outputs: columns, inner: inner, bias: bias, addend: addend
      ).run()
    } else if usesOpenBLAS, precision == .fp32 {
      let keep = start(c, stride: cStride, rows: rows, columns: columns, addend: addend, bias: bias)
      multiplyByOpenBLAS(
        a, aLayout, aStride, b, bLayout, bStride, c, cStride, rows: rows, columns: columns,
        inner: inner, alpha: alpha, keep: keep)
    } else {
      guard let panels = precision.panels else {
        preconditionFailure("This processor has no products in \(precision.rawValue).")
      }
      multiply(
        by: panels, a, aLayout, stride: aStride, b, bLayout, stride: bStride, into: c,
        stride: cStride, rows: rows, columns: columns, inner: inner, alpha: alpha, addend: addend,
        bias: bias)
    }
  }

  /// The product as `multiply` describes it, by panels of one number format, however small it is.
  package static func multiply(
    by panels: any PanelKernels.Type, _ a: Floats, _ aLayout: Layout, stride aStride: Int,
    _ b: Floats, _ bLayout: Layout, stride bStride: Int, into c: MutableFloats,
    stride cStride: Int, rows: Int, columns: Int, inner: Int, alpha: Float = 1,
    addend: Floats? = nil, bias: Floats? = nil
  ) {
    PackedProduct(
      panels: panels, a: a, aIsTransposed: aLayout == .transposed, aStride: aStride,
      b: b, bIsTransposed: bLayout == .transposed, bStride: bStride,
      c: c, cStride: cStride, rows: rows, columns: columns, inner: inner, alpha: alpha,
      bias: bias, addend: addend
    ).run()
  }

  /// Puts the terms of a sum in place, for products that only add; false if there are none.
  private static func start(
    _ c: MutableFloats, stride: Int, rows: Int, columns: Int, addend: Floats?, bias: Floats?
  ) -> Bool {
    guard addend != nil || bias != nil else { return false }
    for row in 0..<rows {
      let target = c + row * stride
      if let addend, let bias {
        kernels.add(addend + row * stride, bias, into: target, count: columns)
      } else if let source = bias ?? addend.map({ $0 + row * stride }), source != Floats(target) {
        target.update(from: source, count: columns)
      }
    }
    return true
  }

  private static func multiplyByOpenBLAS(
    _ a: Floats, _ aLayout: Layout, _ aStride: Int, _ b: Floats, _ bLayout: Layout, _ bStride: Int,
    _ c: MutableFloats, _ cStride: Int, rows: Int, columns: Int, inner: Int, alpha: Float,
    keep: Bool
  ) {
    _ = core
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
