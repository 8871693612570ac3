/// How well a model predicts text that it was not trained on.

import Corpora
import Glibc
import Models

/// The loss of a model on a validation set.
public struct Evaluation: Sendable, Equatable {
  /// Mean nats per token.
  public let loss: Double
  /// Nats of all tokens over the bytes that they stand for, in bits: comparable between tokenizers.
  public let bitsPerByte: Double
  /// Mean nats per token of every window, in order.
  public let windows: [Float]

  /// Measures `transformer` on every window of `set`, `sequences` at a time; a forward pass only.
  public init(of transformer: Transformer, on set: ValidationSet, sequences: Int) {
    var nats = 0.0
    var start = 0
    var windows: [Float] = []
    while start < set.windows {
      let range = start..<min(start + sequences, set.windows)
      let (inputs, targets) = set.rows(range)
      let values = transformer.logProbabilities(
        of: targets, after: inputs, sequences: range.count)
      for window in 0..<range.count {
        let sum = values[window * set.length..<(window + 1) * set.length]
          .reduce(0) { $0 + Double($1) }
        nats -= sum
        windows.append(Float(-sum / Double(set.length)))
      }
      start = range.upperBound
    }
    self.windows = windows
    loss = nats / Double(set.tokens)
    bitsPerByte = nats / (log(2) * Double(max(set.bytes, 1)))
  }
}
