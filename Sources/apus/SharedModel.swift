/// A model whose windows several processes score together.

import Distributed
import Models
import Tokenizers

/// Every process asks for the scores of the same windows, computes its part of them, and gets all.
struct SharedModel<Model: LanguageModel>: LanguageModel {
  let model: Model
  let processes: any Communicator

  var vocabularySize: Int { model.vocabularySize }
  var contextLength: Int { model.contextLength }

  func makeCache(sequences: Int, capacity: Int) -> Model.Cache {
    model.makeCache(sequences: sequences, capacity: capacity)
  }

  func nextLogits(after tokens: [Token], cache: Model.Cache) -> [Float] {
    model.nextLogits(after: tokens, cache: cache)
  }

  func logProbabilities(of targets: [Token], after inputs: [Token], sequences: Int) -> [Float] {
    share(sequences, length: inputs.count / sequences) { tokens, count in
      model.logProbabilities(
        of: Array(targets[tokens]), after: Array(inputs[tokens]), sequences: count)
    }
  }

  func logMass(of members: [Bool], after inputs: [Token], sequences: Int) -> [Float] {
    share(sequences, length: inputs.count / sequences) { tokens, count in
      model.logMass(of: members, after: Array(inputs[tokens]), sequences: count)
    }
  }

  /// The results of `score` for the sequences of every process, in order.
  private func share(
    _ sequences: Int, length: Int, _ score: (_ tokens: Range<Int>, _ count: Int) -> [Float]
  ) -> [Float] {
    let most = (sequences + processes.size - 1) / processes.size
    let rows = { (process: Int) in
      min(sequences, process * most)..<min(sequences, (process + 1) * most)
    }
    let own = rows(processes.rank)
    var values =
      own.isEmpty ? [] : score(own.lowerBound * length..<own.upperBound * length, own.count)
    // Blocks have one length.
    values += [Float](repeating: 0, count: most * length - values.count)
    let blocks = processes.gatherAll(values.withUnsafeBytes { Array($0) })
    return blocks.enumerated().flatMap { process, block in
      block.withUnsafeBytes { bytes in
        (0..<rows(process).count * length).map {
          bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
        }
      }
    }
  }
}
