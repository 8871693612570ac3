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

  /// What is fitted before the first step, and the optimizer for what comes after.
  ///
  /// Weights that know something already are kept by lower rates than random ones need: those of
  /// embedding and head fall.
  static func start(
    _ wishes: Wishes, _ configuration: TransformerConfiguration, _ optimizer: OptimizerOptions,
    trainingFLOPs: Double
  ) -> (CountFit?, OptimizerOptions) {
    guard configuration.canStartFromCounts, !wishes.isContinuation, wishes.zeroProjections != false,
      wishes.start != .random
    else { return (nil, optimizer) }
    if wishes.start == nil, let bytes = wishes.corpusBytes,
      bytes < leastBytesPerToken * configuration.vocabularySize
    {
      return (nil, optimizer)
    }
    var fit = CountFit(rows: min(configuration.vocabularySize, 512))
    fit.columns = sampledTokens(
      wishes, family: configuration.family, vocabularySize: configuration.vocabularySize)
    if fit.columns != nil { fit.steps = mostSampledUpdates }
    let whole = fit.flops(
      vocabularySize: configuration.vocabularySize, width: configuration.width)
    fit.steps = max(32, min(fit.steps, Int(Double(fit.steps) * startShare * trainingFLOPs / whole)))
    var optimizer = optimizer
    if optimizer.kind == .muon {
      optimizer.embeddingRate = optimizer.learningRate * embeddingShareAfterCounts
      optimizer.headRate = optimizer.learningRate * headShareAfterCounts
    }
    return (fit, optimizer)
  }

  /// Bytes of corpus for every token of the vocabulary, below which pairs say too little.
  private static let leastBytesPerToken = 1_000
  /// The embedding's rate over Muon's, after a start from counts.
  static let embeddingShareAfterCounts = 0.3
  /// The head's rate over Muon's, after a start from counts.
  static let headShareAfterCounts = 0.025
}
