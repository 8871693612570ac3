/// A loss that looks at some tokens of the vocabulary, which stand for all of them.

import Glibc
import Kernels
import Machine

/// Tokens drawn from a vocabulary to stand for all of it in a step's loss: sampled softmax
/// (arXiv 1412.2007), with the sum of exponentials estimated as by Horvitz and Thompson.
///
/// A token that is drawn with probability `π` counts `1/π` times in the sum. A row's own target
/// always counts, once; that of another row only if it was drawn, for targets come in clusters.
public struct VocabularySample: Sendable {
  /// The tokens, ascending.
  public let tokens: [UInt32]
  /// `−ln π` of each.
  public let offsets: [Float]

  /// Tokens, and the probability with which each was drawn, above 0.
  public init(tokens: [UInt32], probabilities: [Float]) {
    precondition(tokens.count == probabilities.count, "Every token has a probability.")
    self.tokens = tokens
    offsets = probabilities.map { -log($0) }
  }

  /// The tokens together with those of `targets`, ascending, the offset of each, and where every
  /// target is among them.
  func united(with targets: [UInt32], vocabulary: Int) -> (
    tokens: [UInt32], offsets: [Float], targets: [UInt32]
  ) {
    var offsetOf = [Float](repeating: .nan, count: vocabulary)
    for target in targets where target != .max { offsetOf[Int(target)] = -.infinity }
    for (token, offset) in zip(tokens, offsets) { offsetOf[Int(token)] = offset }
    var place = [UInt32](repeating: .max, count: vocabulary)
    var all: [UInt32] = []
    for token in 0..<vocabulary where !offsetOf[token].isNaN {
      place[token] = UInt32(all.count)
      all.append(UInt32(token))
    }
    return (
      all, all.map { offsetOf[Int($0)] }, targets.map { $0 == .max ? .max : place[Int($0)] }
    )
  }
}

extension Tensor {
  /// As `crossEntropy`, by the rows of `head` that a sample and the targets name.
  func sampledCrossEntropy(
    head: Parameter, targets: [UInt32], softCap: Float, gradientScale: Float,
    _ sample: VocabularySample
  ) -> [Float] {
    let (tokens, offsets, places) = sample.united(with: targets, vocabulary: head.rows)
    // The same for draws that differ a little, so that every step borrows the same buffers.
    let capacity = min(head.rows, (sample.tokens.count + rows + 256 + 1023) / 1024 * 1024)
    let matrix = tape.borrow(capacity * columns)
    let gradient = tape.borrow(capacity * columns)
    defer {
      tape.giveBack(matrix, capacity * columns)
      tape.giveBack(gradient, capacity * columns)
    }
    let width = columns
    tape.measure("head, rows", floats: 2 * tokens.count * width) {
      Workers.shared.divide(tokens.count, alignment: 16) { range, _ in
        for row in range {
          (matrix + row * width).update(from: head.value + Int(tokens[row]) * width, count: width)
        }
      }
    }
    let losses = offsets.withUnsafeBufferPointer { offsets in
      crossEntropy(
        LossOutput(
          matrix: matrix, gradient: gradient, tokens: tokens.count, offsets: offsets.baseAddress,
          keepsGradient: false, capacity: capacity),
        places, softCap: softCap, gradientScale: gradientScale)
    }
    let target = head.startedGradient(of: tokens.lazy.map { Int($0) })
    tape.measure("head, rows", floats: 3 * tokens.count * width) {
      Workers.shared.divide(tokens.count, alignment: 16) { range, _ in
        for row in range {
          kernels.add(
            gradient + row * width, to: target + Int(tokens[row]) * width, count: width)
        }
      }
    }
    return losses
  }
}
