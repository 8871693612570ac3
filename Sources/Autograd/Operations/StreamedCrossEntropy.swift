/// The loss without gradients: logits of one stretch of the vocabulary after another, which caches hold.

import Glibc
import Kernels
import Machine

extension Tensor {
  /// Tokens of a stretch: always as many, so that a row's loss does not depend on other rows; whole
  /// panels of every format.
  private static var streamedTokens: Int { 1_056 }
  /// The most rows whose logits exist at once: 16 MiB of them.
  private static var streamedRows: Int { 4_096 }

  /// Cross-entropy of every row, as `crossEntropy` defines it, for tapes that do not record.
  ///
  /// A row keeps its largest logit, the sum of exponentials and its target's logit, which every stretch
  /// brings up to date (arXiv 1805.02867). So logits do not travel to memory and back, and the head is
  /// packed once for thousands of rows.
  ///
  /// - Complexity: `2 · rows · columns · vocabulary` FLOPs.
  func streamedCrossEntropy(head: Parameter, targets: [UInt32], softCap: Float) -> [Float] {
    let height = min(rows, Self.streamedRows)
    let width = min(head.rows, Self.streamedTokens)
    let logits = tape.borrow(height * width)
    let sums = RunningSums(tape.borrow(5 * height), rows: height)
    defer {
      tape.giveBack(logits, height * width)
      tape.giveBack(sums.largest, 5 * height)
    }
    var losses = [Float](repeating: 0, count: rows)
    for start in stride(from: 0, to: rows, by: height) {
      let count = min(height, rows - start)
      sums.restart()
      targets.withUnsafeBufferPointer { targets in
        guard let targets = targets.baseAddress.map({ $0 + start }) else { return }
        for first in stride(from: 0, to: head.rows, by: width) {
          let tokens = first..<min(first + width, head.rows)
          add(tokens, of: head, start..<start + count, targets, softCap, logits, to: sums)
        }
      }
      for row in 0..<count where targets[start + row] != .max {
        losses[start + row] = sums.loss(row)
      }
    }
    return losses
  }

  /// Brings the sums of some rows up to date with some tokens.
  private func add(
    _ tokens: Range<Int>, of head: Parameter, _ rows: Range<Int>, _ targets: UnsafePointer<UInt32>,
    _ softCap: Float, _ logits: MutableFloats, to sums: RunningSums
  ) {
    let width = tokens.count
    tape.measure(
      "head", flops: 2 * rows.count * columns * width,
      floats: (rows.count + width) * columns + rows.count * width
    ) {
      MatrixProduct.multiply(
        value + rows.lowerBound * columns, stride: columns,
        head.value + tokens.lowerBound * columns, .transposed, stride: columns,
        into: logits, stride: width, rows: rows.count, columns: width, inner: columns,
        precision: tape.precision)
    }
    tape.measure("cross-entropy", floats: rows.count * width) {
      Workers.shared.share((rows.count + 7) / 8) { (piece: Int) in
        let start = 8 * piece
        let count = min(8, rows.count - start)
        let logits = logits + start * width
        kernels.exponentialSums(
          logits, rows: count, vocabulary: width, softCap: softCap, offsets: nil,
          largest: sums.newLargest + start, sums: sums.newTotals + start)
        for row in 0..<count {
          let target = Int(targets[start + row])
          sums.merge(
            start + row,
            target: tokens.contains(target)
              ? logits[row * width + target - tokens.lowerBound] : nil)
        }
      }
    }
  }
}

/// What rows have seen of the vocabulary so far.
private struct RunningSums: @unchecked Sendable {
  /// The largest logit of every row.
  let largest: MutableFloats
  /// `Σ e^(logit − largest)`.
  let totals: MutableFloats
  /// The target's logit.
  let targets: MutableFloats
  /// Both sums of the latest stretch alone.
  let newLargest: MutableFloats
  let newTotals: MutableFloats
  private let rows: Int

  /// In memory of five floats a row.
  init(_ memory: MutableFloats, rows: Int) {
    largest = memory
    totals = memory + rows
    targets = memory + 2 * rows
    newLargest = memory + 3 * rows
    newTotals = memory + 4 * rows
    self.rows = rows
  }

  func restart() {
    largest.update(repeating: -.infinity, count: rows)
    totals.update(repeating: 0, count: 2 * rows)
  }

  /// Takes in the latest stretch, and the target's logit if it has that.
  func merge(_ row: Int, target: Float?) {
    let most = max(largest[row], newLargest[row])
    let old = totals[row] == 0 ? 0 : totals[row] * exp(largest[row] - most)
    totals[row] = old + newTotals[row] * exp(newLargest[row] - most)
    largest[row] = most
    if let target { targets[row] = target }
  }

  func loss(_ row: Int) -> Float {
    Float(Double(largest[row]) - Double(targets[row]) + log(Double(totals[row])))
  }
}
