/// What a plan does, and what it refuses.

import Scaling
import Testing

@Suite("The plan of a study") struct StudyPlanTests {
  private func plan(_ variation: StudyPlan.Variation = .tokens) -> StudyPlan {
    var plan = StudyPlan(
      corpus: ["c"], sizes: [10_000, 20_000, 40_000, 80_000],
      models: [16, 32, 48, 64].map { StudyModel(layers: 1, width: $0, heads: $0 / 16) },
      vocabularySize: 300, context: 32, sequences: 1)
    plan.variation = variation
    return plan
  }

  @Test("a study of tokens holds the largest set out and makes its runs last of all points")
  func tokens() {
    let runs = plan().runs
    let points = runs.filter { $0.role == .point }
    #expect(points.count == 9)
    #expect(runs.filter { $0.role == .heldOut }.map(\.tokens) == [80_000, 80_000, 80_000])
    #expect(Set(points.map(\.model.width)) == [64])
    #expect(runs.contains { $0.role == .shuffled } && runs.contains { $0.role == .fresh })
    #expect(Set(runs.map(\.name)).count == runs.count)
  }

  @Test("a study of parameters holds the largest model out")
  func parameters() {
    let runs = plan(.parameters).runs
    #expect(Set(runs.map(\.tokens)) == [80_000])
    #expect(Set(runs.filter { $0.role == .heldOut }.map(\.model.width)) == [64])
    #expect(runs.count == 12)
  }

  @Test("a study of compute gives every model the tokens that the budget buys")
  func compute() {
    let plan = plan(.compute)
    for run in plan.runs {
      let spent = Double(run.tokens) * plan.configuration(run.model).trainingFLOPsPerToken
      #expect(plan.budgets.contains { abs($0 / spent - 1) < 0.01 })
    }
    #expect(plan.runs.count == 4 * 4 * 3)
  }

  @Test("a study of both is the whole grid")
  func both() {
    #expect(plan(.both).runs.count == 4 * 4 * 3)
    #expect(plan(.both).runs.filter { $0.role == .heldOut }.count == 3)
  }

  @Test("studies that cannot be are refused with a reason")
  func problems() {
    var few = plan()
    few.sizes = [1_000, 2_000, 4_000]
    #expect(few.problem?.contains("too few") == true)
    var small = plan()
    small.sizes[0] = 40
    #expect(small.problem?.contains("fewer than two steps") == true)
    #expect(plan().problem == nil)
  }

  @Test("sizes grow by one factor and fill the time")
  func sizesForTime() {
    for seconds in [600.0, 3_000] {
      let sizes = StudyDesign.sizes(
        for: plan(), seconds: seconds, speed: 60_000, available: 1 << 30)
      #expect(sizes.count == 7)
      #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 < $1 })
      var trial = plan()
      trial.sizes = sizes
      let expected = StudyDesign.expectedSeconds(of: trial, speed: 60_000)
      #expect(expected <= 1.05 * seconds)
      #expect(expected > 0.8 * seconds)
    }
    // Too short a time: the steps are as small as they may be, and the plan shows that it takes longer.
    let least = StudyDesign.sizes(for: plan(), seconds: 10, speed: 60_000, available: 1 << 30)
    #expect(zip(least, least.dropFirst()).allSatisfy { Double($1) < 1.3 * Double($0) })
  }
}
