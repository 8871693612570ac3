/// Products of scaled operands rounded to float16, by the arithmetic of AVX512-FP16.

#if arch(x86_64)
import CVectors
import KernelInterface

/// Eleven bits of precision in operands whose rows and columns are scaled by powers of two; sums of up
/// to 384 products in float16, in chains of 64, sums of those in float32.
///
/// Half the error of bfloat16 operands, no scaling of the loss, twice the speed of float32 where a
/// processor multiplies halves (Intel's from Sapphire Rapids on). An infinity or NaN in a row or a
/// column reaches all results of that row or column. What is smaller than the largest magnitude of
/// its row by more than 2²⁷ is 0.
package protocol Float16Panels: PanelKernels {
  /// `c = left · right (+ bias) (+ addend)` of one panel each.
  static func multiplyPanel(
    _ left: Floats, _ right: Floats, _ pairs: Int, _ bias: Floats?, _ addend: Floats?,
    _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int)
}

extension Float16Panels {
  package static var blockRows: Int { vectors_float16_rows }
  package static var blockColumns: Int { vectors_float16_columns }

  /// The most terms whose sum stays within half of what a half can hold.
  package static var longestChunk: Int { vectors_float16_longest }

  /// A factor, and a word of 32 bits for two elements.
  package static func leftDepth(_ inner: Int) -> Int { 1 + (inner + 1) / 2 }
  package static func rightDepth(_ inner: Int) -> Int { leftDepth(inner) }

  package static func packLeft(
    _ a: Floats, stride: Int, isTransposed: Bool, factor: Float, rows: Int, inner: Int,
    into panels: MutableFloats
  ) {
    let depth = leftDepth(inner)
    if isTransposed {
      packColumns(a, stride, rows, inner, factor, panels, blockRows)
      return
    }
    for row in Swift.stride(from: 0, to: rows, by: blockRows) {
      let panel = panels + row * depth
      vectors_float16_pack_rows(
        a + row * stride, stride, rows - row, inner, factor, panel, words(panel + blockRows),
        blockRows)
    }
  }

  package static func packRight(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into panels: MutableFloats
  ) {
    if !isTransposed {
      packColumns(b, stride, columns, inner, 1, panels, blockColumns)
      return
    }
    let depth = rightDepth(inner)
    for first in Swift.stride(from: 0, to: columns, by: blockColumns) {
      let panel = panels + first * depth
      for place in Swift.stride(from: 0, to: blockColumns, by: 8) {
        let column = min(first + place, columns - 1)
        vectors_float16_pack_rows(
          b + column * stride, stride, max(0, columns - first - place), inner, 1, panel + place,
          words(panel + blockColumns + place), blockColumns)
      }
    }
  }

  /// Columns of a matrix as panels of `width` rows or columns.
  private static func packColumns(
    _ source: Floats, _ stride: Int, _ count: Int, _ inner: Int, _ factor: Float,
    _ panels: MutableFloats, _ width: Int
  ) {
    for first in Swift.stride(from: 0, to: count, by: blockColumns) {
      vectors_float16_pack_columns(
        source + first, stride, min(blockColumns, count - first), inner, factor,
        panels + first * leftDepth(inner), width)
    }
  }

  private static func words(_ panels: MutableFloats) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(panels).assumingMemoryBound(to: UInt32.self)
  }

  package static func multiplyPacked(
    _ left: Floats, _ right: Floats, rows: Int, columns: Int, inner: Int, bias: Floats?,
    addend: Floats?, addendStride: Int, into c: MutableFloats, stride: Int
  ) {
    let depth = leftDepth(inner)
    for row in Swift.stride(from: 0, to: rows, by: blockRows) {
      for column in Swift.stride(from: 0, to: columns, by: blockColumns) {
        multiplyPanel(
          left + row * depth, right + column * depth, (inner + 1) / 2,
          bias.map { $0 + column }, addend.map { $0 + row * addendStride + column }, addendStride,
          c + row * stride + column, stride, min(blockRows, rows - row),
          min(blockColumns, columns - column))
      }
    }
  }

  /// Twenty-four registers of 32 sums.
  package static var registerFLOPs: Int { 24 * 64 }
}

/// On processors with AVX512-FP16.
package enum Float16Kernels: Float16Panels {
  package static func multiplyPanel(
    _ left: Floats, _ right: Floats, _ pairs: Int, _ bias: Floats?, _ addend: Floats?,
    _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int
  ) {
    vectors_float16_multiply(
      left, right, pairs, bias, addend, addendStride, c, stride, rows, columns)
  }

  package static func multiplyRegisters(rounds: Int) -> Float { vectors_float16_registers(rounds) }
}

/// On any processor with AVX-512, slowly: sums are rounded as AVX512-FP16 rounds them (but for the few
/// that lie within a float's rounding of the middle between two halves). For tests.
package enum EmulatedFloat16Kernels: Float16Panels {
  package static func multiplyPanel(
    _ left: Floats, _ right: Floats, _ pairs: Int, _ bias: Floats?, _ addend: Floats?,
    _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int
  ) {
    vectors_float16_emulated_multiply(
      left, right, pairs, bias, addend, addendStride, c, stride, rows, columns)
  }

  package static func multiplyRegisters(rounds: Int) -> Float { 0 }
}
#endif
