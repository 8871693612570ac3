/// Weights of one byte in panels, and their products with rows that are rounded to bytes on the way in.

import KernelInterface
import Machine

/// A matrix of bytes, 64 of a row sharing a factor: 1.07 bytes a weight.
///
/// Both sides of its products are whole numbers, so that processors with AVX512-VNNI multiply four
/// times as many a cycle as floats; others compute the same bits in floats. Rounding both sides
/// moves a product by 0.3 to 0.7% of its size (root mean square): dynamic factors as in
/// arXiv 2208.07339, but by groups, so that an outlier spoils its 63 neighbours only.
public final class ByteWeights: @unchecked Sendable {
  /// Where it lies.
  public let panels: BytePanels
  private let arena: Arena

  /// Rounds `rows × columns` floats, which stay as they are, into memory of `arena`.
  public init(rounding values: Floats, rows: Int, columns: Int, in arena: Arena = Arena()) {
    self.arena = arena
    let width = BytePanels.width
    let count = (rows + width - 1) / width
    let (quads, groups) = ((columns + 3) / 4, ByteRows.groups(columns))
    let memory = UnsafeMutableRawPointer(arena.floats(max(1, count * width * quads)))
    let bytes = memory.assumingMemoryBound(to: UInt8.self)
    let factors = arena.floats(max(1, count * width * groups))
    let panels = BytePanels(rows: rows, columns: columns, values: bytes, factors: Floats(factors))
    self.panels = panels
    Workers.shared.share(count) { (panel: Int) in
      let row = ByteRows(
        rows: 1, columns: columns,
        in: ThreadMemory.left(ByteRows.floatCount(rows: 1, columns: columns)))
      let target = (memory + panel * quads * width * 4).assumingMemoryBound(to: UInt32.self)
      let panelFactors = factors + panel * groups * width
      for place in 0..<width {
        let index = panel * width + place
        let isMissing = index >= rows
        if !isMissing { kernels.roundToBytes(values + index * columns, into: row) }
        let source = UnsafeRawPointer(row.values).assumingMemoryBound(to: UInt32.self)
        for quad in 0..<quads {
          // Flipping the highest bit of each of four adds 128 to it.
          target[quad * width + place] = isMissing ? 0x8080_8080 : source[quad] ^ 0x8080_8080
        }
        for group in 0..<groups {
          panelFactors[group * width + place] = isMissing ? 0 : row.factors[group]
        }
      }
    }
  }

  /// `c = x · matrixᵀ (+ addend) (+ bias)`, `rows × panels.rows`, the rows of `x` rounded to bytes.
  ///
  /// A row that holds what is not finite gives a row that is not a number. The bits of a row do not
  /// depend on other rows, on the number of threads, or on the processor.
  ///
  /// - Parameters:
  ///   - x: `rows × panels.columns`, rows `stride` apart.
  ///   - addend: as `c`, whose rows lie side by side, or nil; may be `c`.
  public func multiply(
    _ x: Floats, stride: Int, into c: MutableFloats, rows: Int, addend: Floats? = nil,
    bias: Floats? = nil
  ) {
    ByteProduct(
      x: x, xStride: stride, panels: panels, c: c, rows: rows, bias: bias, addend: addend
    ).run()
  }
}
