/// Parts of a model that can be tried apart from its family.

import Models

/// What a user asks of a model beside its family and sizes; nil and false leave it as the family is.
public struct ModelSwitches: Sendable, Equatable {
  /// What stands between the matrices of a feed-forward part.
  public var activation: TransformerConfiguration.Activation?
  /// `c` of `c · tanh(logit / c)`, 0 for none; for nanochat alone.
  public var softCap: Float?
  /// Whether the head is the embedding.
  public var tiedHead: Bool?
  /// Whether the embedding is normalised.
  public var normalizesEmbedding: Bool?
  /// Whether queries and keys are normalised.
  public var normalizesHeads: Bool?
  /// Whether every block reads some of the embedding.
  public var embeddingShortcut = false
  /// Whether every second block's values take in an embedding of the token.
  public var valueEmbeddings = false
  /// Whether the head's input is multiplied by a learnt number.
  public var logitScale = false

  /// Nothing asked for.
  public init() {}

  /// Puts the switches into a configuration.
  public func apply(to configuration: inout TransformerConfiguration) {
    if let activation { configuration.use(activation) }
    if let softCap, configuration.family == .nanochat { configuration.softCap = softCap }
    if let tiedHead { configuration.tiedHead = tiedHead }
    if let normalizesEmbedding {
      configuration.departures.normalizesEmbedding = normalizesEmbedding
    }
    if let normalizesHeads { configuration.departures.normalizesHeads = normalizesHeads }
    configuration.departures.embeddingShortcut = embeddingShortcut
    configuration.departures.valueEmbeddings = valueEmbeddings
    configuration.departures.logitScale = logitScale
    configuration.departures = configuration.departures.normalized(in: configuration.family)
  }
}
