/// What a run tells those who watch it.

/// Something that happened in a run.
public enum TrainingEvent: Sendable {
  /// The first block of text is being read; training starts when it is full.
  case reading(tokens: Int, of: Int)
  /// Embedding and head were fitted to so many pairs of tokens, down to a mean loss in nats per token.
  case startedFromCounts(pairs: Int, loss: Double, seconds: Double)
  /// A step was taken.
  case step(TrainingProgress)
  /// A batch was passed over, because its loss or gradients were no numbers.
  case skipped(step: Int)
  /// The model was measured after that many steps; `isBest` if it never was better.
  case evaluation(Evaluation, step: Int, isBest: Bool)
  /// The average of the weights was measured at the end; `isKept` if it is the model now.
  case average(Evaluation, isKept: Bool)
  /// Everything needed to go on after that many steps is on disk.
  case saved(step: Int)
  /// Something that a person should know, as a sentence.
  case note(String)
}

/// Where a run stands.
public struct TrainingProgress: Sendable {
  /// The step's line in the log.
  public let record: StepRecord
  /// The share of the run that is done, in 0…1.
  public let share: Double
  /// Tokens per second over the latest steps.
  public let tokensPerSecond: Double
  /// Seconds of training until the horizon.
  public let secondsLeft: Double
  /// The share of the training time spent waiting for the loader.
  public let waitShare: Double
  /// Passes through the corpus that are complete.
  public let epoch: Int
}

/// How a run ended.
public enum TrainingOutcome: Sendable, Equatable {
  /// At its horizon.
  case finished
  /// Before it, because the validation loss had stopped falling; the model is that of `bestStep`.
  case stoppedEarly(bestStep: Int)
  /// By the user; the run can be resumed.
  case interrupted
}
