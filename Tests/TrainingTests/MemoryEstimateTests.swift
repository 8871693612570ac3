/// What a run is said to take, against what runs have taken.

import Autograd
import Corpora
import Models
import Testing
import Tokenizers
import Training

@Suite("Memory estimates")
struct MemoryEstimateTests {
  private func options(
    _ sequences: Int, context: Int, recomputes: Bool = false, dropout: Double = 0
  ) -> TrainingOptions {
    var options = TrainingOptions(
      data: DataOptions(corpus: []), optimizer: .adamW(),
      schedule: LearningRateSchedule(.constant, warmupSteps: 0), horizon: .steps(1),
      context: context, sequences: sequences)
    options.recomputesBlocks = recomputes
    options.dropout = dropout
    return options
  }

  @Test(
    "activations are within a fifth of what a step takes, for every family",
    arguments: TransformerConfiguration.Family.allCases, [false, true])
  func activations(family: TransformerConfiguration.Family, recomputes: Bool) {
    for (layers, width, vocabulary, dropout) in [(6, 128, 1_000, 0), (3, 192, 4_000, 0.1)] {
      let configuration = TransformerConfiguration(
        family: family, vocabularySize: vocabulary, contextLength: 128, layers: layers,
        width: width, heads: 4)
      let transformer = Transformer(configuration, seed: 1)
      transformer.recomputesBlocks = recomputes
      let tokens = [Token](repeating: 7, count: 8 * 128)
      _ = transformer.addGradients(
        inputs: tokens, targets: tokens, sequences: 8,
        dropout: dropout > 0 ? Dropout(share: Float(dropout), seed: 1, step: 0) : nil)
      let estimate = MemoryEstimate(
        configuration, options(8, context: 128, recomputes: recomputes, dropout: dropout))
      let share = Double(estimate.activationBytes) / Double(transformer.peakActivationBytes)
      #expect((0.8...1.2).contains(share), "\(family) \(layers) × \(width): \(share)")
    }
  }

  /// `apus bench train --json` on two threads of an AMD EPYC (Zen 4), AdamW, one micro-batch; 2026.
  @Test(
    "the whole is within 15% of the most memory that the program was measured to hold",
    arguments: [
      (.gpt2, 1, 64, 256, 256, 256, false, 38.1), (.gpt2, 4, 128, 2_048, 256, 4_096, false, 205.6),
      (.nanochat, 4, 128, 2_048, 256, 4_096, false, 229),
      (.gpt2, 4, 256, 8_192, 256, 2_048, false, 306.6),
      (.nanochat, 4, 256, 8_192, 256, 2_048, false, 359),
      (.nanochat, 4, 256, 8_192, 256, 2_048, true, 302.3),
      (.llama, 4, 256, 8_192, 256, 2_048, false, 340.2),
      (.gpt2, 12, 768, 50_257, 1_024, 2_048, false, 2_938),
    ] as [(TransformerConfiguration.Family, Int, Int, Int, Int, Int, Bool, Double)])
  func whole(
    family: TransformerConfiguration.Family, layers: Int, width: Int, vocabulary: Int,
    context: Int, tokens: Int, recomputes: Bool, megabytes: Double
  ) {
    let configuration = TransformerConfiguration(
      family: family, vocabularySize: vocabulary, contextLength: context, layers: layers,
      width: width, heads: width / 64)
    let estimate = MemoryEstimate(
      configuration, options(tokens / context, context: context, recomputes: recomputes))
    let share = Double(estimate.bytes) / 1e6 / megabytes
    #expect((0.85...1.15).contains(share), "\(share)")
  }

  @Test("text read ahead takes two bytes a token, in two blocks unless one holds the corpus")
  func reading() {
    func bytes(
      _ corpusBytes: Int?, vocabulary: Int = 8_192, _ shuffle: Shuffle = .buffer()
    ) -> Int {
      MemoryEstimate.readingBytes(
        DataOptions(corpus: [], shuffle: shuffle), vocabularySize: vocabulary,
        corpusBytes: corpusBytes)
    }
    let (block, reader) = (2 << 25, bytes(0))
    #expect(bytes(nil) == reader + 2 * block)
    #expect(bytes(nil, vocabulary: 100_000) == reader + 4 * block)
    #expect(bytes(3_890_500) == reader + 2_000_000)
    #expect(bytes(nil, Shuffle.none) < reader + block / 10)
  }

  @Test("parameters count as often as the optimizer and the sums of gradients hold them")
  func parameters() {
    let configuration = TransformerConfiguration(
      family: .nanochat, vocabularySize: 1_000, contextLength: 64, layers: 2, width: 64, heads: 2)
    let matrices = 2 * (4 * 64 * 64 + 2 * 64 * 256)
    let others = 2 * 1_000 * 64
    var options = options(8, context: 64)
    func bytes(_ processes: Int = 1) -> Int {
      MemoryEstimate(configuration, options, processes: processes).parameterBytes
    }
    #expect(bytes() == 4 * 4 * (matrices + others))
    options.optimizer = .muon()
    #expect(bytes() == 4 * (3 * matrices + 4 * others))
    // Eight parts of a step: sums of two, of four and of one wait for the last.
    options.microBatches = 8
    #expect(bytes() == 4 * (6 * matrices + 7 * others))
    #expect(bytes(8) == 4 * (2 * matrices + 2 * others) + 4 * (matrices + 2 * others) / 8)
  }

  @Test("a fit to counts matters where it takes more than steps do, and less text makes it smaller")
  func start() {
    let configuration = TransformerConfiguration(
      family: .nanochat, vocabularySize: 65_536, contextLength: 128, layers: 2, width: 128,
      heads: 2)
    var options = options(1, context: 128)
    options.optimizer = .muon()
    options.sampledTokens = 2_048
    func estimate(_ corpusBytes: Int? = nil) -> MemoryEstimate {
      MemoryEstimate(configuration, options, corpusBytes: corpusBytes)
    }
    let without = estimate()
    #expect(without.startBytes == 0)
    options.start = CountFit(columns: 2_048)
    let table = 4 * 65_536 * 128
    // Six tables are fitted beside the two that wait, and the pairs.
    #expect((8 * table + (1 << 24)..<9 * table + 2 * (1 << 25)).contains(estimate().startBytes))
    #expect(estimate().parameterBytes == without.parameterBytes)
    // A step of one window takes less, one of sixteen more.
    #expect(estimate().bytes > without.bytes)
    #expect(estimate().bytes - estimate().startBytes == without.bytes - without.stepBytes)
    #expect(estimate(4_000_000).startBytes < estimate().startBytes)
  }
}
