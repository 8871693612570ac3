/// All logits of a window, and the probability of a set of tokens, for any model with a cache.

import Glibc
import Tokenizers

extension LanguageModel {
  /// The sums of `logMass(of:after:sequences:)`, one decoding step a position: a model that can give
  /// all logits of a window at once should do better.
  public func logMass(of members: [Bool], after inputs: [Token], sequences: Int) -> [Float] {
    precondition(members.count == vocabularySize, "A flag is needed for every token.")
    precondition(inputs.count.isMultiple(of: sequences), "Windows must have one length.")
    let length = inputs.count / sequences
    let cache = makeCache(sequences: sequences, capacity: length)
    var result = [Float](repeating: 0, count: inputs.count)
    for position in 0..<length {
      let column = (0..<sequences).map { inputs[$0 * length + position] }
      let logits = nextLogits(after: column, cache: cache)
      for sequence in 0..<sequences {
        let row = logits[sequence * vocabularySize..<(sequence + 1) * vocabularySize]
        let largest = row.max() ?? 0
        var inside = 0.0
        var all = 0.0
        for (logit, isMember) in zip(row, members) {
          let weight = Double(expf(logit - largest))
          all += weight
          if isMember { inside += weight }
        }
        result[sequence * length + position] = Float(log(inside / all))
      }
    }
    return result
  }

  /// As `forEachLogits`, one decoding step a position.
  public func forEachLogits(
    after inputs: [Token], sequences: Int,
    _ body: (_ row: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
  ) {
    let length = inputs.count / sequences
    for sequence in 0..<sequences {
      let cache = makeCache(sequences: 1, capacity: length)
      for row in sequence * length..<(sequence + 1) * length {
        nextLogits(after: [inputs[row]], cache: cache).withUnsafeBufferPointer { body(row, $0) }
      }
    }
  }
}
