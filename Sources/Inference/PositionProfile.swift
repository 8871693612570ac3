/// How the loss falls with the number of tokens that a model sees before.

import Glibc

/// Mean nats per token by the number of tokens before, in ranges that double: 1, 2–3, 4–7, …
///
/// A window that moves by less than its length scores most tokens far from its start; with a stride as
/// long as the window every position is seen equally often.
public struct PositionProfile: Sendable {
  /// One range.
  public struct Range: Sendable {
    /// The fewest tokens before.
    public var from: Int
    /// The most.
    public var to: Int
    /// Scored tokens.
    public var tokens: Int
    /// Mean of −ln p over them.
    public var natsPerToken: Double
    /// 95 %, over documents; nil for fewer than two.
    public var interval: ConfidenceInterval?
  }

  /// By range, then by document.
  private var nats: [[Double]] = []
  private var counts: [[Double]] = []
  private var documents = 0

  /// Nothing seen.
  public init() {}

  /// Takes a document.
  public mutating func add(_ document: ScoredDocument) {
    documents += 1
    for token in document.tokens {
      guard let score = token.logProbability, token.context > 0 else { continue }
      let range = Int.bitWidth - 1 - token.context.leadingZeroBitCount
      while nats.count <= range {
        nats.append([])
        counts.append([])
      }
      // Documents that have no token in a range say nothing about it.
      while nats[range].count < documents {
        nats[range].append(0)
        counts[range].append(0)
      }
      nats[range][documents - 1] -= Double(score)
      counts[range][documents - 1] += 1
    }
  }

  /// The ranges that have tokens, the shortest contexts first.
  public var ranges: [Range] {
    nats.indices.compactMap { index in
      let kept = counts[index].indices.filter { counts[index][$0] > 0 }
      guard !kept.isEmpty else { return nil }
      let ratio = ClusteredRatio(
        numerators: kept.map { nats[index][$0] }, denominators: kept.map { counts[index][$0] })
      return Range(
        from: 1 << index, to: (2 << index) - 1,
        tokens: Int(ratio.denominators.reduce(0, +)), natsPerToken: ratio.ratio,
        interval: ratio.interval95())
    }
  }
}
