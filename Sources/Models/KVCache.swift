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
  /// Tokens there is room for in a sequence.
  public let capacity: Int
  /// Tokens read so far in every sequence.
  public private(set) var count = 0

  private let configuration: TransformerConfiguration
  private let arena: Arena
  private let keys: MutableFloats
  private let values: MutableFloats
  private let rowWidth: Int
  private var layerCount: Int { sequences * capacity * rowWidth }

  /// An empty cache.
  public init(_ configuration: TransformerConfiguration, sequences: Int = 1, capacity: Int) {
    precondition(sequences > 0 && capacity > 0, "A cache holds at least one token.")
    self.configuration = configuration
    self.sequences = sequences
    self.capacity = capacity
    rowWidth = configuration.keyValueHeads * configuration.headWidth
    let total = configuration.layers * sequences * capacity * rowWidth
    arena = Arena(capacity: 2 * (total * 4 + 64))
    keys = arena.floats(total)
    values = arena.floats(total)
  }

  /// Forgets the tokens from position `count` on.
  public func rewind(to count: Int) {
    precondition(count >= 0 && count <= self.count, "A cache rewinds, it does not skip.")
    self.count = count
  }

  /// A cache of `sequences` copies of sequence 0.
  public func replicated(sequences: Int, capacity: Int) -> KVCache {
    selecting([Int](repeating: 0, count: sequences), capacity: capacity)
  }

  /// A cache whose sequence `i` is a copy of sequence `indices[i]` of this one.
  public func selecting(_ indices: [Int], capacity: Int) -> KVCache {
    precondition(capacity >= count, "A copy has room for what is there.")
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
      capacity: capacity, count: count)
  }

  /// Counts `length` tokens that every layer has appended.
  func advance(by length: Int) { count += length }
}
