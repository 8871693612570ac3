/// When more training no longer helps: a rule over the validation losses of a run.

/// Watches validation losses and says when to stop.
///
/// A loss is progress if it lies at least `threshold`, and a paired standard error, below the best
/// loss at the last progress, so that a slow steady descent goes on and noise around a floor does
/// not. The standard error is that of the mean difference between the two evaluations over the same
/// windows; it is smaller than that of either loss. The run stops after
/// `patience` evaluations in a row without progress, or when three in a row lie `ceiling` above the
/// best; a single one may be a spike, as small steps at a constant rate have them. The best model is that of the lowest loss, progress or not.
public struct EarlyStopping: Sendable, Codable, Equatable {
  /// What counts as progress, and how long to wait for it.
  public struct Rule: Sendable, Codable, Equatable {
    /// Evaluations in a row without progress that end the run.
    public var patience: Int
    /// Nats per token that a loss must gain.
    public var threshold: Double
    /// Paired standard errors that a loss must gain, where losses come by windows.
    public var standardErrors: Double
    /// Nats per token above the best loss; three evaluations in a row up there end the run.
    public var ceiling: Double

    /// A rule; the defaults suit validation sets of about 100,000 tokens.
    public init(
      patience: Int = 8, threshold: Double = 0.002, standardErrors: Double = 1,
      ceiling: Double = 0.1
    ) {
      precondition(patience > 0, "Patience is at least one evaluation.")
      self.patience = patience
      self.threshold = threshold
      self.standardErrors = standardErrors
      self.ceiling = ceiling
    }
  }

  /// What an evaluation means for the run.
  public enum Verdict: Sendable, Equatable {
    /// The lowest loss so far: keep this model.
    case best
    /// Not the lowest, and not yet hopeless.
    case wait
    /// Stop; the best model is an earlier one, or this one if its step is `bestStep`.
    case stop
  }

  /// The rule.
  public let rule: Rule
  /// The lowest loss so far, in nats per token.
  public private(set) var bestLoss: Double?
  /// The step of the lowest loss.
  public private(set) var bestStep = 0
  /// Evaluations since the last progress.
  public private(set) var evaluationsWithoutProgress = 0
  private var reference: Double?
  // Optional, so that runs saved without it can be resumed.
  private var evaluationsAboveCeiling: Int?
  private var referenceWindows: [Float] = []

  /// Watches by `rule`.
  public init(_ rule: Rule = Rule()) {
    self.rule = rule
  }

  /// Takes note of the loss after `step`; a loss that is no number never is the best.
  ///
  /// - Parameter windows: the mean losses of the validation windows, always the same ones; none to
  ///   go by the loss alone.
  public mutating func observe(loss: Double, windows: [Float] = [], step: Int) -> Verdict {
    guard loss.isFinite else { return lackOfProgress(hopeless: false) ? .stop : .wait }
    let lowest = bestLoss ?? .infinity
    if loss < lowest {
      bestLoss = loss
      bestStep = step
    }
    let above = loss > lowest + rule.ceiling ? (evaluationsAboveCeiling ?? 0) + 1 : 0
    evaluationsAboveCeiling = above
    let error = rule.standardErrors * Self.pairedError(windows, referenceWindows)
    if let reference, loss > reference - max(rule.threshold, error) {
      if lackOfProgress(hopeless: above >= 3) { return .stop }
    } else {
      reference = loss
      referenceWindows = windows
      evaluationsWithoutProgress = 0
    }
    return loss < lowest ? .best : .wait
  }

  /// The standard error of the mean of a − b; 0 if they are not of the same windows.
  private static func pairedError(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count, a.count > 1 else { return 0 }
    let count = Double(a.count)
    var (sum, squares) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
      let difference = Double(x) - Double(y)
      sum += difference
      squares += difference * difference
    }
    let variance = max(0, squares - sum * sum / count) / (count - 1)
    return (variance / count).squareRoot()
  }

  private mutating func lackOfProgress(hopeless: Bool) -> Bool {
    evaluationsWithoutProgress += 1
    return hopeless || evaluationsWithoutProgress >= rule.patience
  }
}
