/// How much better one model predicts the same text than another, with an interval.

import Glibc

/// Sums of two scores of the same documents, by clusters that both see.
///
/// Two models find the same documents hard; the difference of their scores in a document varies far
/// less than the scores, and so its interval is narrower than either's. Clusters are documents if there
/// are at least 20, else runs of at least `blockBytes` bytes.
public struct PairedDifference: Sendable {
  /// The sums over one cluster.
  struct Sums: Sendable {
    /// The first score less the second, nats.
    var difference = 0.0
    var tokens = 0.0
    var bytes = 0.0
  }

  private let blockBytes: Int
  private(set) var perDocument: [Sums] = []
  private(set) var perBlock: [Sums] = []
  /// Whether the two scores are of the same tokens, so far.
  public private(set) var hasSameTokens = true
  /// Tokens that both scored, if they are the same.
  public private(set) var tokens = 0
  /// Those of them to which the first gives the higher probability.
  public private(set) var firstBetter = 0
  /// Those to which the second does.
  public private(set) var secondBetter = 0

  /// No documents yet; blocks are as long as the longer of the models' windows.
  public init(blockBytes: Int) {
    self.blockBytes = max(1, blockBytes)
  }

  /// Takes the scores of one document by both.
  public mutating func add(_ first: ScoredDocument, _ second: ScoredDocument) {
    precondition(first.byteCount == second.byteCount, "Both scores are of one document.")
    let isAlike = first.tokens.map(\.token) == second.tokens.map(\.token)
    hasSameTokens = hasSameTokens && isAlike
    var blocks = [Sums](repeating: Sums(), count: max(1, first.byteCount / blockBytes))
    // The last block takes what is left behind it.
    func place(_ offset: Int) -> Int { min(offset / blockBytes, blocks.count - 1) }
    func spread(_ document: ScoredDocument, sign: Double, among other: ScoredDocument) {
      var offset = 0
      for (index, token) in document.tokens.enumerated() {
        // Of the same tokens only those count that both scored.
        let counts = !isAlike || other.tokens[index].logProbability != nil
        if let score = token.logProbability, counts {
          blocks[place(offset)].difference -= sign * Double(score)
          if sign > 0 { blocks[place(offset)].tokens += 1 }
        }
        if sign > 0 { blocks[place(offset)].bytes += Double(token.byteCount) }
        offset += token.byteCount
      }
    }
    spread(first, sign: 1, among: second)
    spread(second, sign: -1, among: first)
    if isAlike {
      for (one, other) in zip(first.tokens, second.tokens) {
        guard let left = one.logProbability, let right = other.logProbability else { continue }
        tokens += 1
        if left > right { firstBetter += 1 }
        if right > left { secondBetter += 1 }
      }
    }
    perBlock += blocks
    perDocument.append(
      blocks.reduce(into: Sums()) {
        $0.difference += $1.difference
        $0.tokens += $1.tokens
        $0.bytes += $1.bytes
      })
  }

  /// Documents if there are at least 20, else blocks.
  public var clusters: PerplexityReport.Clusters { perDocument.count >= 20 ? .documents : .blocks }

  private var sums: [Sums] { clusters == .documents ? perDocument : perBlock }

  /// How many clusters the intervals rest on.
  public var clusterCount: Int { sums.count }

  /// The share of clusters that the first predicts better.
  public var clustersFirstBetter: Double {
    Double(sums.count { $0.difference < 0 }) / Double(max(1, sums.count))
  }

  /// The first score less the second, in nats per token: below 0 if the first is better; nil if their
  /// tokens differ.
  public var perToken: (value: Double, interval: ConfidenceInterval?)? {
    hasSameTokens ? ratio(\.tokens, unit: 1) : nil
  }

  /// The first score less the second, in bits per byte.
  public var bitsPerByte: (value: Double, interval: ConfidenceInterval?) {
    ratio(\.bytes, unit: log(2))
  }

  private func ratio(
    _ denominator: KeyPath<Sums, Double>, unit: Double
  ) -> (value: Double, interval: ConfidenceInterval?) {
    let sums = sums
    let ratio = ClusteredRatio(
      numerators: sums.map { $0.difference / unit },
      denominators: sums.map { $0[keyPath: denominator] })
    return (ratio.ratio, ratio.ratio.isFinite ? ratio.interval95() : nil)
  }
}
