/// Which runs start from counts, and at what rates they go on.

import Models
import Testing
import Training

@Suite("Rules of the start") struct StartRulesTests {
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

  @Test(
    "llama and qwen3 get a head of their own and projections at zero where they start from counts",
    arguments: [TransformerConfiguration.Family.llama, .qwen3])
  func families(family: TransformerConfiguration.Family) {
    var wishes = TrainingPlan.Wishes()
    wishes.family = family
    wishes.corpusBytes = 150_000_000
    wishes.horizon = .seconds(60)
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(plan.start != nil && plan.sampledTokens == 2_048)
    #expect(!plan.configuration.tiedHead && plan.zeroProjections == true)
    #expect(plan.configuration.vocabularySize == 65_536 && plan.schedule.shape == .linear)
    #expect(plan.items.contains { $0.name == "head" })
    // What is not to start from counts stays as the family is.
    let refusals: [(inout TrainingPlan.Wishes) -> Void] = [
      { $0.start = .random }, { $0.switches.tiedHead = true }, { $0.isContinuation = true },
      { $0.corpusBytes = 100_000 }, { $0.sampledTokens = 0 },
    ]
    for refuse in refusals {
      var other = wishes
      refuse(&other)
      let plan = TrainingPlan(other, cores: 2)
      #expect(plan.start == nil && plan.configuration.tiedHead && plan.zeroProjections == nil)
      #expect(!plan.items.contains { $0.name == "head" })
      let isWhole =
        other.isContinuation || other.corpusBytes == 100_000 || other.sampledTokens == 0
      #expect((plan.sampledTokens == nil) == isWhole)
    }
    var asked = wishes
    asked.sampledTokens = 0
    asked.start = .counts
    #expect(TrainingPlan(asked, cores: 2).start != nil)
    wishes.zeroProjections = false
    #expect(TrainingPlan(wishes, cores: 2).start == nil)
    #expect(TrainingPlan(wishes, cores: 2).zeroProjections == false)
    wishes.family = .gpt2
    wishes.zeroProjections = nil
    let gpt2 = TrainingPlan(wishes, cores: 2)
    #expect(gpt2.start == nil && gpt2.sampledTokens == nil && gpt2.configuration.tiedHead)
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
}
