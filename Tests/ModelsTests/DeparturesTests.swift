/// Models that depart from their family: gradients, the KV cache, and the way to disk and back.

import FoundationEssentials
import Glibc
import Kernels
import Machine
import Models
import TestSupport
import Testing

/// A model with some of the switches.
struct DepartureCase: Sendable, CustomTestStringConvertible {
  var name: String
  var family: TransformerConfiguration.Family = .nanochat
  /// What other readers must not take for a model of the family.
  var leaves = true
  var change: @Sendable (inout TransformerConfiguration) -> Void

  var testDescription: String { "\(family.rawValue): \(name)" }

  var configuration: TransformerConfiguration {
    let grouped = family == .llama || family == .qwen3
    var configuration = TransformerConfiguration(
      family: family, vocabularySize: 259, contextLength: 16, layers: 3, width: 32, heads: 4,
      keyValueHeads: grouped ? 2 : 4)
    change(&configuration)
    return configuration
  }

  static let all: [DepartureCase] = [
    .init(name: "shortcut") { $0.departures.embeddingShortcut = true },
    .init(name: "value embeddings") { $0.departures.valueEmbeddings = true },
    .init(name: "value embeddings", family: .qwen3) { $0.departures.valueEmbeddings = true },
    .init(name: "everything", family: .gpt2) {
      $0.departures.embeddingShortcut = true
      $0.departures.valueEmbeddings = true
      $0.departures.logitScale = true
      $0.departures.normalizesEmbedding = true
      $0.departures.normalizesHeads = true
      $0.use(.swiGLU)
    },
    .init(name: "logit scale", family: .llama) { $0.departures.logitScale = true },
    .init(name: "no norm of the embedding") { $0.departures.normalizesEmbedding = false },
    .init(name: "no norm of queries and keys", family: .qwen3) {
      $0.departures.normalizesHeads = false
    },
    .init(name: "SwiGLU") { $0.use(.swiGLU) },
    .init(name: "squared ReLU", family: .llama) { $0.use(.squaredReLU) },
    .init(name: "GELU", leaves: false) { $0.use(.gelu) },
    .init(name: "squared ReLU", family: .gpt2, leaves: false) { $0.use(.squaredReLU) },
    .init(name: "tied head, no cap", leaves: false) {
      $0.tiedHead = true
      $0.softCap = 0
    },
  ]

  func model() -> Transformer {
    let model = Transformer(configuration, seed: 5)
    // Zero-initialised projections would hide most gradients.
    var random = RandomSource(seed: 11, stream: 0)
    for parameter in model.parameters.parameters {
      for index in 0..<parameter.count {
        parameter.value[index] += 0.1 * Float(random.nextNormal())
      }
    }
    return model
  }

  static func tokens(_ count: Int, seed: UInt64) -> [UInt32] {
    var random = RandomSource(seed: seed, stream: 1)
    return (0..<count).map { _ in UInt32.random(in: 0..<259, using: &random) }
  }
}

struct DeparturesTests {
  @Test(
    "the gradient along a random direction is that of central differences",
    arguments: DepartureCase.all)
  func gradient(_ departure: DepartureCase) {
    let model = departure.model()
    let inputs = DepartureCase.tokens(24, seed: 1)
    let targets = DepartureCase.tokens(24, seed: 2)
    _ = model.addGradients(inputs: inputs, targets: targets, sequences: 2)
    func loss() -> Double {
      -model.logProbabilities(of: targets, after: inputs, sequences: 2)
        .reduce(0.0) { $0 + Double($1) } / 24
    }
    var random = RandomSource(seed: 9, stream: 0)
    for parameter in model.parameters.parameters {
      let start = (0..<parameter.count).map { parameter.value[$0] }
      // Along the gradient itself, half of it random: never orthogonal to it.
      let norm = (0..<parameter.count).reduce(0.0) {
        $0 + Double(parameter.gradient[$1] * parameter.gradient[$1])
      }.squareRoot()
      guard norm > 1e-5 else { continue }
      let direction = start.indices.map {
        Double(parameter.gradient[$0]) / norm
          + 0.5 * random.nextNormal() / Double(parameter.count).squareRoot()
      }
      let expected = start.indices.reduce(0.0) {
        $0 + direction[$1] * Double(parameter.gradient[$1])
      }
      let step = 4e-3
      func moved(_ factor: Double) -> Double {
        for index in start.indices {
          parameter.value[index] = start[index] + Float(factor * direction[index])
        }
        return loss()
      }
      let found = (moved(step) - moved(-step)) / (2 * step)
      for index in start.indices { parameter.value[index] = start[index] }
      #expect(abs(found - expected) < 0.03 * expected + 2e-4, "\(parameter.name)")
    }
  }

  @Test("every parameter of a departure has a gradient", arguments: DepartureCase.all)
  func reached(_ departure: DepartureCase) {
    let model = departure.model()
    _ = model.addGradients(
      inputs: DepartureCase.tokens(24, seed: 1), targets: DepartureCase.tokens(24, seed: 2),
      sequences: 2)
    for parameter in model.parameters.parameters {
      #expect(
        (0..<parameter.count).contains { parameter.gradient[$0] != 0 }, "\(parameter.name)")
    }
  }

  @Test("computing activations twice gives the same bits", arguments: DepartureCase.all)
  func recomputation(_ departure: DepartureCase) {
    let gradients = [false, true].map { recomputes in
      let model = departure.model()
      model.recomputesBlocks = recomputes
      _ = model.addGradients(
        inputs: DepartureCase.tokens(24, seed: 1), targets: DepartureCase.tokens(24, seed: 2),
        sequences: 2)
      return (0..<model.parameters.count).map { model.parameters.gradients[$0] }
    }
    #expect(gradients[0] == gradients[1])
  }

  @Test("reading token by token gives what reading a window gives", arguments: DepartureCase.all)
  func cache(_ departure: DepartureCase) {
    let model = departure.model()
    let tokens = DepartureCase.tokens(12, seed: 4)
    let inputs = [5] + tokens.dropLast()
    let whole = model.logProbabilities(of: tokens, after: inputs, sequences: 1)
    let cache = KVCache(model.configuration, capacity: 12)
    for part in [0..<3, 3..<4, 4..<5, 5..<11, 11..<12] {
      let logits = model.nextLogits(after: Array(inputs[part]), cache: cache)
      let top = Double(logits.max() ?? 0)
      let total = log(logits.reduce(0.0) { $0 + exp(Double($1) - top) })
      let last = part.upperBound - 1
      let found = Double(logits[Int(tokens[last])]) - top - total
      #expect(abs(found - Double(whole[last])) < 1e-4)
    }
  }

  @Test(
    "the folder holds the model whole, and other readers refuse it", arguments: DepartureCase.all)
  func folder(_ departure: DepartureCase) throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let model = departure.model()
    let path = "\(folder.path)/model"
    try ModelFolder.write(model, try makeByteTokenizer(), to: path)
    let read = try ModelFolder.load(path).transformer
    #expect(read.configuration == model.configuration)
    #expect(read.parameters.parameterCount == model.parameters.parameterCount)
    for (a, b) in zip(read.parameters.parameters, model.parameters.parameters) {
      #expect((0..<a.count).allSatisfy { a.value[$0] == b.value[$0] }, "\(a.name)")
    }
    let text = String(
      decoding: try Data(contentsOf: URL(filePath: "\(path)/config.json")), as: UTF8.self)
    #expect(model.configuration.leavesFamily == departure.leaves)
    #expect(text.contains("\"model_type\": \"apus\"") == departure.leaves)
    #expect(text.contains("ApusForCausalLM") == departure.leaves)
  }

  @Test("a part that this version does not know is refused by name")
  func unknownPart() throws {
    let text = """
      {"model_type": "apus", "apus": {"family": "nanochat", "sparkle": true}, "vocab_size": 9,
       "hidden_size": 8, "max_position_embeddings": 4, "num_hidden_layers": 1,
       "num_attention_heads": 2, "intermediate_size": 8}
      """
    #expect {
      _ = try ConfigJSON.configuration(Array(text.utf8), path: "config.json")
    } throws: {
      "\($0)".contains("apus.sparkle")
    }
  }

  @Test("a departure leaves the initial values of everything else as they were")
  func initialValues() throws {
    let plain = Transformer(DepartureCase(name: "") { _ in }.configuration, seed: 3)
    for departure in DepartureCase.all.prefix(2) {
      let model = Transformer(departure.configuration, seed: 3)
      for parameter in plain.parameters.parameters {
        let same = try #require(model.parameters[parameter.name])
        #expect((0..<same.count).allSatisfy { same.value[$0] == parameter.value[$0] })
      }
    }
  }

  @Test("after the first step, a step takes no more memory", arguments: DepartureCase.all)
  func memory(_ departure: DepartureCase) {
    let model = departure.model()
    let inputs = DepartureCase.tokens(24, seed: 1)
    let targets = DepartureCase.tokens(24, seed: 2)
    _ = model.addGradients(inputs: inputs, targets: targets, sequences: 2)
    let bytes = model.peakActivationBytes
    for _ in 0..<3 { _ = model.addGradients(inputs: inputs, targets: targets, sequences: 2) }
    #expect(model.peakActivationBytes == bytes)
  }
}
