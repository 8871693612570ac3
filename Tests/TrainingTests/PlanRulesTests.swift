/// Sizes and lengths that follow from depth, time and corpus.

import Models
import Testing
import Training

@Suite("Rules of the plan") struct PlanRulesTests {
  @Test(
    "the dial sets layers, width, heads and the horizon; a sampled loss has narrower layers",
    arguments: [1, 2, 3, 4, 6, 12], [nil, 0])
  func dial(depth: Int, sample: Int?) {
    var wishes = TrainingPlan.Wishes()
    wishes.depth = depth
    wishes.sampledTokens = sample
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(plan.configuration.layers == depth)
    let narrow = [1: 96, 2: 96, 3: 144, 4: 240, 6: 336, 12: 816]
    #expect(plan.configuration.width == (sample == nil ? narrow[depth] : max(128, 64 * depth)))
    #expect([48, 64].contains(plan.configuration.headWidth))
    #expect(plan.configuration.problem == nil)
    #expect(plan.horizon.unit == .tokens)
  }

  @Test("heads are as wide as divides the width")
  func heads() {
    let widths = [96, 144, 192, 256, 100, 160]
    let heads = widths.map { width in
      var wishes = TrainingPlan.Wishes()
      wishes.width = width
      return TrainingPlan(wishes, cores: 2).configuration.heads
    }
    #expect(heads == [2, 3, 3, 4, 1, 2])
  }

  @Test("more time gives larger models, and a whole loss larger ones than a sampled one")
  func time() {
    let models = [nil, 0].map { sample in
      [30.0, 60, 300, 900, 3_600, 86_400].map { seconds in
        var wishes = TrainingPlan.Wishes()
        wishes.horizon = .seconds(seconds)
        wishes.speed = 215e9
        wishes.sampledTokens = sample
        return TrainingPlan(wishes, cores: 2).configuration
      }
    }
    #expect(models[0].map(\.width) == [96, 96, 144, 192, 240, 432])
    let depths = models.map { $0.map(\.layers) }
    #expect(depths[0] == [2, 2, 3, 3, 4, 7])
    #expect(depths[1] == [3, 3, 4, 5, 7, 13])
  }

  @Test("steps of few tokens for short runs, of 2,048 from 1.6 or 3 million tokens, 4,096 from 4.5")
  func batch() {
    var wishes = TrainingPlan.Wishes()
    // Tokens, windows where the loss is sampled, and where it is not.
    let expected = [
      (10_000, 1, 1), (120_000, 1, 1), (240_000, 2, 2), (500_000, 2, 2), (800_000, 4, 4),
      (1_500_000, 4, 4), (1_700_000, 4, 8), (2_900_000, 4, 8), (3_100_000, 8, 8),
      (4_400_000, 8, 8), (4_600_000, 16, 16), (25_000_000, 16, 16), (26_000_000, 32, 32),
    ]
    for (start, sample) in [(nil, nil), (StartKind.random, nil), (nil, 0)] {
      for (tokens, sampled, whole) in expected {
        (wishes.start, wishes.sampledTokens) = (start, sample)
        wishes.horizon = .tokens(tokens)
        let plan = TrainingPlan(wishes, cores: 2)
        #expect(plan.sequences == (sample == 0 ? whole : sampled), "\(tokens)")
      }
    }
  }

  @Test("short runs that see a sample have GELU, unless asked otherwise, or weights are there")
  func activation() {
    func model(
      _ tokens: Int, _ change: (inout TrainingPlan.Wishes) -> Void = { _ in }
    ) -> TransformerConfiguration {
      var wishes = TrainingPlan.Wishes()
      wishes.horizon = .tokens(tokens)
      change(&wishes)
      return TrainingPlan(wishes, cores: 2).configuration
    }
    #expect(model(1_000_000).activation == .gelu)
    #expect(!model(1_000_000).leavesFamily)
    #expect(model(1_000_000).feedForwardWidth == model(5_000_000).feedForwardWidth)
    #expect(model(5_000_000).activation == .squaredReLU)
    #expect(model(1_000_000) { $0.switches.activation = .squaredReLU }.activation == .squaredReLU)
    #expect(model(1_000_000) { $0.sampledTokens = 0 }.activation == .squaredReLU)
    #expect(model(1_000_000) { $0.isContinuation = true }.activation == .squaredReLU)
    #expect(model(1_000_000) { $0.family = .llama }.activation == .swiGLU)
  }

  @Test("evaluations take about a tenth of a run, or a fifth where steps see a sample of tokens")
  func validation() {
    for (seconds, sample) in [10.0, 60, 300, 900, 86_400].flatMap({ [($0, 0), ($0, 2_048)] }) {
      var wishes = TrainingPlan.Wishes()
      wishes.sampledTokens = sample
      wishes.horizon = .seconds(seconds)
      wishes.speed = 150e9
      let plan = TrainingPlan(wishes, cores: 2)
      let evaluations = (plan.expectedSteps + plan.evaluateEvery - 1) / plan.evaluateEvery
      // A token measured sees the whole vocabulary, at 0.7 of the rate of steps that do not.
      let cost = plan.configuration.trainingFLOPsPerToken / 3 / plan.flopsPerToken
      let share =
        Double(evaluations * plan.validationTokens) * cost / Double(plan.expectedTokens)
        / (sample == 0 ? 1 : 0.7)
      #expect(share < (sample == 0 ? 0.15 : 0.3) || plan.validationTokens == 8_192)
      #expect(plan.validationTokens <= 98_304)
      #expect(evaluations >= 2)
    }
  }

  @Test(
    "a small corpus gets a small vocabulary",
    arguments: [
      (100_000, 512), (600_000, 1_024), (1_115_394, 2_048), (3_900_000, 2_048), (5_000_000, 4_096),
      (150_000_000, 65_536),
    ])
  func vocabulary(bytes: Int, size: Int) {
    var wishes = TrainingPlan.Wishes()
    wishes.corpusBytes = bytes
    #expect(TrainingPlan(wishes, cores: 2).configuration.vocabularySize == size)
    // Where every token of the vocabulary costs, there are fewer.
    wishes.sampledTokens = 0
    #expect(TrainingPlan(wishes, cores: 2).configuration.vocabularySize == min(size, 8_192))
  }

  @Test("a horizon that nobody named repeats the corpus at most four times")
  func epochs() {
    var wishes = TrainingPlan.Wishes()
    wishes.depth = 4
    wishes.vocabularySize = 8_192
    wishes.corpusBytes = 1_000_000
    #expect(TrainingPlan(wishes, cores: 2).horizon == .tokens(1_000_000))
  }

  @Test(
    "text that is read many times is trained on with dropout",
    arguments: [
      (150_000_000, 0.0), (2_100_000, 0), (1_115_394, 0.09), (500_000, 0.26), (100_000, 0.5),
    ])
  func dropout(bytes: Int, share: Double) {
    var wishes = TrainingPlan.Wishes()
    wishes.vocabularySize = 1_024
    wishes.corpusBytes = bytes
    wishes.horizon = .tokens(2_700_000)
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(plan.dropout == share)
    #expect(plan.optimizer.weightDecay == min(0.1, share))
    #expect(plan.options(data: DataOptions(corpus: [])).dropout == share)
    (wishes.dropout, wishes.weightDecay) = (0.05, 0.3)
    #expect(TrainingPlan(wishes, cores: 2).dropout == 0.05)
    #expect(TrainingPlan(wishes, cores: 2).optimizer.weightDecay == 0.3)
    (wishes.weightDecay, wishes.optimizer) = (nil, .adamw)
    #expect(TrainingPlan(wishes, cores: 2).optimizer.weightDecay == 0.1)
  }

  @Test("dropout grows by a tenth with twice the readings, and with the network")
  func dropoutRule() throws {
    func plan(tokens: Int, layers: Int, width: Int, vocabulary: Int = 1_024) -> TrainingPlan {
      var wishes = TrainingPlan.Wishes()
      (wishes.layers, wishes.width, wishes.vocabularySize) = (layers, width, vocabulary)
      wishes.corpusBytes = 500_000
      wishes.horizon = .tokens(tokens)
      return TrainingPlan(wishes, cores: 2)
    }
    let shares = [2, 3, 4].map { plan(tokens: 1_000_000 << $0, layers: 2, width: 128).dropout }
    #expect(shares[0] > 0 && shares[2] < 0.5)
    #expect(abs(shares[1] - shares[0] - 0.1) < 0.011)
    #expect(abs(shares[2] - shares[1] - 0.1) < 0.011)
    #expect(plan(tokens: 4_000_000, layers: 4, width: 256).dropout > shares[0])
    #expect(plan(tokens: 700_000, layers: 2, width: 128).dropout == 0)
    // How often a text is read, by the bytes that tokens have in plays, an encyclopaedia and novels.
    for (vocabulary, bytes) in [(512, 2.07), (1_024, 2.6), (2_048, 3.06), (8_192, 3.79)] {
      let items = plan(tokens: 2_500_000, layers: 2, width: 128, vocabulary: vocabulary).items
      let reason = try #require(items.first { $0.name == "dropout" }?.reason)
      let times = try #require(Double(reason.split(separator: " ")[5]))
      #expect(abs(times / (2_500_000 * bytes / 500_000) - 1) < 0.06, "\(reason)")
    }
  }

  @Test("a short run's step has a window at least, and one for every process")
  func leastBatch() {
    var wishes = TrainingPlan.Wishes()
    wishes.horizon = .tokens(100_000)
    for (context, processes, sequences) in [(256, 1, 1), (1_024, 1, 1), (128, 1, 2), (256, 3, 4)] {
      (wishes.context, wishes.processes) = (context, processes)
      let plan = TrainingPlan(wishes, cores: 2)
      #expect(plan.sequences == sequences, "\(context), \(processes)")
      #expect(plan.microBatches >= processes)
      let said = plan.items.first { $0.name == "tokens a step" }?.value
      #expect(said == "\(sequences * context)")
    }
  }

  @Test("a large step takes several micro-batches of equal size")
  func passes() {
    var wishes = TrainingPlan.Wishes()
    wishes.batchTokens = 131_072
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(plan.sequences == 512)
    #expect(plan.microBatches == 8)
  }

  @Test("a sampled loss has fewer parts, unless processes want them")
  func parts() {
    let parts = [(4_096, nil, 1), (4_096, nil, 2), (16_384, nil, 1), (4_096, 0, 1), (8_192, 0, 1)]
      .map { (tokens: Int, sample: Int?, processes: Int) in
        var wishes = TrainingPlan.Wishes()
        (wishes.batchTokens, wishes.sampledTokens) = (tokens, sample)
        wishes.processes = processes
        return TrainingPlan(wishes, cores: 2).microBatches
      }
    #expect(parts == [1, 2, 2, 2, 4])
  }
}
