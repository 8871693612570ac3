/// One big matrix product cut into pieces that fit the caches, shared among threads.

import KernelInterface
import Machine

/// A product as `MatrixProduct.multiply` describes it, computed by the kernels of one number format.
///
/// The right operand is packed once, by all threads, in slabs that fit the last cache; then each
/// piece, some rows of the result, packs its part of the left operand into its core's second cache
/// and multiplies. With few rows it is the other way round. How the sum over `inner` is cut depends
/// on `inner` alone, so that results do not depend on the number of threads, nor on other rows.
struct PackedProduct {
  /// What operands are packed and multiplied by.
  var panels: any PanelKernels.Type
  /// The most rows that are cut by columns.
  private static let fewRows = 96
  /// Floats of a packed slab of the right operand: 8 MiB.
  private static let largestSlab = 1 << 21

  var a: Floats
  var aIsTransposed: Bool
  var aStride: Int
  var b: Floats
  var bIsTransposed: Bool
  var bStride: Int
  var c: MutableFloats
  var cStride: Int
  var rows: Int
  var columns: Int
  var inner: Int
  var alpha: Float
  var bias: Floats?
  /// Rows `cStride` apart.
  var addend: Floats?

  /// Rows of a piece: its part of the left operand takes half of a second cache. The longer pieces are,
  /// the less often the right operand comes from a cache that programs share.
  private var longestPiece: Int {
    let depth = max(1, panels.leftDepth((inner + chunks - 1) / chunks))
    return min(576, max(96, Processor.secondCache / 2 / (4 * depth)))
  }

  private var chunks: Int { max(1, (inner + panels.longestChunk - 1) / panels.longestChunk) }

  /// The floats that a column of the longest chunk takes in a right panel.
  private var chunkDepth: Int { panels.rightDepth((inner + chunks - 1) / chunks) }

  private func chunk(_ index: Int) -> Range<Int> {
    inner * index / chunks..<inner * (index + 1) / chunks
  }

  /// Of `columns`, how many meet all rows of a piece before others do, in groups of equal length: their
  /// part of the right operand takes half of a second cache, where it stays while the rows pass and the
  /// result is written in its order.
  private func groupLength(_ columns: Int) -> Int {
    let unit = panels.blockColumns
    let longest = max(unit, Processor.secondCache / 2 / (4 * max(1, chunkDepth)))
    let groups = (columns + longest - 1) / longest
    return ((columns + groups - 1) / groups + unit - 1) / unit * unit
  }

  /// Computes the product.
  func run() {
    if rows <= Self.fewRows, columns > rows {
      runColumns()
    } else {
      runRows()
    }
  }

  // MARK: Many rows

  private func runRows() {
    let unit = panels.blockColumns
    let slabColumns = min(
      columns, max(1, Self.largestSlab / max(1, min(chunks, 4) * chunkDepth) / unit) * unit)
    let slabChunks = max(1, Self.largestSlab / max(1, slabColumns * chunkDepth))
    let padded = (slabColumns + unit - 1) / unit * unit
    let packed = ThreadMemory.right(padded * chunkDepth * min(chunks, slabChunks))
    for firstColumn in stride(from: 0, to: columns, by: slabColumns) {
      let part = firstColumn..<min(columns, firstColumn + slabColumns)
      for firstChunk in stride(from: 0, to: chunks, by: slabChunks) {
        let chunks = firstChunk..<min(chunks, firstChunk + slabChunks)
        pack(part, chunks, into: packed)
        multiply(part, chunks, packed)
      }
    }
  }

  /// Packs columns of the right operand, chunk after chunk, on all threads.
  private func pack(_ part: Range<Int>, _ chunks: Range<Int>, into packed: MutableFloats) {
    let unit = panels.blockColumns
    let padded = (part.count + unit - 1) / unit * unit
    let depth = chunkDepth
    let strip = 4 * unit
    let strips = (padded + strip - 1) / strip
    Workers.shared.share(chunks.count * strips) { piece in
      let range = chunk(chunks.lowerBound + piece / strips)
      let column = piece % strips * strip
      panels.packRight(
        rightOperand(column: part.lowerBound + column, inner: range.lowerBound), stride: bStride,
        isTransposed: bIsTransposed, columns: min(strip, part.count - column), inner: range.count,
        into: packed + piece / strips * padded * depth + column * panels.rightDepth(range.count))
    }
  }

  private func multiply(_ part: Range<Int>, _ chunks: Range<Int>, _ packed: Floats) {
    let unit = panels.blockColumns
    let padded = (part.count + unit - 1) / unit * unit
    let depth = chunkDepth
    let height = pieceLength(rows, unit: panels.blockRows, longest: longestPiece)
    let group = groupLength(part.count)
    Workers.shared.share((rows + height - 1) / height) { piece in
      let firstRow = piece * height
      let count = min(height, rows - firstRow)
      let target = c + firstRow * cStride + part.lowerBound
      for index in chunks {
        let range = chunk(index)
        let left = ThreadMemory.left(
          (height + panels.blockRows) * panels.leftDepth(range.count) + 16)
        panels.packLeft(
          leftOperand(row: firstRow, inner: range.lowerBound), stride: aStride,
          isTransposed: aIsTransposed, factor: alpha, rows: count, inner: range.count, into: left)
        let right = packed + (index - chunks.lowerBound) * padded * depth
        for column in stride(from: 0, to: part.count, by: group) {
          let start = addend.map { $0 + firstRow * cStride + part.lowerBound + column }
          panels.multiplyPacked(
            left, right + column * panels.rightDepth(range.count), rows: count,
            columns: min(group, part.count - column), inner: range.count,
            bias: index == 0 ? bias.map { $0 + part.lowerBound + column } : nil,
            addend: index > 0 ? Floats(target + column) : start, addendStride: cStride,
            into: target + column, stride: cStride)
        }
      }
    }
  }

  // MARK: Few rows

  private func runColumns() {
    let unit = panels.blockColumns
    let paddedRows = (rows + panels.blockRows - 1) / panels.blockRows * panels.blockRows
    let depth = panels.leftDepth((inner + chunks - 1) / chunks)
    let left = ThreadMemory.left(paddedRows * depth * chunks + 16)
    for index in 0..<chunks {
      let range = chunk(index)
      panels.packLeft(
        leftOperand(row: 0, inner: range.lowerBound), stride: aStride,
        isTransposed: aIsTransposed, factor: alpha, rows: rows, inner: range.count,
        into: left + index * depth * paddedRows)
    }
    let width = pieceLength(columns, unit: unit, longest: 8 * unit)
    Workers.shared.share((columns + width - 1) / width) { piece in
      let column = piece * width
      let count = min(width, columns - column)
      for index in 0..<chunks {
        let range = chunk(index)
        let right = ThreadMemory.right((width + unit) * panels.rightDepth(range.count))
        panels.packRight(
          rightOperand(column: column, inner: range.lowerBound), stride: bStride,
          isTransposed: bIsTransposed, columns: count, inner: range.count, into: right)
        panels.multiplyPacked(
          left + index * depth * paddedRows, right, rows: rows, columns: count,
          inner: range.count, bias: index == 0 ? bias.map { $0 + column } : nil,
          addend: index > 0 ? Floats(c + column) : addend.map { $0 + column },
          addendStride: cStride, into: c + column, stride: cStride)
      }
    }
  }

  /// The length of pieces of equal length, multiples of `unit`, as many for every thread.
  private func pieceLength(_ length: Int, unit: Int, longest: Int) -> Int {
    let threads = Workers.shared.count
    var pieces = max(1, (length + longest - 1) / longest)
    pieces = (pieces + threads - 1) / threads * threads
    return max(unit, ((length + pieces - 1) / pieces + unit - 1) / unit * unit)
  }

  private func leftOperand(row: Int, inner: Int) -> Floats {
    aIsTransposed ? a + inner * aStride + row : a + row * aStride + inner
  }

  private func rightOperand(column: Int, inner: Int) -> Floats {
    bIsTransposed ? b + column * bStride + inner : b + inner * bStride + column
  }
}
