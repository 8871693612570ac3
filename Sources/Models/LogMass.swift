/// The probability that the next token belongs to a set, for any model with a cache.

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
}
