/// The whole model, for each family: gradients, batches, and the KV cache against the plain forward.

import Glibc
import Kernels
import Machine
import Models
import Testing

struct TransformerTests {
  private static func model(_ family: TransformerConfiguration.Family, tokens: Int = 16)
    -> Transformer
  {
    let grouped = family == .llama || family == .qwen3
    let configuration = TransformerConfiguration(
      family: family, vocabularySize: 29, contextLength: tokens, layers: 2, width: 32, heads: 4,
      keyValueHeads: grouped ? 2 : 4, feedForwardWidth: 48)
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

  private static func tokens(_ count: Int, seed: UInt64) -> [UInt32] {
    var random = RandomSource(seed: seed, stream: 1)
    return (0..<count).map { _ in UInt32.random(in: 0..<29, using: &random) }
  }

  @Test(
    "computing activations twice gives the same bits and takes less memory",
    arguments: TransformerConfiguration.Family.allCases)
  func recomputation(family: TransformerConfiguration.Family) {
    let inputs = Self.tokens(64, seed: 1)
    let targets = Self.tokens(64, seed: 2)
    func gradients(recomputing: Bool) -> (loss: Double, gradients: [Float], bytes: Int) {
      let model = Self.model(family)
      model.recomputesBlocks = recomputing
      // Twice, so that gradients add up and memory is used again.
      _ = model.addGradients(inputs: inputs, targets: targets, sequences: 4)
      let loss = model.addGradients(inputs: inputs, targets: targets, sequences: 4)
      let store = model.parameters
      return (
        loss, (0..<store.count).map { store.gradients[$0] }, model.peakActivationBytes
      )
    }
    let plain = gradients(recomputing: false)
    let frugal = gradients(recomputing: true)
    #expect(plain.loss == frugal.loss)
    #expect(plain.gradients == frugal.gradients)
    #expect(frugal.bytes < plain.bytes)
  }

  @Test(
    "after the first step, a step takes no more memory",
    arguments: TransformerConfiguration.Family.allCases)
  func memory(family: TransformerConfiguration.Family) {
    let model = Self.model(family)
    let (inputs, targets) = (Self.tokens(32, seed: 1), Self.tokens(32, seed: 2))
    _ = model.addGradients(inputs: inputs, targets: targets, sequences: 2)
    let bytes = model.peakActivationBytes
    for _ in 0..<3 {
      _ = model.addGradients(inputs: inputs, targets: targets, sequences: 2)
    }
    #expect(model.peakActivationBytes == bytes)
  }

  @Test("a profile names the operations of a step and counts the arithmetic of the model")
  func profile() {
    let model = Self.model(.gpt2)
    let profile = Profile()
    model.profile = profile
    _ = model.addGradients(
      inputs: Self.tokens(32, seed: 1), targets: Self.tokens(32, seed: 2), sequences: 2)
    let names = Set(profile.entries.map(\.name))
    #expect(names.isSuperset(of: ["embedding", "LayerNorm", "attention.qkv", "gelu", "head"]))
    let total = profile.entries.reduce(0) { $0 + $1.flops }
    let needed = 32 * model.configuration.trainingFLOPsPerToken
    // The way back through attention computes the scores again: 3.5 times its forward pass, not 3.
    #expect(total >= needed && total < 1.05 * needed)
  }

  @Test("compact weights decode as the rounded weights read a window", arguments: ["bf16", "int8"])
  func compactWeights(name: String) throws {
    let model = Self.model(.llama)
    let plain = model.nextLogits(after: [3], cache: KVCache(model.configuration, capacity: 4))
    let bytes = model.decodingBytes
    model.compress(to: try #require(CompactWeights.Format(rawValue: name)))
    #expect(model.decodingBytes < bytes)
    let tokens = Self.tokens(12, seed: 4)
    let whole = model.logProbabilities(of: tokens, after: [5] + tokens.dropLast(), sequences: 1)
    let cache = KVCache(model.configuration, capacity: 12)
    for (index, token) in ([5] + tokens.dropLast()).enumerated() {
      let logits = model.nextLogits(after: [token], cache: cache)
      let top = logits.max() ?? 0
      let total = logits.reduce(0.0) { $0 + exp(Double($1 - top)) }
      let found = Double(logits[Int(tokens[index])] - top) - log(total)
      // Inputs are rounded as well: what differs in the last bit may come out a step apart.
      #expect(abs(found - Double(whole[index])) < (name == "int8" ? 0.03 : 0.01))
    }
    let rounded = model.nextLogits(after: [3], cache: KVCache(model.configuration, capacity: 4))
    let change = zip(plain, rounded).map { abs($0 - $1) }.max() ?? 0
    #expect(change > 0 && change < 0.2)
  }

  @Test(
    "the gradient of the loss is that of central differences",
    arguments: TransformerConfiguration.Family.allCases)
  func gradient(family: TransformerConfiguration.Family) {
    let model = Self.model(family)
    let inputs = Self.tokens(16, seed: 1)
    let targets = Self.tokens(16, seed: 2)
    let loss = model.addGradients(inputs: inputs, targets: targets, sequences: 2)
    func evaluated() -> Double {
      -model.logProbabilities(of: targets, after: inputs, sequences: 2)
        .reduce(0.0) { $0 + Double($1) } / 16
    }
    #expect(abs(loss - evaluated()) < 1e-5)
    var random = RandomSource(seed: 9, stream: 0)
    for parameter in model.parameters.parameters {
      // Along a random direction, so that one number checks the whole matrix.
      let start = (0..<parameter.count).map { parameter.value[$0] }
      let direction = start.map { _ in Float(random.nextNormal()) }
      let length = direction.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let step = 2e-2 / length
      func move(_ factor: Double) {
        for index in 0..<parameter.count {
          parameter.value[index] = start[index] + Float(factor * step) * direction[index]
        }
      }
      move(1)
      let above = evaluated()
      move(-1)
      let below = evaluated()
      move(0)
      let numeric = (above - below) / (2 * step)
      let analytic = (0..<parameter.count).reduce(0.0) {
        $0 + Double(parameter.gradient[$1]) * Double(direction[$1])
      }
      let norm = (0..<parameter.count)
        .reduce(0.0) { $0 + Double(parameter.gradient[$1]) * Double(parameter.gradient[$1]) }
        .squareRoot()
      #expect(norm > 0 || parameter.name.hasSuffix("qkv.bias"), "\(parameter.name): no gradient")
      #expect(
        abs(numeric - analytic) < 1e-2 * norm * length / 4 + 2e-4 * length,
        "\(parameter.name): \(numeric) against \(analytic), norm \(norm)")
    }
  }

  @Test("gradients add up over micro-batches", arguments: TransformerConfiguration.Family.allCases)
  func accumulation(family: TransformerConfiguration.Family) {
    let inputs = Self.tokens(32, seed: 1)
    let targets = Self.tokens(32, seed: 2)
    let whole = Self.model(family)
    _ = whole.addGradients(inputs: inputs, targets: targets, sequences: 4)
    let parts = Self.model(family)
    for half in 0..<2 {
      _ = parts.addGradients(
        inputs: Array(inputs[half * 16..<half * 16 + 16]),
        targets: Array(targets[half * 16..<half * 16 + 16]), sequences: 2, gradientScale: 0.5)
    }
    for index in 0..<whole.parameters.count {
      let difference = whole.parameters.gradients[index] - parts.parameters.gradients[index]
      #expect(abs(difference) < 1e-5)
    }
  }

  @Test("the same step gives the same bits twice")
  func repeatable() {
    let inputs = Self.tokens(32, seed: 1)
    let first = Self.model(.qwen3)
    let second = Self.model(.qwen3)
    for _ in 0..<2 {
      let a = first.addGradients(inputs: inputs, targets: inputs, sequences: 4)
      let b = second.addGradients(inputs: inputs, targets: inputs, sequences: 4)
      #expect(a == b)
    }
    for index in 0..<first.parameters.count {
      #expect(first.parameters.gradients[index] == second.parameters.gradients[index])
    }
  }

  @Test(
    "reading through a cache, however divided, gives the distribution of the whole",
    arguments: TransformerConfiguration.Family.allCases, [[16], [1, 15], [7, 1, 1, 7], [15, 1]])
  func cache(family: TransformerConfiguration.Family, parts: [Int]) {
    let model = Self.model(family)
    let inputs = Self.tokens(32, seed: 3)
    let cache = KVCache(model.configuration, sequences: 2, capacity: 16)
    var start = 0
    for part in parts {
      let tokens = (0..<2).flatMap { inputs[$0 * 16 + start..<$0 * 16 + start + part] }
      let logits = model.nextLogits(after: tokens, cache: cache)
      start += part
      #expect(cache.count == start)
      for sequence in 0..<2 {
        let row = Array(logits[sequence * 29..<(sequence + 1) * 29]).map(Double.init)
        let normalizer = log(row.reduce(0) { $0 + exp($1) })
        let prefix = Array(inputs[sequence * 16..<sequence * 16 + start])
        for target in [0, 13, 28] {
          let targets = [UInt32](repeating: UInt32(target), count: start)
          let whole = model.logProbabilities(of: targets, after: prefix, sequences: 1)
          #expect(abs(row[target] - normalizer - Double(whole[start - 1])) < 2e-4)
        }
      }
    }
  }

  @Test("the mass of a set of tokens is the sum of their probabilities")
  func mass() {
    let model = Self.model(.nanochat)
    let inputs = Self.tokens(12, seed: 8)
    let chosen: [UInt32] = [0, 7, 28]
    let members = (0..<29).map { chosen.contains(UInt32($0)) }
    let masses = model.logMass(of: members, after: inputs, sequences: 2)
    let each = chosen.map { token in
      model.logProbabilities(
        of: [UInt32](repeating: token, count: 12), after: inputs, sequences: 2)
    }
    for row in 0..<12 {
      #expect(abs(exp(masses[row]) - each.reduce(0) { $0 + exp($1[row]) }) < 1e-5)
    }
  }

  @Test("a copied cache goes on as the original, and a rewound one forgets")
  func copies() {
    let model = Self.model(.llama)
    let cache = KVCache(model.configuration, sequences: 2, capacity: 8)
    _ = model.nextLogits(after: Self.tokens(8, seed: 4), cache: cache)
    let swapped = cache.selecting([1, 0, 1], capacity: 12)
    let next = model.nextLogits(after: [5, 6], cache: cache)
    let copied = model.nextLogits(after: [6, 5, 6], cache: swapped)
    for word in 0..<29 {
      #expect(abs(copied[word] - next[29 + word]) < 1e-5)
      #expect(abs(copied[29 + word] - next[word]) < 1e-5)
      #expect(abs(copied[58 + word] - next[29 + word]) < 1e-5)
    }
    cache.rewind(to: 4)
    let again = model.nextLogits(after: [5, 6], cache: cache)
    for index in 0..<58 { #expect(again[index] == next[index]) }
  }

  @Test("a configuration that cannot be says why")
  func problems() {
    var configuration = TransformerConfiguration(
      family: .llama, vocabularySize: 8, contextLength: 8, layers: 1, width: 24, heads: 3,
      keyValueHeads: 2)
    #expect(configuration.problem == "2 key-value heads do not divide 3 heads")
    configuration.keyValueHeads = 3
    #expect(configuration.problem == nil)
    configuration.headWidth = 7
    #expect(configuration.problem == "head width 7 is odd")
    configuration = TransformerConfiguration(
      family: .nanochat, vocabularySize: 8, contextLength: 8, layers: 1, width: 100, heads: 3)
    #expect(
      configuration.problem == "nanochat divides its width among its heads, and 100 is not 3 × 33")
    configuration = TransformerConfiguration(
      family: .gpt2, vocabularySize: 8, contextLength: 8, layers: 1, width: 24, heads: 4,
      keyValueHeads: 2)
    #expect(configuration.problem == "gpt2 has no grouped heads")
  }

  @Test(
    "continuations that share a prefix have the logits of copies of it",
    arguments: TransformerConfiguration.Family.allCases)
  func branches(family: TransformerConfiguration.Family) {
    let model = Self.model(family, tokens: 40)
    let prompt = Self.tokens(17, seed: 3)
    for rows in [1, 3, 40] {
      let shared = KVCache(model.configuration, capacity: 17)
      let whole = KVCache(model.configuration, capacity: 40)
      _ = model.nextLogits(after: prompt, cache: shared)
      _ = model.nextLogits(after: prompt, cache: whole)
      let branches = shared.branched(sequences: rows, capacity: 22)
      let copies = whole.replicated(sequences: rows, capacity: 22)
      for (step, length) in [2, 1, 2].enumerated() {
        let tokens = Self.tokens(rows * length, seed: UInt64(step + 5))
        let found = model.nextLogits(after: tokens, cache: branches)
        let expected = model.nextLogits(after: tokens, cache: copies)
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 2e-5 })
        #expect(branches.count == copies.count)
      }
      // What the branches read must not have changed the prefix.
      branches.rewind(to: 17)
      copies.rewind(to: 17)
      let again = Self.tokens(rows, seed: 9)
      let found = model.nextLogits(after: again, cache: branches)
      let expected = model.nextLogits(after: again, cache: copies)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 2e-5 })
    }
  }

  @Test("logits of whole windows are those of reading them token by token")
  func windowLogits() {
    let model = Self.model(.nanochat)
    let inputs = Self.tokens(24, seed: 2)
    var rows: [[Float]] = []
    model.forEachLogits(after: inputs, sequences: 2) { row, logits in
      #expect(row == rows.count)
      rows.append(Array(logits))
    }
    #expect(rows.count == 24)
    for sequence in 0..<2 {
      let cache = KVCache(model.configuration, capacity: 12)
      for place in 0..<12 {
        let index = sequence * 12 + place
        let expected = model.nextLogits(after: [inputs[index]], cache: cache)
        #expect(zip(rows[index], expected).allSatisfy { abs($0 - $1) < 2e-5 })
      }
    }
  }
}
