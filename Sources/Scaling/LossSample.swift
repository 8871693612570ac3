/// What a run measured, in enough detail to resample it.

/// One run's test losses, cluster by cluster.
///
/// Clusters are stretches of the test set that are nearly independent of each other: documents, or
/// passages of long ones. Every run of a study is measured on the same clusters, in the same order.
public struct LossSample: Sendable, Equatable {
  /// Where the run stands: tokens, parameters, compute.
  public let values: [ScalingVariable: Double]
  /// Nats (or bits) in every cluster.
  public let nats: [Double]
  /// What they are divided by in every cluster: tokens (or bytes).
  public let counts: [Double]

  /// A run's test losses.
  public init(_ values: [ScalingVariable: Double], nats: [Double], counts: [Double]) {
    precondition(nats.count == counts.count && !nats.isEmpty, "Every cluster has both numbers.")
    self.values = values
    self.nats = nats
    self.counts = counts
  }

  /// A run of which only the loss is known.
  public init(_ values: [ScalingVariable: Double], loss: Double) {
    self.init(values, nats: [loss], counts: [1])
  }

  /// The loss over all clusters.
  public var loss: Double { nats.reduce(0, +) / counts.reduce(0, +) }

  /// The loss with every cluster taken so many times.
  func loss(clusters: [Int32]) -> Double {
    var (numerator, denominator) = (0.0, 0.0)
    for index in nats.indices where clusters[index] > 0 {
      numerator += Double(clusters[index]) * nats[index]
      denominator += Double(clusters[index]) * counts[index]
    }
    return denominator > 0 ? numerator / denominator : loss
  }
}
