/// The order in which a stage of a pipeline takes micro-batches forward and back.

/// One forward, one backward (arXiv 1806.03377, 2104.04473): a stage goes ahead by as many
/// micro-batches as there are stages after it, and then takes one back for every one forward.
///
/// Every stage takes micro-batches back in their order. Of `m` micro-batches a stage holds at most as
/// many as there are stages from it on, and is idle for `stages − 1` of `m + stages − 1` turns.
public struct PipelineSchedule: Sendable, Equatable {
  /// What a stage does next, with the micro-batch of a number.
  public enum Step: Sendable, Equatable {
    /// The way forward.
    case forward(Int)
    /// The way back.
    case backward(Int)
  }

  /// What the stage does, in order.
  public let steps: [Step]
  /// The most micro-batches that have gone forward and not yet back.
  public let underWay: Int

  /// The schedule of stage `stage` of `stages` for `count` micro-batches.
  public init(stage: Int, of stages: Int, count: Int) {
    let ahead = min(stages - 1 - stage, count)
    underWay = max(1, min(ahead + 1, count))
    var steps = (0..<ahead).map(Step.forward)
    for index in 0..<count {
      if index + ahead < count { steps.append(.forward(index + ahead)) }
      steps.append(.backward(index))
    }
    self.steps = steps
  }
}
