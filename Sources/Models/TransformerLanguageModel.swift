/// The Transformer as inference sees it.

extension KVCache: LanguageModelCache {}

extension Transformer: LanguageModel {
  /// Tokens that the model gives logits to.
  public var vocabularySize: Int { configuration.vocabularySize }

  /// Tokens in the longest window.
  public var contextLength: Int { configuration.contextLength }

  /// An empty cache.
  public func makeCache(sequences: Int, capacity: Int) -> KVCache {
    KVCache(configuration, sequences: sequences, capacity: capacity)
  }
}
