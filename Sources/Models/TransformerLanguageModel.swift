/// The Transformer as inference sees it.

import Glibc
import Kernels
import Machine
import Tokenizers

extension KVCache: LanguageModelCache {}

extension Transformer: LanguageModel {
  /// Tokens that the model gives logits to.
  public var vocabularySize: Int { configuration.vocabularySize }

  /// Tokens in the longest window.
  public var contextLength: Int { configuration.contextLength }

  /// An empty cache.
  public func makeCache(sequences: Int, capacity: Int) -> KVCache {
    KVCache(configuration, sequences: sequences, capacity: capacity)
  }

  /// As the default, with the logits of whole windows at once.
  public func logMass(of members: [Bool], after inputs: [Token], sequences: Int) -> [Float] {
    precondition(members.count == vocabularySize, "A flag is needed for every token.")
    let vocabulary = vocabularySize
    let inside = members.indices.filter { members[$0] }
    return [Float](unsafeUninitializedCapacity: inputs.count) { buffer, count in
      forEachBlockOfLogits(after: inputs, sequences: sequences) { firstRow, rows, logits in
        Workers.shared.divide(rows) { range, _ in
          for row in range {
            let probabilities = logits + row * vocabulary
            kernels.softmax(probabilities, count: vocabulary)
            let mass = inside.reduce(0.0) { $0 + Double(probabilities[$1]) }
            buffer[firstRow + row] = Float(log(mass))
          }
        }
      }
      count = inputs.count
    }
  }

  /// As the default, with the logits of whole windows at once.
  public func forEachLogits(
    after inputs: [Token], sequences: Int,
    _ body: (_ row: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
  ) {
    let vocabulary = vocabularySize
    forEachBlockOfLogits(after: inputs, sequences: sequences) { firstRow, rows, logits in
      for row in 0..<rows {
        body(
          firstRow + row, UnsafeBufferPointer(start: logits + row * vocabulary, count: vocabulary))
      }
    }
  }
}
