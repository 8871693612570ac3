/// How well a model predicts text that it was not trained on.

import Corpora
import Distributed
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
  ///
  /// The processes of `communicator` share the windows, those of `stages` the model, and all have
  /// the result.
  public init(
    of transformer: Transformer, on set: ValidationSet, sequences: Int,
    sharedBy communicator: any Communicator = LocalCommunicator(),
    stages: (any Communicator)? = nil
  ) {
    let passes = (set.windows + sequences - 1) / sequences
    var sums = [Double](repeating: 0, count: set.windows)
    for pass in stride(from: communicator.rank, to: passes, by: communicator.size) {
      let range = pass * sequences..<min((pass + 1) * sequences, set.windows)
      let (inputs, targets) = set.rows(range)
      let values = transformer.stageLogProbabilities(
        of: targets, after: inputs, sequences: range.count)
      for (place, window) in range.enumerated() {
        sums[window] = values[place * set.length..<(place + 1) * set.length]
          .reduce(0) { $0 - Double($1) }
      }
    }
    let all = communicator.gatherAll(sums)
    // A window was measured by one process, and is zero on the others.
    var natsOfWindows = sums.indices.map { all[$0 / sequences % communicator.size][$0] }
    // Only the last stage has them.
    if let stages { natsOfWindows = stages.gatherAll(natsOfWindows)[stages.size - 1] }
    windows = natsOfWindows.map { Float($0 / Double(set.length)) }
    let nats = natsOfWindows.reduce(0, +)
    loss = nats / Double(set.tokens)
    bitsPerByte = nats / (log(2) * Double(max(set.bytes, 1)))
  }
}
