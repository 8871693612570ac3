import FoundationEssentials
import Glibc
import Testing
import Training

@Suite("Learning rate schedules") struct LearningRateScheduleTests {
  @Test("the warm-up rises in equal parts and its last step has the full rate")
  func warmup() {
    let schedule = LearningRateSchedule(.constant, warmupSteps: 4)
    let shares = (0..<6).map { schedule.share(step: $0, progress: 0) }
    #expect(shares == [0.25, 0.5, 0.75, 1, 1, 1])
    #expect(LearningRateSchedule(.constant, warmupSteps: 0).share(step: 0, progress: 0) == 1)
  }

  @Test(
    "each shape passes through the points that define it",
    arguments: [
      (.constant, [1, 1, 1, 1, 1]),
      (.linear, [1, 0.775, 0.55, 0.325, 0.1]),
      (.cosine, [1, 0.1 + 0.9 * (2 + 2.0.squareRoot()) / 4, 0.55, 0.1 + 0.9 * 0.1464466, 0.1]),
      (.wsd, [1, 1, 1, 0.55, 0.1]),
    ] as [(LearningRateSchedule.Shape, [Double])])
  func shapes(shape: LearningRateSchedule.Shape, expected: [Double]) {
    let schedule = LearningRateSchedule(shape, warmupSteps: 0, cooldown: 0.5, finalShare: 0.1)
    for (quarter, share) in expected.enumerated() {
      let actual = schedule.share(step: 1_000, progress: Double(quarter) / 4)
      #expect(abs(actual - share) < 1e-6)
    }
  }

  @Test("past its end a run keeps the final share")
  func pastTheEnd() {
    let schedule = LearningRateSchedule(.wsd, warmupSteps: 20, cooldown: 0.6, finalShare: 0.02)
    #expect(abs(schedule.share(step: 500, progress: 1.3) - 0.02) < 1e-12)
    #expect(schedule.share(step: 500, progress: -0.1) == 1)
  }

  @Test("a cool-down of no length keeps the full rate to the end")
  func noCooldown() {
    let schedule = LearningRateSchedule(.wsd, warmupSteps: 0, cooldown: 0, finalShare: 0.1)
    #expect(schedule.share(step: 9, progress: 1) == 1)
  }

  @Test("progress is measured in the horizon's own unit")
  func progress() {
    #expect(Horizon.steps(200).progress(steps: 50, tokens: 9, seconds: 9) == 0.25)
    #expect(Horizon.tokens(4_096).progress(steps: 9, tokens: 2_048, seconds: 9) == 0.5)
    #expect(Horizon.seconds(60).progress(steps: 9, tokens: 9, seconds: 90) == 1.5)
    #expect(Horizon.steps(0).progress(steps: 0, tokens: 0, seconds: 0) == 1)
  }

  @Test("a schedule and a horizon survive JSON")
  func codable() throws {
    let schedule = LearningRateSchedule(.cosine, warmupSteps: 7, finalShare: 0.05)
    let json = try JSONEncoder().encode(schedule)
    #expect(try JSONDecoder().decode(LearningRateSchedule.self, from: json) == schedule)
    let horizon = Horizon.seconds(299.5)
    let again = try JSONDecoder().decode(Horizon.self, from: JSONEncoder().encode(horizon))
    #expect(again == horizon)
  }
}
