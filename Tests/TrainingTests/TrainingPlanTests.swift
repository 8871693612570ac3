/// What a plan decides, and that wishes are taken as they are.

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

  @Test("the count of parameters is what a store would hold")
  func counts() {
    let plan = TrainingPlan(cores: 2)
    let store = ParameterStore(plan.configuration.declarations)
    #expect(plan.parameterCount == store.parameterCount)
    #expect(plan.expectedSeconds == 300)
  }
}
