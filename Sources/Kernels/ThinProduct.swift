/// Products of a few rows with a matrix of weights that is too big for the caches: decoding.

import CVectors
import KernelInterface
import Machine

/// `c = x · weightsᵀ (+ addend) (+ bias)` for at most `longest` rows of `x`.
///
/// Every weight is read once, where it lies, and meets all rows while it is in a register.
struct ThinProduct {
  /// The most rows: as many as a panel of the kernels has columns.
  static var longest: Int { kernels.blockColumns }

  /// Weights that a product reads: rows of floats, or a compact form of them.
  enum Weights {
    case floats(Floats, stride: Int)
    case compact(CompactMatrix)
  }

  var x: Floats
  var xStride: Int
  var weights: Weights
  var c: MutableFloats
  var cStride: Int
  var rows: Int
  var outputs: Int
  var inner: Int
  var bias: Floats?
  /// Rows `cStride` apart.
  var addend: Floats?

  /// Computes the product.
  func run() {
    if rows == 1 {
      runOne()
    } else if case .compact(let matrix) = weights, Processor.hasBFloat16 {
      runHalves(matrix)
    } else {
      runSome()
    }
  }

  private func runOne() {
    var keep = true
    if let addend, let bias {
      kernels.add(addend, bias, into: c, count: outputs)
    } else if let source = addend ?? bias {
      if source != Floats(c) { c.update(from: source, count: outputs) }
    } else {
      keep = false
    }
    let x = input
    // Pieces of about a million bytes: a core that also serves somebody else takes fewer of them.
    let units = (outputs + 15) / 16
    let pieces = min(units, max(Workers.shared.count, outputs * inner >> 18))
    Workers.shared.share(pieces) { (piece: Int) in
      let range = units * piece / pieces * 16..<min(outputs, units * (piece + 1) / pieces * 16)
      switch weights {
      case .floats(let values, let stride):
        kernels.matrixVector(
          values + range.lowerBound * stride, rows: range.count, columns: inner, x,
          into: c + range.lowerBound, keep: keep)
      case .compact(let matrix):
        kernels.matrixVector(matrix, rows: range, x, into: c, keep: keep)
      }
    }
  }

  /// The input; for a compact matrix rounded as `runHalves` rounds it, where the processor has that,
  /// and with as many zeros behind it as the matrix has columns more.
  private var input: Floats {
    guard case .compact(let matrix) = weights else { return x }
    guard Processor.hasBFloat16 || matrix.columns > inner else { return x }
    let copy = ThreadMemory.right(matrix.columns)
    if Processor.hasBFloat16 {
      for index in 0..<inner { copy[index] = Float(bfloat16: UInt16(bfloat16: x[index])) }
    } else {
      copy.update(from: x, count: inner)
    }
    (copy + inner).update(repeating: 0, count: matrix.columns - inner)
    return Floats(copy)
  }

  private func runSome() {
    let samples = ThreadMemory.right(inner * kernels.blockColumns)
    kernels.packRight(
      x, stride: xStride, isTransposed: true, columns: rows, inner: inner, into: samples)
    let strip = 4 * kernels.blockRows
    let pieces = min((outputs + strip - 1) / strip, 16 * Workers.shared.count)
    Workers.shared.share(pieces) { piece in
      let units = (outputs + strip - 1) / strip
      let start = units * piece / pieces * strip
      let end = min(outputs, units * (piece + 1) / pieces * strip)
      switch weights {
      case .floats(let values, let stride):
        let scratch = ThreadMemory.left(2 * kernels.blockRows * kernels.blockColumns)
        multiply(start..<end, values + start * stride, stride, samples, scratch)
      case .compact(let matrix):
        let count = strip * matrix.columns
        let memory = ThreadMemory.left(count + 2 * kernels.blockRows * kernels.blockColumns)
        for first in stride(from: start, to: end, by: strip) {
          let part = first..<min(end, first + strip)
          kernels.widen(matrix, rows: part, into: memory)
          multiply(part, Floats(memory), matrix.columns, samples, memory + count)
        }
      }
    }
  }

  /// Multiplies halves as they lie, by rows rounded to halves (AVX512-BF16): twice as many products a
  /// second as of floats, and nothing to widen.
  private func runHalves(_ matrix: CompactMatrix) {
    #if arch(x86_64)
    let width = rows > 16 ? 32 : 16
    let pairs = (inner + 1) / 2
    let samples = UnsafeMutableRawPointer(ThreadMemory.right(pairs * width))
      .assumingMemoryBound(to: UInt32.self)
    for row in stride(from: 0, to: width, by: 8) {
      vectors_bfloat16_pack_rows(
        x + min(row, rows - 1) * xStride, xStride, max(0, rows - row), inner, 1, samples + row,
        width)
    }
    let units = (outputs + 7) / 8
    let pieces = min(units, max(Workers.shared.count, outputs * inner >> 18))
    Workers.shared.share(pieces) { piece in
      let range = units * piece / pieces * 8..<min(outputs, units * (piece + 1) / pieces * 8)
      vectors_bfloat16_thin(
        matrix.values + range.lowerBound * matrix.columns, matrix.columns, range.count, samples,
        pairs, rows, bias.map { $0 + range.lowerBound }, addend.map { $0 + range.lowerBound },
        c + range.lowerBound, cStride)
    }
    #endif
  }

  private func multiply(
    _ range: Range<Int>, _ matrix: Floats, _ stride: Int, _ samples: Floats,
    _ scratch: MutableFloats
  ) {
    kernels.multiplyThin(
      matrix, stride: stride, rows: range.count, columns: inner, samples: samples, count: rows,
      bias: bias.map { $0 + range.lowerBound }, addend: addend.map { $0 + range.lowerBound },
      into: c + range.lowerBound, stride: cStride, scratch: scratch)
  }
}
