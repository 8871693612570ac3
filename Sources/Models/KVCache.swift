/// Keys and values of the tokens already read, so that the next token costs one row.

import Autograd
import Kernels
import Machine

/// The attention memory of one or more sequences of equal length.
///
/// - Complexity: `2 · layers · sequences · capacity · keyValueHeads · headWidth` floats of address
///   space, which become memory as they are filled.
public final class KVCache: @unchecked Sendable {
  /// Sequences that are read side by side.
  public let sequences: Int
  /// Tokens there is room for in a sequence, those of a shared prefix included.
  public let capacity: Int
  /// Tokens read so far in every sequence, those of a shared prefix included.
  public private(set) var count = 0

  private let configuration: TransformerConfiguration
  private let arena: Arena
  private let keys: MutableFloats
  private let values: MutableFloats
  private let rowWidth: Int
  /// The cache whose first sequence begins all sequences of this one, and its tokens then.
  private let prefix: (cache: KVCache, count: Int)?
  private var prefixCount: Int { prefix?.count ?? 0 }
  private var ownCapacity: Int { capacity - prefixCount }
  private var layerCount: Int { sequences * ownCapacity * rowWidth }

  /// An empty cache.
  public convenience init(
    _ configuration: TransformerConfiguration, sequences: Int = 1, capacity: Int
  ) {
    self.init(configuration, sequences: sequences, capacity: capacity, prefix: nil)
  }

  private init(
    _ configuration: TransformerConfiguration, sequences: Int, capacity: Int, prefix: KVCache?
  ) {
    let own = capacity - (prefix?.count ?? 0)
    precondition(sequences > 0 && own > 0, "A cache holds at least one token.")
    self.configuration = configuration
    self.sequences = sequences
    self.capacity = capacity
    self.prefix = prefix.map { ($0, $0.count) }
    count = prefix?.count ?? 0
    rowWidth = configuration.keyValueHeads * configuration.headWidth
    let total = configuration.layers * sequences * own * rowWidth
    arena = Arena(capacity: 2 * (total * 4 + 64))
    keys = arena.floats(total)
    values = arena.floats(total)
  }

  /// Forgets the tokens from position `count` on.
  public func rewind(to count: Int) {
    precondition(
      count >= prefixCount && count <= self.count, "A cache rewinds its own tokens, and only back.")
    self.count = count
  }

  /// A cache of `sequences` continuations of sequence 0, which they share and do not copy.
  ///
  /// This cache must not change while the other is used.
  public func branched(sequences: Int, capacity: Int) -> KVCache {
    precondition(prefix == nil && count > 0, "Branches grow from a cache of its own tokens.")
    return KVCache(configuration, sequences: sequences, capacity: capacity, prefix: self)
  }

  /// A cache of `sequences` copies of sequence 0.
  public func replicated(sequences: Int, capacity: Int) -> KVCache {
    selecting([Int](repeating: 0, count: sequences), capacity: capacity)
  }

  /// A cache whose sequence `i` is a copy of sequence `indices[i]` of this one.
  public func selecting(_ indices: [Int], capacity: Int) -> KVCache {
    precondition(capacity >= count, "A copy has room for what is there.")
    precondition(prefix == nil, "Branches are not copied.")
    let copy = KVCache(configuration, sequences: indices.count, capacity: capacity)
    copy.count = count
    for layer in 0..<configuration.layers {
      for (target, source) in indices.enumerated() {
        let from = layer * layerCount + source * self.capacity * rowWidth
        let to = layer * copy.layerCount + target * capacity * rowWidth
        (copy.keys + to).update(from: keys + from, count: count * rowWidth)
        (copy.values + to).update(from: values + from, count: count * rowWidth)
      }
    }
    return copy
  }

  /// The memory of a layer.
  func layer(_ index: Int) -> CachedLayer {
    CachedLayer(
      keys: keys + index * layerCount, values: values + index * layerCount,
      capacity: ownCapacity, count: count - prefixCount,
      prefix: prefix.map {
        let start = index * $0.cache.layerCount
        return SharedPrefix(
          keys: $0.cache.keys + start, values: $0.cache.values + start, count: $0.count)
      })
  }

  /// Counts `length` tokens that every layer has appended.
  func advance(by length: Int) { count += length }
}
