/// Weights rounded to two bytes or one, which decoding and prompts read instead of floats.

import KernelInterface
import Machine

/// A matrix in a compact format.
public final class CompactWeights: @unchecked Sendable {
  /// How numbers are stored.
  public enum Format: String, Sendable, CaseIterable {
    /// The upper half of a float: 8 bits of precision. Inputs are rounded alike where the processor
    /// multiplies such numbers (AVX512-BF16).
    case bf16
    /// Whole numbers from −127 to 127, with a factor for every 64 of a row; inputs are rounded alike.
    case int8
  }

  private enum Form {
    case halves(CompactMatrix)
    case bytes(ByteWeights)
  }

  private let form: Form
  private let arena: Arena

  /// Rounds `rows × columns` floats. bf16 replaces them by what they became, to nearest, ties to even;
  /// int8 leaves them as they are.
  ///
  /// - Parameter arena: where the matrix is to lie. Matrices that are read one after another belong
  ///   into one arena: only long stretches of memory come in huge pages.
  public init(
    rounding values: MutableFloats, rows: Int, columns: Int, to format: Format,
    in arena: Arena = Arena()
  ) {
    self.arena = arena
    if format == .int8 {
      form = .bytes(
        ByteWeights(rounding: Floats(values), rows: rows, columns: columns, in: arena))
      return
    }
    let group = CompactMatrix.groupLength
    let width = (columns + group - 1) / group * group
    let memory = UnsafeMutableRawPointer(arena.floats(max(1, rows * width / 2)))
    let halves = memory.assumingMemoryBound(to: UInt16.self)
    let matrix = CompactMatrix(rows: rows, columns: width, values: halves)
    form = .halves(matrix)
    Workers.shared.divide(rows) { range, _ in
      let row = ThreadMemory.left(width)
      for index in range {
        let source = values + index * columns
        let target = halves + index * width
        for column in 0..<columns { target[column] = UInt16(bfloat16: source[column]) }
        (target + columns).update(repeating: 0, count: width - columns)
        kernels.widen(matrix, rows: index..<index + 1, into: row)
        source.update(from: row, count: columns)
      }
    }
  }

  /// Bytes that a product with one row reads.
  public var byteCount: Int {
    switch form {
    case .halves(let matrix): 2 * matrix.rows * matrix.columns
    case .bytes(let weights): weights.panels.byteCount
    }
  }

  /// Whether `multiply` takes so many rows. Of bf16 it takes as many as a panel of the kernels has
  /// columns; for more, products of the floats that this matrix came from are faster.
  public func takes(rows: Int) -> Bool { takesAnyRows || rows <= ThinProduct.longest }

  /// Whether `multiply` takes any number of rows, so that the floats are not needed any more.
  public var takesAnyRows: Bool {
    if case .bytes = form { return true }
    return false
  }

  /// `c = x · matrixᵀ (+ addend) (+ bias)`, `rows × matrix.rows`, for as many rows as it `takes`.
  public func multiply(
    _ x: Floats, stride: Int, into c: MutableFloats, rows: Int, inner: Int, addend: Floats? = nil,
    bias: Floats? = nil
  ) {
    switch form {
    case .bytes(let weights):
      weights.multiply(x, stride: stride, into: c, rows: rows, addend: addend, bias: bias)
    case .halves(let matrix):
      ThinProduct(
        x: x, xStride: stride, weights: .compact(matrix), c: c, cStride: matrix.rows, rows: rows,
        outputs: matrix.rows, inner: inner, bias: bias, addend: addend
      ).run()
    }
  }
}

extension UInt16 {
  /// The upper half of a float, rounded to nearest, ties to even.
  init(bfloat16 value: Float) {
    let bits = value.bitPattern
    let rounded = bits &+ 0x7fff &+ ((bits >> 16) & 1)
    self = UInt16(truncatingIfNeeded: (value.isNaN ? bits | 0x40_0000 : rounded) >> 16)
  }
}

extension Float {
  /// The float whose upper half is given.
  init(bfloat16 half: UInt16) { self.init(bitPattern: UInt32(half) << 16) }
}
