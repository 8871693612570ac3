import Models
import Testing
import Training

/// Plans say how many tokens a time allows.
@Suite("What steps cost") struct StepCostTests {
  /// A run of docs/experiments.md by the clock, on a machine of 202 GFLOP/s of useful work in bf16.
  struct Run: Sendable {
    var (layers, width) = (0, 0)
    var seconds = 0.0
    var tokens = 0.0
    var isGPT2 = false
  }

  @Test(
    "the tokens of the runs that the rule was fitted to, within an eighth",
    arguments: [
      Run(layers: 2, width: 96, seconds: 60, tokens: 3.68e6),
      Run(layers: 3, width: 144, seconds: 300, tokens: 8.91e6),
      Run(layers: 3, width: 192, seconds: 900, tokens: 17.9e6),
      Run(layers: 4, width: 256, seconds: 900, tokens: 8.68e6),
      Run(layers: 3, width: 192, seconds: 60, tokens: 1.06e6, isGPT2: true),
      Run(layers: 4, width: 256, seconds: 300, tokens: 2.756e6, isGPT2: true),
    ])
  func runs(run: Run) {
    var wishes = TrainingPlan.Wishes()
    (wishes.layers, wishes.width) = (run.layers, run.width)
    wishes.horizon = .seconds(run.seconds)
    wishes.speed = 202e9
    wishes.precision = .bf16
    wishes.corpusBytes = 150_000_000
    if run.isGPT2 { (wishes.family, wishes.vocabularySize) = (.gpt2, 8_192) }
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(abs(Double(plan.expectedTokens) / run.tokens - 1) < 0.125, "\(plan.expectedTokens)")
    #expect(plan.expectedSeconds == run.seconds)
    // The other way round: a horizon of those tokens takes that time.
    wishes.horizon = .tokens(plan.expectedTokens)
    let counted = TrainingPlan(wishes, cores: 2)
    #expect(abs(counted.expectedSeconds / run.seconds - 1) < 0.02, "\(counted.expectedSeconds)")
  }

  @Test(
    "the pace that floats had, within a sixteenth",
    arguments: [
      (2, 96, 65_536, 1_024, 36_079.0), (2, 96, 65_536, 4_096, 36_033),
      (3, 144, 65_536, 2_048, 16_421), (3, 192, 65_536, 4_096, 12_048),
      (4, 256, 8_192, 2_048, 4_416), (3, 192, 2_048, 2_048, 12_267),
    ])
  func floats(layers: Int, width: Int, vocabulary: Int, batch: Int, pace: Double) {
    var wishes = TrainingPlan.Wishes()
    (wishes.layers, wishes.width, wishes.vocabularySize) = (layers, width, vocabulary)
    (wishes.batchTokens, wishes.start) = (batch, .random)
    if vocabulary < 65_536 { wishes.sampledTokens = 0 }
    wishes.horizon = .seconds(10)
    // 0.65 of 226 GFLOP/s.
    wishes.speed = 147e9
    wishes.precision = .fp32
    let plan = TrainingPlan(wishes, cores: 2)
    #expect(abs(Double(plan.expectedTokens) / (10 * pace) - 1) < 1.0 / 16, "\(plan.expectedTokens)")
  }

  @Test("a fit longer than the time leaves one token, not less")
  func noTime() {
    var wishes = TrainingPlan.Wishes()
    wishes.horizon = .seconds(0.001)
    wishes.speed = 1e9
    let plan = TrainingPlan(wishes, cores: 1)
    #expect(plan.expectedTokens == 1)
    #expect(plan.expectedSteps == 1)
  }
}
