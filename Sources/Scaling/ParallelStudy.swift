/// How training speeds up with more workers: measured points, and the laws that describe them.

/// Speeds of the same training step on several numbers of threads or processes.
public struct ParallelStudy: Sendable {
  /// One number of workers.
  public struct Point: Sendable, Equatable {
    /// Threads or processes.
    public var workers: Int
    /// Tokens a second of whole steps.
    public var tokensPerSecond: Double
    /// The share of a step that went into messages.
    public var communicationShare: Double
    /// The largest difference of any gradient to that of one worker; 0 if all bits are equal.
    public var gradientDifference: Float

    /// A measured point.
    public init(
      workers: Int, tokensPerSecond: Double, communicationShare: Double,
      gradientDifference: Float
    ) {
      self.workers = workers
      self.tokensPerSecond = tokensPerSecond
      self.communicationShare = communicationShare
      self.gradientDifference = gradientDifference
    }
  }

  /// The points, the fewest workers first.
  public let points: [Point]

  /// A study of at least one point, whose first has one worker.
  public init(points: [Point]) {
    precondition(points.first?.workers == 1, "Speed-up is over one worker.")
    self.points = points
  }

  /// Tokens a second over those of one worker.
  public func speedUp(of point: Point) -> Double {
    point.tokensPerSecond / points[0].tokensPerSecond
  }

  /// Speed-up over workers.
  public func efficiency(of point: Point) -> Double {
    speedUp(of: point) / Double(point.workers)
  }

  /// The share `s` of the work that does not divide, by least squares of Amdahl's law
  /// `1 / speed-up = s + (1 − s) / workers` (Amdahl 1967); nil with one point.
  public var serialFraction: Double? {
    var numerator = 0.0
    var denominator = 0.0
    for point in points.dropFirst() {
      let parallel = 1 / Double(point.workers)
      numerator += (1 / speedUp(of: point) - parallel) * (1 - parallel)
      denominator += (1 - parallel) * (1 - parallel)
    }
    return denominator > 0 ? numerator / denominator : nil
  }
}

/// The noise of a gradient, from its length over small and large batches (arXiv 1812.06162,
/// appendix A.1).
///
/// The expected square of a gradient over `b` tokens is `|G|² + S / b`; two sizes give both, and
/// `S / |G|²` is the batch, in tokens, at which noise and signal are equal. Around it, doubling the
/// batch stops halving the number of steps.
public struct GradientNoise: Sendable, Equatable {
  /// `S`, the sum of the variances of a token's gradient.
  public let variance: Double
  /// `|G|²`, the square of the true gradient's length.
  public let squaredSignal: Double

  /// From mean squared lengths over `smallTokens` and `largeTokens`; averages over many batches.
  public init(
    small: Double, smallTokens: Int, large: Double, largeTokens: Int
  ) {
    precondition(smallTokens < largeTokens, "Two sizes tell noise from signal.")
    let (few, many) = (Double(smallTokens), Double(largeTokens))
    variance = (small - large) / (1 / few - 1 / many)
    squaredSignal = (many * large - few * small) / (many - few)
  }

  /// The critical batch in tokens; nil if the noise drowns the signal in the batches measured.
  public var criticalBatch: Double? {
    squaredSignal > 0 && variance > 0 ? variance / squaredSignal : nil
  }
}
