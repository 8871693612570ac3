/// The result of measuring perplexity: totals, and the ratios between them with their intervals.

import Glibc

/// How well a model predicts a text, per token, word and byte.
///
/// Only ratios per word and per byte compare models with different tokenizers. Encoded, it is one
/// object with the keys of `apus perplexity --json`; a ratio or an interval that does not exist is
/// null.
public struct PerplexityReport: Sendable {
  /// What intervals take for independent.
  public enum Clusters: String, Sendable {
    /// Documents.
    case documents
    /// Runs of at least `context` tokens: there are too few documents.
    case blocks
  }

  /// The sums over one cluster.
  struct Sums: Sendable {
    var nats = 0.0
    var tokens = 0.0
    var words = 0.0
    var bytes = 0.0
  }

  /// −Σ ln p over the scored tokens.
  public internal(set) var nats = 0.0
  /// −Σ ln p squared, token by token.
  var squaredNats = 0.0
  /// Scored tokens.
  public internal(set) var tokens = 0
  /// Whitespace-separated words of the whole text.
  public internal(set) var words = 0
  /// Bytes of the whole text.
  public internal(set) var bytes = 0
  /// Documents.
  public internal(set) var documents = 0
  /// Tokens that have no context, so that no probability counts for them.
  public internal(set) var unscoredTokens = 0
  /// Bytes of those.
  public internal(set) var unscoredBytes = 0
  /// The sum of the probabilities of all tokens, where it is furthest from 1; nil if not asked for.
  public internal(set) var worstSum: Double?
  /// Tokens in a window.
  public let context: Int
  /// Tokens by which the window moves.
  public let stride: Int
  /// Whether a token stood in front of every document.
  public let hasPrefix: Bool

  /// The sums of every document and of every block, in order.
  var perDocument: [Sums] = []
  var perBlock: [Sums] = []

  init(context: Int, stride: Int, hasPrefix: Bool) {
    self.context = context
    self.stride = stride
    self.hasPrefix = hasPrefix
  }

  /// Documents if there are at least 20, else blocks.
  public var clusters: Clusters { documents >= 20 ? .documents : .blocks }

  /// How many clusters the intervals rest on.
  public var clusterCount: Int { sums.count }

  /// exp(nats / tokens).
  public var tokenPerplexity: Double { exp(nats / Double(tokens)) }
  /// exp(nats / words).
  public var wordPerplexity: Double { exp(nats / Double(words)) }
  /// exp(nats / bytes).
  public var bytePerplexity: Double { exp(nats / Double(bytes)) }
  /// nats / (ln 2 · bytes).
  public var bitsPerByte: Double { nats / log(2) / Double(bytes) }

  /// The 95 % interval of `tokenPerplexity`, nil with fewer than two clusters.
  public var tokenPerplexityInterval: ConfidenceInterval? { interval(\.tokens)?.mapped { exp($0) } }
  /// The 95 % interval of `wordPerplexity`, nil with fewer than two clusters.
  public var wordPerplexityInterval: ConfidenceInterval? { interval(\.words)?.mapped { exp($0) } }
  /// The 95 % interval of `bytePerplexity`, nil with fewer than two clusters.
  public var bytePerplexityInterval: ConfidenceInterval? { interval(\.bytes)?.mapped { exp($0) } }
  /// The 95 % interval of `bitsPerByte`, nil with fewer than two clusters.
  public var bitsPerByteInterval: ConfidenceInterval? {
    interval(\.bytes)?.mapped { $0 / log(2) }
  }

  /// The squared ratio of the clustered standard error of nats per token to the one that takes tokens
  /// for independent: how much less the text says than its number of tokens suggests.
  public var designEffect: Double? {
    guard tokens > 1, let clustered = ratio(\.tokens).standardError else { return nil }
    let mean = nats / Double(tokens)
    let variance = squaredNats / Double(tokens) - mean * mean
    guard variance > 0 else { return nil }
    return clustered * clustered / (variance / Double(tokens - 1))
  }

  private var sums: [Sums] { clusters == .documents ? perDocument : perBlock }

  private func ratio(_ denominator: KeyPath<Sums, Double>) -> ClusteredRatio {
    let sums = sums
    return ClusteredRatio(
      numerators: sums.map(\.nats), denominators: sums.map { $0[keyPath: denominator] })
  }

  private func interval(_ denominator: KeyPath<Sums, Double>) -> ConfidenceInterval? {
    let ratio = ratio(denominator)
    return ratio.ratio.isFinite ? ratio.interval95() : nil
  }
}

extension PerplexityReport: Encodable {
  private enum Key: String, CodingKey {
    case nats
    case tokens
    case words
    case bytes
    case documents
    case tokenPerplexity = "token_perplexity"
    case tokenInterval = "token_perplexity_ci95"
    case wordPerplexity = "word_perplexity"
    case wordInterval = "word_perplexity_ci95"
    case bytePerplexity = "byte_perplexity"
    case byteInterval = "byte_perplexity_ci95"
    case bitsPerByte = "bits_per_byte"
    case bitsInterval = "bits_per_byte_ci95"
    case context
    case stride
    case hasPrefix = "bos"
    case unscoredTokens = "unscored_tokens"
    case unscoredBytes = "unscored_bytes"
    case clusters
    case clusterCount = "cluster_count"
    case designEffect = "design_effect"
  }

  /// Writes the object of `apus perplexity --json`.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(nats, forKey: .nats)
    try object.encode(tokens, forKey: .tokens)
    try object.encode(words, forKey: .words)
    try object.encode(bytes, forKey: .bytes)
    try object.encode(documents, forKey: .documents)
    let ratios: [(Key, Double, Key, ConfidenceInterval?)] = [
      (.tokenPerplexity, tokenPerplexity, .tokenInterval, tokenPerplexityInterval),
      (.wordPerplexity, wordPerplexity, .wordInterval, wordPerplexityInterval),
      (.bytePerplexity, bytePerplexity, .byteInterval, bytePerplexityInterval),
      (.bitsPerByte, bitsPerByte, .bitsInterval, bitsPerByteInterval),
    ]
    for (key, value, intervalKey, interval) in ratios {
      try object.encode(value.isFinite ? value : nil, forKey: key)
      let ends = interval.map { [$0.low, $0.high] }
      try object.encode(ends?.allSatisfy(\.isFinite) == true ? ends : nil, forKey: intervalKey)
    }
    try object.encode(context, forKey: .context)
    try object.encode(stride, forKey: .stride)
    try object.encode(hasPrefix, forKey: .hasPrefix)
    try object.encode(unscoredTokens, forKey: .unscoredTokens)
    try object.encode(unscoredBytes, forKey: .unscoredBytes)
    try object.encode(clusters.rawValue, forKey: .clusters)
    try object.encode(clusterCount, forKey: .clusterCount)
    try object.encode(designEffect, forKey: .designEffect)
  }
}
