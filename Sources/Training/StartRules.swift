/// Whether a run starts from counts, and at what rates it then goes on.

import Models

/// Where embedding and head start.
public enum StartKind: String, Sendable, Codable, CaseIterable {
  /// Fitted to how often tokens follow each other in the corpus.
  case counts
  /// At random.
  case random
}

extension TrainingPlan {
  /// The share of a run's arithmetic that a fit to counts may take.
  static let startShare = 0.08
  /// Updates by a sample of what follows, which are cheap, and of which more still help.
  static let mostSampledUpdates = 2_048

  /// Whether there is something to fit before the first step.
  static func startsFromCounts(
    _ wishes: Wishes, _ configuration: TransformerConfiguration
  ) -> Bool {
    guard configuration.canStartFromCounts, !wishes.isContinuation, wishes.zeroProjections != false,
      wishes.start != .random
    else { return false }
    guard wishes.start == nil, let bytes = wishes.corpusBytes else { return true }
    return bytes >= leastBytesPerToken * configuration.vocabularySize
  }

  /// What is fitted before the first step, and the optimizer for what comes after.
  ///
  /// A head that knows something already is kept by a lower rate than a random one needs.
  static func start(
    _ wishes: Wishes, _ configuration: TransformerConfiguration, _ optimizer: OptimizerOptions,
    trainingFLOPs: Double
  ) -> (CountFit?, OptimizerOptions) {
    var optimizer = optimizer
    let fromCounts = startsFromCounts(wishes, configuration)
    if optimizer.kind == .muon {
      if fromCounts {
        optimizer.embeddingRate = optimizer.learningRate * embeddingShareAfterCounts
        optimizer.headRate = optimizer.learningRate * headShareAfterCounts
      }
      optimizer.embeddingRate = wishes.embeddingRate ?? optimizer.embeddingRate
      optimizer.headRate = wishes.headRate ?? optimizer.headRate
    }
    guard fromCounts else { return (nil, optimizer) }
    var fit = CountFit(rows: min(configuration.vocabularySize, 512))
    fit.columns = sampledTokens(
      wishes, family: configuration.family, vocabularySize: configuration.vocabularySize)
    if fit.columns != nil { fit.steps = mostSampledUpdates }
    let whole = fit.flops(
      vocabularySize: configuration.vocabularySize, width: configuration.width)
    fit.steps = max(32, min(fit.steps, Int(Double(fit.steps) * startShare * trainingFLOPs / whole)))
    return (fit, optimizer)
  }

  /// Bytes of corpus for every token of the vocabulary, below which pairs say too little.
  private static let leastBytesPerToken = 1_000
  /// Muon's rate at any width: a random network has further to go.
  static func muonRate(startsFromCounts: Bool) -> Double { startsFromCounts ? 0.014 : 0.02 }

  /// What is said of a schedule that nobody asked for. After a start from counts a rate that falls from
  /// the beginning does better, from random weights one that stays: measured over a minute, by 0.01 and 0.02
  /// bits per byte.
  static func reason(for shape: LearningRateSchedule.Shape) -> String {
    switch shape {
    case .linear: "a line down to 2%, after a start from counts"
    case .wsd: "flat, then a line over 60% down to 2%"
    case .cosine: "down to 10%"
    case .constant: "the same throughout"
    }
  }

  /// The embedding's rate over Muon's, after a start from counts.
  static let embeddingShareAfterCounts = 10.0
  /// The head's rate over Muon's, after a start from counts.
  static let headShareAfterCounts = 0.07
}
