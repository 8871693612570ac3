import Testing
import Training

@Suite("Schedules of pipelines") struct PipelineScheduleTests {
  @Test("no stage waits for what another does later", arguments: 1...4, [1, 2, 3, 8])
  func order(stages: Int, count: Int) {
    let schedules = (0..<stages).map { PipelineSchedule(stage: $0, of: stages, count: count) }
    var next = [Int](repeating: 0, count: stages)
    var forward = [Int](repeating: 0, count: stages)
    var backward = [Int](repeating: 0, count: stages)
    var moved = true
    while moved {
      moved = false
      for (stage, schedule) in schedules.enumerated() where next[stage] < schedule.steps.count {
        switch schedule.steps[next[stage]] {
        case .forward(let index):
          guard stage == 0 || forward[stage - 1] > index else { continue }
          #expect(forward[stage] == index)
          forward[stage] += 1
        case .backward(let index):
          guard forward[stage] > index, stage == stages - 1 || backward[stage + 1] > index else {
            continue
          }
          #expect(backward[stage] == index)
          backward[stage] += 1
        }
        #expect(forward[stage] - backward[stage] <= schedule.underWay)
        next[stage] += 1
        moved = true
      }
    }
    #expect(backward == [Int](repeating: count, count: stages))
  }

  @Test("the last stage takes every micro-batch back at once")
  func last() {
    #expect(
      PipelineSchedule(stage: 1, of: 2, count: 2).steps
        == [.forward(0), .backward(0), .forward(1), .backward(1)])
    #expect(
      PipelineSchedule(stage: 0, of: 2, count: 3).steps
        == [.forward(0), .forward(1), .backward(0), .forward(2), .backward(1), .backward(2)])
  }
}
