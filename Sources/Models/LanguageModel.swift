/// What inference asks of a model: logits after tokens, and a memory of the tokens it has seen.

import Tokenizers

/// The memory of the tokens that a model has seen, for several sequences of equal length.
public protocol LanguageModelCache: AnyObject {
  /// Sequences side by side.
  var sequences: Int { get }
  /// Tokens that fit into each sequence.
  var capacity: Int { get }
  /// Tokens that each sequence holds.
  var count: Int { get }
  /// Forgets all but the first `count` tokens of every sequence.
  func rewind(to count: Int)
  /// A cache of `sequences` continuations of the first sequence, with room for `capacity` tokens each,
  /// what it holds already included; this cache must not change while that one is used.
  func branched(sequences: Int, capacity: Int) -> Self
  /// A cache of `sequences` copies of the first sequence, with room for `capacity` tokens each.
  func replicated(sequences: Int, capacity: Int) -> Self
  /// A cache that holds copies of the sequences `indices`, in that order; an index may repeat.
  func selecting(_ indices: [Int], capacity: Int) -> Self
}

/// A model of the next token given the tokens before it.
///
/// Inference is written against this, so that its rules can be checked on models small enough to
/// enumerate. A model must be causal: what it says at a position depends on no later token.
public protocol LanguageModel {
  /// The memory that `nextLogits` extends.
  associatedtype Cache: LanguageModelCache

  /// Tokens that the model gives logits to.
  var vocabularySize: Int { get }
  /// Tokens in the longest window.
  var contextLength: Int { get }

  /// An empty cache for `sequences` sequences of at most `capacity` tokens; `capacity` is at most
  /// `contextLength`.
  func makeCache(sequences: Int, capacity: Int) -> Cache

  /// Appends `tokens` (`cache.sequences` × n, row-major) to the cache and gives the logits after
  /// the last token of each sequence: `cache.sequences` × `vocabularySize`.
  func nextLogits(after tokens: [Token], cache: Cache) -> [Float]

  /// ln p(target) at every position of windows that start with nothing before them; `targets`,
  /// `inputs` and the result are `sequences` × length, row-major.
  func logProbabilities(of targets: [Token], after inputs: [Token], sequences: Int) -> [Float]

  /// ln Σ p(token) over the tokens marked in `members` (one flag a token of the vocabulary), at
  /// every position of windows that start with nothing before them; `inputs` and the result are
  /// `sequences` × length, row-major.
  func logMass(of members: [Bool], after inputs: [Token], sequences: Int) -> [Float]

  /// Calls `body` with the logits of every position of windows that start with nothing before them;
  /// `inputs` are `sequences` × length, and rows come in their order.
  func forEachLogits(
    after inputs: [Token], sequences: Int,
    _ body: (_ row: Int, _ logits: UnsafeBufferPointer<Float>) -> Void)
}
