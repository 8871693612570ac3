/// Products of operands rounded to bfloat16, by the tiles of AMX.

#if arch(x86_64)
import CVectors
import KernelInterface

/// The numbers of `BFloat16Kernels`, multiplied 32 × 32 at a time: sixteen times as many products a
/// second as float32 has, where a processor has AMX (Intel's from Sapphire Rapids on).
///
/// What is added, bias or another matrix, is what a sum begins with. Denormal numbers count as 0.
package protocol BFloat16Tiles: PanelKernels {
  /// `c = left · right (+ bias) (+ addend)` of packed operands, `groups` of 32 terms.
  static func multiplyPanels(
    _ left: UnsafePointer<UInt32>, _ right: UnsafePointer<UInt32>, _ rows: Int, _ columns: Int,
    _ groups: Int, _ bias: Floats?, _ addend: Floats?, _ addendStride: Int, _ c: MutableFloats,
    _ stride: Int)
}

extension BFloat16Tiles {
  package static var blockRows: Int { vectors_tiles_side }
  package static var blockColumns: Int { vectors_tiles_side }

  /// A panel of each operand takes half of a first cache of 48 KiB.
  package static var longestChunk: Int { 384 }

  /// A word of 32 bits for two elements, whole rows of 32.
  package static func leftDepth(_ inner: Int) -> Int { (inner + 31) / 32 * 16 }
  package static func rightDepth(_ inner: Int) -> Int { leftDepth(inner) }

  package static func packLeft(
    _ a: Floats, stride: Int, isTransposed: Bool, factor: Float, rows: Int, inner: Int,
    into panels: MutableFloats
  ) {
    if isTransposed {
      vectors_tiles_pack_columns(a, stride, rows, inner, factor, words(panels), 1)
    } else {
      vectors_tiles_pack_rows(a, stride, rows, inner, factor, words(panels), 1)
    }
  }

  package static func packRight(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into panels: MutableFloats
  ) {
    if isTransposed {
      vectors_tiles_pack_rows(b, stride, columns, inner, 1, words(panels), 0)
    } else {
      vectors_tiles_pack_columns(b, stride, columns, inner, 1, words(panels), 0)
    }
  }

  package static func multiplyPacked(
    _ left: Floats, _ right: Floats, rows: Int, columns: Int, inner: Int, bias: Floats?,
    addend: Floats?, addendStride: Int, into c: MutableFloats, stride: Int
  ) {
    multiplyPanels(
      UnsafeRawPointer(left).assumingMemoryBound(to: UInt32.self),
      UnsafeRawPointer(right).assumingMemoryBound(to: UInt32.self), rows, columns,
      (inner + 31) / 32, bias, addend, addendStride, c, stride)
  }

  /// Four tiles of 16 × 16 sums of 32 products.
  package static var registerFLOPs: Int { 4 * 16_384 }

  private static func words(_ panels: MutableFloats) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(panels).assumingMemoryBound(to: UInt32.self)
  }
}

/// On processors with AMX.
package enum BFloat16TileKernels: BFloat16Tiles {
  package static func multiplyPanels(
    _ left: UnsafePointer<UInt32>, _ right: UnsafePointer<UInt32>, _ rows: Int, _ columns: Int,
    _ groups: Int, _ bias: Floats?, _ addend: Floats?, _ addendStride: Int, _ c: MutableFloats,
    _ stride: Int
  ) {
    vectors_tiles_multiply(
      left, right, rows, columns, groups, bias, addend, addendStride, c, stride)
  }

  package static func multiplyRegisters(rounds: Int) -> Float { vectors_tiles_registers(rounds) }
}

/// On any processor with AVX-512, slowly, for tests: tiles are in memory.
package enum EmulatedBFloat16TileKernels: BFloat16Tiles {
  package static func multiplyPanels(
    _ left: UnsafePointer<UInt32>, _ right: UnsafePointer<UInt32>, _ rows: Int, _ columns: Int,
    _ groups: Int, _ bias: Floats?, _ addend: Floats?, _ addendStride: Int, _ c: MutableFloats,
    _ stride: Int
  ) {
    vectors_tiles_emulated_multiply(
      left, right, rows, columns, groups, bias, addend, addendStride, c, stride)
  }

  package static func multiplyRegisters(rounds: Int) -> Float { 0 }
}
#endif
