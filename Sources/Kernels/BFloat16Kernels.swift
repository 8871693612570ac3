/// Products of operands rounded to bfloat16, by the dot products of AVX512-BF16.

#if arch(x86_64)
import CVectors
import KernelInterface

/// Eight bits of precision in operands, the range of a float, sums in float32.
///
/// The accepted standard of mixed-precision training (arXiv 1905.12322): operands are rounded to
/// nearest, products are exact, and nothing needs a scale. Processors from AMD's Zen 4 on compute
/// twice as many such products a second as float32 ones; Intel's without AMX only half as many.
package enum BFloat16Kernels: PanelKernels {
  package static var blockRows: Int { vectors_bfloat16_rows }
  package static var blockColumns: Int { vectors_bfloat16_columns }

  /// A panel of the right operand takes a tenth of a second cache of 1 MiB, which is near enough.
  package static var longestChunk: Int { 768 }

  /// A word of 32 bits for two elements.
  package static func leftDepth(_ inner: Int) -> Int { (inner + 1) / 2 }
  package static func rightDepth(_ inner: Int) -> Int { (inner + 1) / 2 }

  package static func packLeft(
    _ a: Floats, stride: Int, isTransposed: Bool, factor: Float, rows: Int, inner: Int,
    into panels: MutableFloats
  ) {
    let words = words(panels)
    if isTransposed {
      vectors_bfloat16_pack_columns(a, stride, rows, inner, factor, words, blockRows)
      return
    }
    for row in Swift.stride(from: 0, to: rows, by: blockRows) {
      vectors_bfloat16_pack_rows(
        a + row * stride, stride, rows - row, inner, factor, words + row * leftDepth(inner),
        blockRows)
    }
  }

  package static func packRight(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into panels: MutableFloats
  ) {
    let words = words(panels)
    if !isTransposed {
      vectors_bfloat16_pack_columns(b, stride, columns, inner, 1, words, blockColumns)
      return
    }
    let depth = rightDepth(inner)
    for panel in Swift.stride(from: 0, to: columns, by: blockColumns) {
      for column in Swift.stride(from: panel, to: panel + blockColumns, by: 8) {
        vectors_bfloat16_pack_rows(
          b + min(column, columns - 1) * stride, stride, max(0, columns - column), inner, 1,
          words + panel * depth + (column - panel), blockColumns)
      }
    }
  }

  package static func multiplyPacked(
    _ left: Floats, _ right: Floats, rows: Int, columns: Int, inner: Int, bias: Floats?,
    addend: Floats?, addendStride: Int, into c: MutableFloats, stride: Int
  ) {
    let (left, right) = (words(left), words(right))
    let depth = leftDepth(inner)
    for column in Swift.stride(from: 0, to: columns, by: blockColumns) {
      for row in Swift.stride(from: 0, to: rows, by: blockRows) {
        vectors_bfloat16_multiply(
          left + row * depth, right + column * depth, depth, bias.map { $0 + column },
          addend.map { $0 + row * addendStride + column }, addendStride,
          c + row * stride + column, stride, min(blockRows, rows - row),
          min(blockColumns, columns - column))
      }
    }
  }

  package static func multiplyRegisters(rounds: Int) -> Float { vectors_bfloat16_registers(rounds) }

  /// Twenty-four registers of sums, each of 16 pairs of products.
  package static var registerFLOPs: Int { 24 * 64 }

  private static func words(_ panels: MutableFloats) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(panels).assumingMemoryBound(to: UInt32.self)
  }

  private static func words(_ panels: Floats) -> UnsafePointer<UInt32> {
    UnsafeRawPointer(panels).assumingMemoryBound(to: UInt32.self)
  }
}
#endif
