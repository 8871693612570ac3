/// Queries and keys after norm and rotation, and the walk over their rows that both ways share.

import Kernels

/// The memory of prepared heads: the queries of a row, then its keys.
struct PreparedHeads {
  /// The queries, or the keys.
  struct Part {
    var heads: Int
    var column: Int
    var norm: Parameter?
    /// `rows × heads` saved factors.
    var inverseRMS: MutableFloats
  }

  let value: MutableFloats
  let stride: Int
  let parts: [Part]
  private let rotary: RotaryTable?
  private let firstPosition: Int
  private let length: Int

  init(_ shape: AttentionShape, firstPosition: Int, rows: Int, on tape: Tape) {
    stride = shape.queryKeyHeads * shape.headWidth
    value = tape.floats(rows * stride)
    parts = [
      Part(
        heads: shape.heads, column: 0, norm: shape.queryNorm,
        inverseRMS: tape.floats(rows * shape.heads)),
      Part(
        heads: shape.keyValueHeads, column: shape.heads * shape.headWidth, norm: shape.keyNorm,
        inverseRMS: tape.floats(rows * shape.keyValueHeads)),
    ]
    rotary = shape.rotary
    self.firstPosition = firstPosition
    length = shape.length
    if let rotary {
      precondition(
        firstPosition + length <= rotary.positions, "The window is longer than the context.")
    }
  }

  /// Calls `body` for the queries and for the keys of every run of `rows` inside one sequence, with
  /// the angles of the run's first position.
  func forEachRun(
    of rows: Range<Int>,
    _ body: (_ part: Part, _ run: Range<Int>, _ cosine: Floats?, _ sine: Floats?) -> Void
  ) {
    var start = rows.lowerBound
    while start < rows.upperBound {
      let end = min(rows.upperBound, (start / length + 1) * length)
      let angle = (firstPosition + start % length) * (rotary?.halfWidth ?? 0)
      for part in parts {
        body(part, start..<end, rotary.map { $0.cosine + angle }, rotary.map { $0.sine + angle })
      }
      start = end
    }
  }
}
