/// Models saved by transformers, against what PyTorch computes from them (scripts/make-goldens.py).

import Glibc
import Models
import Testing
import Tokenizers

@Suite(.serialized)
struct GoldenTests {
  private static let sequences = 2
  private static let length = 16

  @Test("logits are PyTorch's", arguments: TransformerConfiguration.Family.allCases)
  func logits(family: TransformerConfiguration.Family) throws {
    let golden = Golden(family)
    let (model, _) = try ModelFolder.loadTransformer(golden.folder)
    let expected = try golden.tensors("expected")
    let inputs = try #require(expected["inputs"]).map { Token($0) }
    let logits = try #require(expected["logits"])
    let vocabulary = model.configuration.vocabularySize
    // Token by token through the cache, so that every position's logits are seen.
    let cache = KVCache(
      model.configuration, sequences: Self.sequences, capacity: Self.length)
    var values: [[Float]] = []
    for position in 0..<Self.length {
      let tokens = (0..<Self.sequences).map { inputs[$0 * Self.length + position] }
      values.append(model.nextLogits(after: tokens, cache: cache))
    }
    var inOrder: [Float] = []
    for sequence in 0..<Self.sequences {
      for position in 0..<Self.length {
        inOrder += values[position][sequence * vocabulary..<(sequence + 1) * vocabulary]
      }
    }
    #expect(relativeDifference(inOrder, logits) < 1e-5)
  }

  @Test("the loss is PyTorch's", arguments: TransformerConfiguration.Family.allCases)
  func loss(family: TransformerConfiguration.Family) throws {
    let golden = Golden(family)
    let (model, _) = try ModelFolder.loadTransformer(golden.folder)
    let expected = try golden.tensors("expected")
    let inputs = try #require(expected["inputs"]).map { Token($0) }
    let targets = try #require(expected["targets"]).map { Token($0) }
    let logits = try #require(expected["logits"])
    let loss = try #require(expected["loss"])[0]
    let vocabulary = model.configuration.vocabularySize
    let logProbabilities = model.logProbabilities(
      of: targets, after: inputs, sequences: Self.sequences)
    for (index, target) in targets.enumerated() {
      let row = logits[index * vocabulary..<(index + 1) * vocabulary].map { Double($0) }
      let largest = row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - largest) }
      let expected = row[Int(target)] - largest - log(sum)
      #expect(abs(Double(logProbabilities[index]) - expected) < 1e-4)
    }
    let mean = -logProbabilities.reduce(0) { $0 + Double($1) } / Double(targets.count)
    #expect(abs(mean - Double(loss)) < 1e-5 * Double(loss))
  }

  @Test(
    "every gradient is PyTorch's", arguments: [TransformerConfiguration.Family.gpt2, .qwen3])
  func gradients(family: TransformerConfiguration.Family) throws {
    let golden = Golden(family)
    let (model, _) = try ModelFolder.loadTransformer(golden.folder)
    let expected = try golden.tensors("expected")
    let inputs = try #require(expected["inputs"]).map { Token($0) }
    let targets = try #require(expected["targets"]).map { Token($0) }
    // In two parts, because gradients add up.
    for scale: Float in [0.25, 0.75] {
      let loss = model.addGradients(
        inputs: inputs, targets: targets, sequences: Self.sequences, gradientScale: scale)
      #expect(abs(Float(loss) - (expected["loss"]?[0] ?? 0)) < 1e-4)
    }
    let tensors = model.configuration.fileTensors
    #expect(tensors.count == expected.keys.count { $0.hasPrefix("gradient.") })
    for tensor in tensors {
      let parameter = try #require(model.parameters[tensor.parameter])
      let gradient = tensor.values(in: parameter, from: parameter.gradient)
      let difference = relativeDifference(
        gradient, try #require(expected["gradient.\(tensor.name)"]))
      #expect(difference < 1e-4, "\(tensor.name)")
    }
  }
}
