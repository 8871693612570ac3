/// Weights rounded to two bytes or one, which decoding and prompts read instead of floats.

import KernelInterface
import Machine

/// A matrix in a compact format, in memory of its own.
///
/// int8 has two forms: rows for one row of inputs, which reads them beside floats, and panels for
/// more, which rounds the inputs to bytes as well.
public final class CompactWeights: @unchecked Sendable {
  /// Where it lies.
  public let matrix: CompactMatrix
  /// The same weights for products of bytes, or nil.
  private let bytes: ByteWeights?
  private let arena: Arena

  /// Rounds `rows × columns` floats, and replaces them by what they became in rows.
  ///
  /// bf16 rounds to nearest, ties to even. int8 divides each 32 numbers of a row by a 127th of the
  /// largest and rounds to the nearest whole number; where one is not finite, none of them is a number.
  public init(
    rounding values: MutableFloats, rows: Int, columns: Int, to format: CompactMatrix.Format
  ) {
    bytes =
      format == .int8 ? ByteWeights(rounding: Floats(values), rows: rows, columns: columns) : nil
    let group = CompactMatrix.groupLength
    let width = (columns + group - 1) / group * group
    let count = rows * width
    arena = Arena(capacity: 8 * count + (1 << 16))
    let factors = arena.floats(max(1, count / group))
    let memory = UnsafeMutableRawPointer(arena.floats(max(1, count / 2)))
    let matrix = CompactMatrix(
      format: format, rows: rows, columns: width, values: UnsafeRawPointer(memory),
      factors: Floats(factors))
    self.matrix = matrix
    Workers.shared.divide(rows) { range, _ in
      let row = ThreadMemory.left(width)
      for index in range {
        let source = values + index * columns
        row.update(from: source, count: columns)
        (row + columns).update(repeating: 0, count: width - columns)
        switch format {
        case .bf16:
          let target = memory.assumingMemoryBound(to: UInt16.self) + index * width
          for column in 0..<width { target[column] = Self.upperHalf(row[column]) }
        case .int8:
          let target = memory.assumingMemoryBound(to: Int8.self) + index * width
          for start in stride(from: 0, to: width, by: group) {
            factors[(index * width + start) / group] = Self.round(
              row + start, count: group, into: target + start)
          }
        }
        kernels.widen(matrix, rows: index..<index + 1, into: row)
        source.update(from: row, count: columns)
      }
    }
  }

  /// Whether `multiply` takes so many rows. Of bf16 it takes as many as a panel of the kernels has
  /// columns; for more, products of the floats that this matrix came from are faster.
  public func takes(rows: Int) -> Bool { takesAnyRows || rows <= ThinProduct.longest }

  /// Whether `multiply` takes any number of rows, so that the floats are not needed any more.
  public var takesAnyRows: Bool { bytes != nil }

  /// `c = x · matrixᵀ (+ addend) (+ bias)`, `rows × matrix.rows`, for as many rows as it `takes`.
  public func multiply(
    _ x: Floats, stride: Int, into c: MutableFloats, rows: Int, inner: Int, addend: Floats? = nil,
    bias: Floats? = nil
  ) {
    if let bytes {
      bytes.multiply(x, stride: stride, into: c, rows: rows, addend: addend, bias: bias)
      return
    }
    ThinProduct(
      x: x, xStride: stride, weights: .compact(matrix), c: c, cStride: matrix.rows, rows: rows,
      outputs: matrix.rows, inner: inner, bias: bias, addend: addend
    ).run()
  }

  /// The upper half of a float, rounded to nearest, ties to even.
  private static func upperHalf(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  }

  /// Rounds numbers to multiples of a 127th of the largest, and returns that factor.
  private static func round(
    _ source: MutableFloats, count: Int, into target: UnsafeMutablePointer<Int8>
  ) -> Float {
    var largest: Float = 0
    var isFinite = true
    for index in 0..<count {
      largest = max(largest, abs(source[index]))
      isFinite = isFinite && source[index].isFinite
    }
    // Below 2^-100 the inverse would not be finite.
    guard isFinite, largest >= 0x1p-100 else {
      target.update(repeating: 0, count: count)
      return isFinite ? 0 : .nan
    }
    let inverse = 127 / largest
    for index in 0..<count { target[index] = Int8((source[index] * inverse).rounded()) }
    return largest / 127
  }
}
