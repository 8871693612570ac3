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
  /// What a fit to counts may take, over the arithmetic of the training that follows. By a sample, where 3e12 FLOPs
  /// are all there is, 1,300 updates and 379 steps did better than 665 and 500, by 0.011 bits per byte, and with steps
  /// half as large than 1,000 or 2,048 in the same time. In 1e13, 1,900 did better than 1,000, by 0.015.
  static func startShare(isSampled: Bool) -> Double { isSampled ? 1.0 / 3 : 0.1 }
  /// Updates by a sample of what follows. In five minutes 6,450 with fewer steps for it did worse, by 0.01 bits
  /// per byte.
  static let mostSampledUpdates = 2_048

  /// Whether there is something to fit before the first step, and reason to, in a run that reads its corpus
  /// `epochs` times. `llama`, which takes its head off its embedding for it, lost 0.018 bits per byte by it on tales
  /// whose whole vocabulary is in the loss, and gained 0.08 on books where it is sampled.
  static func startsFromCounts(
    _ wishes: Wishes, _ configuration: TransformerConfiguration, isSampled: Bool, epochs: Double
  ) -> Bool {
    guard configuration.withHead(tied: wishes.switches.tiedHead ?? false).canStartFromCounts,
      !wishes.isContinuation, wishes.zeroProjections != false, wishes.start != .random
    else { return false }
    guard wishes.start == nil else { return true }
    guard configuration.family == .nanochat || isSampled else { return false }
    guard let bytes = wishes.corpusBytes else { return true }
    return bytes >= leastBytesPerToken * configuration.vocabularySize
      && epochs < mostEpochsAfterCounts
  }

  /// What the plan says of the start.
  static func startItems(
    _ wishes: Wishes, _ configuration: TransformerConfiguration, _ start: CountFit?,
    _ optimizer: OptimizerOptions
  ) -> [Item] {
    guard configuration.canStartFromCounts else { return [] }
    let reason =
      wishes.start != nil
      ? "as asked"
      : start.map { "\($0.steps) updates on counts of pairs, before the first step" }
        ?? "weights that are there, or too little text for how long it is read"
    let item = Item(name: "start", value: start == nil ? "random" : "counts", reason: reason)
    guard optimizer.kind == .muon else { return [item] }
    let rates = [optimizer.embeddingRate, optimizer.headRate].map(Self.rounded)
    return [
      item,
      Item(
        name: "rates", value: rates.joined(separator: ", "),
        reason: "of embedding and head, "
          + (start != nil
            ? "which know something already"
            : wishes.isContinuation ? "which go on" : "which start at random")),
    ]
  }

  /// What is fitted before the first step, where there is something to fit.
  static func countFit(
    _ wishes: Wishes, _ configuration: TransformerConfiguration, trainingFLOPs: Double
  ) -> CountFit {
    var fit = CountFit(rows: min(configuration.vocabularySize, 512))
    fit.columns = sampledTokens(
      wishes, family: configuration.family, vocabularySize: configuration.vocabularySize)
    if fit.columns != nil {
      fit.steps = mostSampledUpdates
      // Twice the usual rates gained 0.003 to 0.005 in half a minute, and 0.001 in one.
      (fit.embeddingRate, fit.headRate) = (0.6, 0.02)
    }
    let whole = fit.flops(
      vocabularySize: configuration.vocabularySize, width: configuration.width)
    let share = startShare(isSampled: fit.columns != nil) * trainingFLOPs / whole
    fit.steps = max(32, min(fit.steps, Int(Double(fit.steps) * share)))
    return fit
  }

  /// Muon at that rate, and at those of embedding and head that are asked for, or go with the start: a head
  /// that knows something already is kept by a lower one than a random head needs.
  static func muon(
    _ wishes: Wishes, rate: Double, startsFromCounts: Bool
  ) -> OptimizerOptions {
    .muon(
      learningRate: rate,
      embeddingRate: wishes.embeddingRate
        ?? (startsFromCounts ? embeddingShareAfterCounts * rate : nil),
      headRate: wishes.headRate ?? (startsFromCounts ? headShareAfterCounts * rate : nil))
  }

  /// Muon's rate at any width: a random network has further to go.
  static func muonRate(startsFromCounts: Bool) -> Double { startsFromCounts ? 0.014 : 0.02 }

  /// The schedule, and why. After a start from counts a rate that falls from the beginning on does better
  /// than one that stays for 40%, from random weights it does worse: measured over a minute, by 0.005 and
  /// 0.02 bits per byte.
  static func schedule(
    _ kind: OptimizerOptions.Kind, startsFromCounts: Bool
  ) -> (shape: LearningRateSchedule.Shape, reason: String) {
    switch (kind, startsFromCounts) {
    case (.adamw, _): (.cosine, "down to 10%")
    case (.muon, true): (.linear, "a line down to 2%, after a start from counts")
    case (.muon, false): (.wsd, "flat, then a line over 60% down to 2%")
    }
  }

  /// Bytes of corpus for every token of the vocabulary, below which pairs say too little.
  private static let leastBytesPerToken = 1_000
  /// Readings of a corpus from which on counts tell a run nothing that it does not see by itself, and hold it
  /// back: a megabyte that is read three to four times lost 0.06 to 0.17 bits per byte by them.
  private static let mostEpochsAfterCounts = 2.0
  /// The embedding's rate over Muon's, after a start from counts.
  static let embeddingShareAfterCounts = 10.0
  /// The head's rate over Muon's, after a start from counts.
  static let headShareAfterCounts = 0.07
}

extension TransformerConfiguration {
  /// The same but for its head.
  fileprivate func withHead(tied: Bool) -> TransformerConfiguration {
    var configuration = self
    configuration.tiedHead = tied
    return configuration
  }
}
