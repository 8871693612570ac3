/// Products of scaled operands rounded to float16, by the arithmetic of AVX512-FP16.

#if arch(x86_64)
import CVectors
import KernelInterface

/// Eleven bits of precision in operands whose rows and columns are scaled by powers of two; sums of 64
/// products in float16, sums of those in float32.
///
/// Half the error of bfloat16 operands, no scaling of the loss, twice the speed of float32 where a
/// processor multiplies halves (Intel's from Sapphire Rapids on). An infinity or NaN in a row or a
/// column reaches all results of that row or column. What is smaller than the largest magnitude of
/// its row by more than 2²⁸ is 0.
package protocol Float16Panels: PanelKernels {
  /// `c = left · right (+ bias) (+ addend)` of one panel each.
  static func multiplyPanel(
    _ left: Floats, _ right: Floats, _ inner: Int, _ bias: Floats?, _ addend: Floats?,
    _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int)
}

extension Float16Panels {
  package static var blockRows: Int { vectors_float16_rows }
  package static var blockColumns: Int { vectors_float16_columns }

  /// The longer, the more a factor has to serve.
  package static var longestChunk: Int { 384 }

  /// A factor, and a word of 32 bits for every element.
  package static func leftDepth(_ inner: Int) -> Int { 1 + inner }

  /// A factor, and half a word for every element.
  package static func rightDepth(_ inner: Int) -> Int { 1 + (inner + 1) / 2 }

  package static func packLeft(
    _ a: Floats, stride: Int, isTransposed: Bool, factor: Float, rows: Int, inner: Int,
    into panels: MutableFloats
  ) {
    let depth = leftDepth(inner)
    for row in Swift.stride(from: 0, to: rows, by: isTransposed ? 16 : 8) {
      let panel = panels + row * depth
      if isTransposed {
        let second = row + 8 < rows ? panel + 8 * depth : nil
        vectors_float16_pack_columns(
          a + row, stride, rows - row, inner, factor, panel, second, panel + 8,
          second.map { $0 + 8 }, 1, 8)
      } else {
        vectors_float16_pack_rows(
          a + row * stride, stride, rows - row, inner, factor, panel, panel + 8, 1, 8)
      }
    }
  }

  package static func packRight(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into panels: MutableFloats
  ) {
    let depth = rightDepth(inner)
    for first in Swift.stride(from: 0, to: columns, by: blockColumns) {
      let factors = panels + first * depth
      let halves = UnsafeMutableRawPointer(factors + blockColumns)
      for place in Swift.stride(from: 0, to: blockColumns, by: isTransposed ? 8 : 16) {
        let column = min(first + place, columns - 1)
        let count = max(0, columns - first - place)
        let target = halves + 2 * place
        if isTransposed {
          vectors_float16_pack_rows(
            b + column * stride, stride, count, inner, 1, factors + place, target, 0,
            blockColumns)
        } else {
          vectors_float16_pack_columns(
            b + column, stride, count, inner, 1, factors + place, factors + place + 8, target, nil,
            0, blockColumns)
        }
      }
    }
  }

  package static func multiplyPacked(
    _ left: Floats, _ right: Floats, rows: Int, columns: Int, inner: Int, bias: Floats?,
    addend: Floats?, addendStride: Int, into c: MutableFloats, stride: Int
  ) {
    for column in Swift.stride(from: 0, to: columns, by: blockColumns) {
      for row in Swift.stride(from: 0, to: rows, by: blockRows) {
        multiplyPanel(
          left + row * leftDepth(inner), right + column * rightDepth(inner), inner,
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
    _ left: Floats, _ right: Floats, _ inner: Int, _ bias: Floats?, _ addend: Floats?,
    _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int
  ) {
    vectors_float16_multiply(
      left, right, inner, bias, addend, addendStride, c, stride, rows, columns)
  }

  package static func multiplyRegisters(rounds: Int) -> Float { vectors_float16_registers(rounds) }
}

/// On any processor with AVX-512, slowly: sums are rounded as AVX512-FP16 rounds them (but for the few
/// that lie within a float's rounding of the middle between two halves). For tests.
package enum EmulatedFloat16Kernels: Float16Panels {
  package static func multiplyPanel(
    _ left: Floats, _ right: Floats, _ inner: Int, _ bias: Floats?, _ addend: Floats?,
    _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int
  ) {
    vectors_float16_emulated_multiply(
      left, right, inner, bias, addend, addendStride, c, stride, rows, columns)
  }

  package static func multiplyRegisters(rounds: Int) -> Float { 0 }
}
#endif
