/// One product of rows with weights of one byte, cut into pieces and shared among threads.

import KernelInterface
import Machine

/// A product as `ByteWeights.multiply` describes it.
///
/// Many rows are cut into pieces whose bytes stay in a core's second cache while all panels pass by;
/// few rows are rounded once, and threads divide the panels, each of which is read once.
struct ByteProduct {
  /// Rows of a piece: with 3,072 columns their bytes take a third of a second cache of 1 MiB.
  private static let longestPiece = 96
  /// Panels of a piece of a product with few rows.
  private static let panelsOfPiece = 4

  var x: Floats
  var xStride: Int
  var panels: BytePanels
  /// Rows of `panels.rows` values, side by side.
  var c: MutableFloats
  var rows: Int
  var bias: Floats?
  /// As `c`.
  var addend: Floats?
  /// Whether to use AVX512-VNNI.
  var usesByteProducts = Processor.hasByteProducts

  /// Computes the product.
  func run() {
    if rows >= 2 * Self.longestPiece { runRows() } else { runPanels() }
  }

  private func runRows() {
    let threads = Workers.shared.count
    let most = (rows + Self.longestPiece - 1) / Self.longestPiece
    let pieces = (most + threads - 1) / threads * threads
    let height = ((rows + pieces - 1) / pieces + 5) / 6 * 6
    Workers.shared.share((rows + height - 1) / height) { piece in
      let part = piece * height..<min(rows, (piece + 1) * height)
      let memory = ThreadMemory.left(
        ByteRows.floatCount(rows: height, columns: panels.columns) + Self.scratchCount(height))
      let bytes = ByteRows(rows: part.count, columns: panels.columns, in: memory)
      round(part, into: bytes, from: part.lowerBound)
      let scratch = memory + ByteRows.floatCount(rows: height, columns: panels.columns)
      for panel in 0..<panels.count { multiply(bytes, part, panel, scratch) }
    }
  }

  private func runPanels() {
    let memory = ThreadMemory.right(ByteRows.floatCount(rows: rows, columns: panels.columns))
    let bytes = ByteRows(rows: rows, columns: panels.columns, in: memory)
    Workers.shared.divide(rows, alignment: 8) { range, _ in round(range, into: bytes, from: 0) }
    let pieces = (panels.count + Self.panelsOfPiece - 1) / Self.panelsOfPiece
    Workers.shared.share(pieces) { piece in
      let scratch = ThreadMemory.left(Self.scratchCount(rows))
      let end = min(panels.count, (piece + 1) * Self.panelsOfPiece)
      for panel in piece * Self.panelsOfPiece..<end { multiply(bytes, 0..<rows, panel, scratch) }
    }
  }

  private static func scratchCount(_ rows: Int) -> Int {
    BytePanels.scratchCount + (rows + 1) * BytePanels.width
  }

  /// Rounds the rows `part` of `x` into `bytes`, whose first row is that of row `first`.
  private func round(_ part: Range<Int>, into bytes: ByteRows, from first: Int) {
    for row in part { kernels.roundToBytes(x + row * xStride, into: bytes.dropping(row - first)) }
  }

  /// The rows `part` of the result, whose bytes are `bytes`, and one panel.
  private func multiply(
    _ bytes: ByteRows, _ part: Range<Int>, _ panel: Int, _ scratch: MutableFloats
  ) {
    let width = BytePanels.width
    let stride = panels.rows
    let column = panel * width
    let count = min(width, stride - column)
    let place = part.lowerBound * stride + column
    if count == width {
      kernels.multiplyBytes(
        bytes, rows: part.count, panels, panel: panel, bias: bias.map { $0 + column },
        addend: addend.map { $0 + place }, addendStride: stride, into: c + place, stride: stride,
        usesByteProducts: usesByteProducts, scratch: scratch)
      return
    }
    // The last panel is cut: its part of every operand is moved to memory of its full width.
    let own = scratch + BytePanels.scratchCount
    let ownBias = own + part.count * width
    if let bias { ownBias.update(from: bias + column, count: count) }
    (ownBias + (bias == nil ? 0 : count)).update(
      repeating: 0, count: width - (bias == nil ? 0 : count))
    if let addend {
      for row in 0..<part.count {
        (own + row * width).update(from: addend + place + row * stride, count: count)
      }
    }
    kernels.multiplyBytes(
      bytes, rows: part.count, panels, panel: panel, bias: Floats(ownBias),
      addend: addend == nil ? nil : Floats(own), addendStride: width, into: own, stride: width,
      usesByteProducts: usesByteProducts, scratch: scratch)
    for row in 0..<part.count {
      (c + place + row * stride).update(from: own + row * width, count: count)
    }
  }
}
