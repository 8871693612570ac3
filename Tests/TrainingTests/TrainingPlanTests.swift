import Autograd
import Models
import Testing
import Training

@Suite("Training plans") struct TrainingPlanTests {
  @Test("without wishes it is five minutes of a small nanochat with Muon")
  func nothingAsked() {
    let plan = TrainingPlan(cores: 2)
    #expect(plan.configuration.family == .nanochat)
    #expect(plan.configuration.layers == 3)
    #expect(plan.configuration.width == 144)
    #expect(plan.configuration.heads == 3)
    #expect(plan.configuration.vocabularySize == 65_536)
    #expect(plan.sampledTokens == 2_048)
    #expect(plan.configuration.contextLength == 256)
    #expect(plan.start?.steps == 2_048)
    #expect(plan.start?.columns == 2_048)
    #expect(
      plan.optimizer
        == .muon(learningRate: 0.014, embeddingRate: 10 * 0.014, headRate: 0.07 * 0.014))
    #expect(plan.schedule == LearningRateSchedule(.linear, warmupSteps: 20, finalShare: 0.02))
    #expect(plan.items.contains { $0.name == "rates" && $0.value == "0.14, 0.00098" })
    #expect(plan.horizon == .seconds(300))
    #expect(plan.sequences == 16)
    #expect(plan.clip == 0)
  }

  @Test("a trained model goes on at a quarter of the rates of a new one, unless asked otherwise")
  func continuation() {
    var wishes = TrainingPlan.Wishes()
    wishes.isContinuation = true
    #expect(TrainingPlan(wishes, cores: 2).optimizer == .muon(learningRate: 0.005))
    wishes.family = .gpt2
    #expect(TrainingPlan(wishes, cores: 2).optimizer.learningRate == 0.00025)
    wishes.learningRate = 0.01
    #expect(TrainingPlan(wishes, cores: 2).optimizer.learningRate == 0.01)
  }

  @Test("switches change the model, and what the family does anyway is no departure")
  func switches() {
    var wishes = TrainingPlan.Wishes()
    wishes.switches.activation = .swiGLU
    wishes.switches.softCap = 0
    wishes.switches.tiedHead = true
    wishes.switches.normalizesHeads = true
    let model = TrainingPlan(wishes, cores: 2).configuration
    #expect(model.feedForwardWidth == 384)
    #expect(model.softCap == 0 && model.tiedHead && model.leavesFamily)
    #expect(model.departures.normalizesHeads == nil)
    wishes.switches.activation = .gelu
    #expect(!TrainingPlan(wishes, cores: 2).configuration.leavesFamily)
  }

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

  @Test("gpt2 gets nanoGPT's recipe, and the small shape of the benchmarks by name")
  func gpt2() {
    var wishes = TrainingPlan.Wishes()
    wishes.family = .gpt2
    wishes.depth = 6
    wishes.horizon = .seconds(900)
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(plan.optimizer == .adamW(learningRate: 1e-3))
    #expect(plan.schedule == LearningRateSchedule(.cosine, warmupSteps: 100))
    #expect(plan.sequences == 16)
    #expect(plan.clip == 1)
    #expect(plan.configuration.width == 384)
    #expect(plan.configuration.heads == 6)
    #expect((13_800_000...14_000_000).contains(plan.parameterCount))
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

  @Test("wishes are taken as they are, and everything says why")
  func wishes() throws {
    var wishes = TrainingPlan.Wishes()
    wishes.family = .llama
    wishes.layers = 3
    wishes.width = 96
    wishes.heads = 6
    wishes.keyValueHeads = 2
    wishes.context = 100
    wishes.vocabularySize = 777
    wishes.optimizer = .adamw
    wishes.learningRate = 0.004
    wishes.batchTokens = 1_000
    wishes.schedule = .linear
    wishes.warmupSteps = 3
    wishes.horizon = .steps(50)
    wishes.clip = 2
    let plan = TrainingPlan(wishes, cores: 1)
    #expect(plan.configuration.width == 96)
    #expect(plan.configuration.keyValueHeads == 2)
    #expect(plan.configuration.vocabularySize == 777)
    #expect(plan.optimizer.learningRate == 0.004)
    #expect(plan.sequences == 10)
    #expect(plan.schedule.shape == .linear)
    #expect(plan.schedule.warmupSteps == 3)
    #expect(plan.expectedTokens == 50_000)
    #expect(plan.expectedSteps == 50)
    #expect(plan.clip == 2)
    #expect(plan.items.allSatisfy { !$0.reason.isEmpty && !$0.value.isEmpty })
    let width = try #require(plan.items.first { $0.name == "width" })
    #expect("\(width)" == "width 96 (as asked)")
  }

  @Test("steps of few tokens for short runs, of 2,048 for a minute's, 4,096 for five")
  func batch() {
    var wishes = TrainingPlan.Wishes()
    let expected = [
      (10_000, 1), (120_000, 1), (240_000, 2), (500_000, 2), (800_000, 4), (1_500_000, 4),
      (1_700_000, 8), (4_400_000, 8), (4_600_000, 16), (25_000_000, 16), (26_000_000, 32),
    ]
    for (start, sample) in [(nil, nil), (StartKind.random, nil), (nil, 0)] {
      for (tokens, sequences) in expected {
        (wishes.start, wishes.sampledTokens) = (start, sample)
        wishes.horizon = .tokens(tokens)
        #expect(TrainingPlan(wishes, cores: 2).sequences == sequences, "\(tokens)")
      }
    }
  }

  @Test("what is held out is said, unless the text to validate on is another")
  func heldOut() throws {
    var wishes = TrainingPlan.Wishes()
    #expect(TrainingPlan(wishes, cores: 2).validationFraction == nil)
    #expect(!TrainingPlan(wishes, cores: 2).items.contains { $0.name == "held out" })
    wishes.usualValidationFraction = 0.1
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(plan.validationFraction == 0.1)
    #expect(plan.items.contains { $0.name == "held out" && $0.value == "0.1" })
    wishes.validationFraction = 0.2
    let asked = TrainingPlan(wishes, cores: 2)
    #expect(asked.validationFraction == 0.2)
    #expect(asked.items.contains { "\($0)" == "held out 0.2 (as asked)" })
  }

  @Test(
    "a fit to counts takes up to a third of the arithmetic of what follows, without samples a tenth"
  )
  func fitShare() throws {
    var wishes = TrainingPlan.Wishes()
    let expected = [
      (300_000, 2_048, 1.0 / 3, 2_048), (700_000, 2_048, 1.0 / 3, 2_048),
      (5_000_000, 2_048, 1.0 / 3, 2_048),
      (100_000, 0, 0.1, 256),
    ]
    for (tokens, sample, limit, most) in expected {
      wishes.horizon = .tokens(tokens)
      wishes.sampledTokens = sample
      let plan = TrainingPlan(wishes, cores: 2)
      let fit = try #require(plan.start)
      let share =
        fit.flops(
          vocabularySize: plan.configuration.vocabularySize, width: plan.configuration.width)
        / (Double(tokens) * plan.flopsPerToken)
      #expect(fit.steps <= most && share < limit + 0.01, "\(tokens): \(share)")
      #expect(fit.steps == most || share > limit - 0.01, "\(tokens): \(share)")
    }
  }

  @Test("a rate that is asked for carries Muon's other rates along")
  func muonRates() {
    var wishes = TrainingPlan.Wishes()
    wishes.learningRate = 0.01
    wishes.start = .random
    let optimizer = TrainingPlan(wishes, cores: 2).optimizer
    #expect(abs(optimizer.embeddingRate - 0.045) < 1e-12)
    #expect(abs(optimizer.headRate - 0.0015) < 1e-12)
    #expect(TrainingPlan(wishes, cores: 2).schedule.shape == .wsd)
    wishes.start = .counts
    let lower = TrainingPlan(wishes, cores: 2).optimizer
    #expect(abs(lower.embeddingRate - 0.1) < 1e-12)
    #expect(abs(lower.headRate - 0.0007) < 1e-12)
    #expect(TrainingPlan(wishes, cores: 2).schedule.shape == .linear)
    wishes.learningRate = nil
    #expect(TrainingPlan(wishes, cores: 2).optimizer.learningRate == 0.014)
    wishes.start = .random
    #expect(TrainingPlan(wishes, cores: 2).optimizer.learningRate == 0.02)
    for start in StartKind.allCases {
      wishes.start = start
      wishes.embeddingRate = 0.5
      wishes.headRate = 0
      let plan = TrainingPlan(wishes, cores: 2)
      #expect(plan.optimizer.embeddingRate == 0.5 && plan.optimizer.headRate == 0)
      #expect(plan.items.contains { $0.name == "rates" && $0.value == "0.5, 0" })
    }
  }

  @Test("runs start from counts where the model allows it and the text is enough")
  func start() {
    var wishes = TrainingPlan.Wishes()
    wishes.corpusBytes = 150_000_000
    wishes.horizon = .seconds(300)
    wishes.speed = 150e9
    #expect(TrainingPlan(wishes, cores: 2).start != nil)
    var other = wishes
    other.start = .random
    #expect(TrainingPlan(other, cores: 2).start == nil)
    other = wishes
    other.isContinuation = true
    #expect(TrainingPlan(other, cores: 2).start == nil)
    other = wishes
    other.family = .gpt2
    #expect(TrainingPlan(other, cores: 2).start == nil)
    other = wishes
    other.switches.tiedHead = true
    #expect(TrainingPlan(other, cores: 2).start == nil)
    other = wishes
    other.zeroProjections = false
    #expect(TrainingPlan(other, cores: 2).start == nil)
    other = wishes
    other.vocabularySize = 16_384
    other.corpusBytes = 1_000_000
    #expect(TrainingPlan(other, cores: 2).start == nil)
    other.start = .counts
    #expect(TrainingPlan(other, cores: 2).start != nil)
  }

  @Test("a corpus that is read twice or more is not counted first, unless that is asked for")
  func readings() {
    var wishes = TrainingPlan.Wishes()
    wishes.layers = 3
    wishes.corpusBytes = 6_000_000
    wishes.vocabularySize = 4_096
    // A token is about three and a half bytes.
    for (tokens, counts) in [(1_000_000, true), (3_000_000, true), (4_000_000, false)] {
      wishes.horizon = .tokens(tokens)
      let plan = TrainingPlan(wishes, cores: 2)
      #expect((plan.start != nil) == counts)
      #expect(plan.schedule.shape == (counts ? .linear : .wsd))
    }
    wishes.start = .counts
    #expect(TrainingPlan(wishes, cores: 2).start != nil)
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
    #expect(plan.options(data: DataOptions(corpus: [])).dropout == share)
    wishes.dropout = 0.05
    #expect(TrainingPlan(wishes, cores: 2).dropout == 0.05)
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

  @Test("the count of parameters is what a store would hold")
  func counts() {
    let plan = TrainingPlan(cores: 2)
    let store = ParameterStore(plan.configuration.declarations)
    #expect(plan.parameterCount == store.parameterCount)
    #expect(plan.expectedSeconds == 300)
  }
}
