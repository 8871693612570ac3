/// Products that are known to be symmetric, at half the arithmetic, on the calling thread alone.

import KernelInterface

/// `C = A · B` where `C = Cᵀ`: a matrix times its transpose, or two symmetric matrices that commute.
///
/// Only what lies on and below the diagonal is multiplied, up to a block of registers, and then
/// mirrored. Serial, because those who need it have many small matrices to share among threads.
public enum SymmetricProduct {
  /// `c = alpha · A · B`, `side × side`, rows `side` apart.
  ///
  /// - Parameters:
  ///   - a: `side × inner`, or `inner × side` if transposed; rows `aStride` apart.
  ///   - b: `inner × side`, or `side × inner` if transposed; rows `bStride` apart.
  ///   - c: is neither `a` nor `b`.
  /// - Complexity: `side² · inner` FLOPs, and a little more than half a block for every row.
  public static func multiply(
    _ a: Floats, _ aLayout: MatrixProduct.Layout = .plain, stride aStride: Int,
    _ b: Floats, _ bLayout: MatrixProduct.Layout = .plain, stride bStride: Int,
    into c: MutableFloats, side: Int, inner: Int, alpha: Float = 1
  ) {
    let (height, width) = (kernels.blockRows, kernels.blockColumns)
    let paddedRows = (side + height - 1) / height * height
    let paddedColumns = (side + width - 1) / width * width
    let chunks = max(1, (inner + kernels.longestChunk - 1) / kernels.longestChunk)
    let (aIsTransposed, bIsTransposed) = (aLayout == .transposed, bLayout == .transposed)
    for chunk in 0..<chunks {
      let range = inner * chunk / chunks..<inner * (chunk + 1) / chunks
      let first = range.lowerBound
      let left = ThreadMemory.left(paddedRows * range.count + 16)
      let right = ThreadMemory.right(paddedColumns * range.count + 16)
      kernels.packLeft(
        a + first * (aIsTransposed ? aStride : 1), stride: aStride, isTransposed: aIsTransposed,
        factor: alpha, rows: side, inner: range.count, into: left)
      kernels.packRight(
        b + first * (bIsTransposed ? 1 : bStride), stride: bStride, isTransposed: bIsTransposed,
        columns: side, inner: range.count, into: right)
      for column in Swift.stride(from: 0, to: side, by: width) {
        let row = column / height * height
        let target = c + row * side + column
        kernels.multiplyPacked(
          left + row * range.count, right + column * range.count, rows: side - row,
          columns: min(width, side - column), inner: range.count, bias: nil,
          addend: chunk > 0 ? Floats(target) : nil, addendStride: side, into: target, stride: side)
      }
    }
    kernels.mirror(c, side: side)
  }
}
