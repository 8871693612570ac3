/// Where the time of a computation goes: seconds, arithmetic and memory traffic by operation.

/// Sums what operations report while it is attached to their tape.
///
/// Arithmetic and traffic are what an operation cannot do without: the products as written down, and
/// every operand read and every result written once. For one thread.
public final class Profile {
  /// An operation in one direction.
  public struct Entry: Sendable, Equatable {
    /// The operation: `attention.qkv`, `gelu`.
    public let name: String
    /// Whether it is the way back.
    public let isBackward: Bool
    /// How often it ran.
    public var calls = 0
    /// The time it took.
    public var seconds = 0.0
    /// Floating-point operations of its products.
    public var flops = 0.0
    /// Bytes it reads and writes at least.
    public var bytes = 0.0
  }

  private struct Key: Hashable {
    var name: String
    var isBackward: Bool
  }

  /// The operations in the order in which they first ran.
  public private(set) var entries: [Entry] = []
  /// Whether what is measured now belongs to the way back.
  public var isBackward = false
  private var indices: [Key: Int] = [:]

  /// An empty profile.
  public init() {}

  /// The time of all operations.
  public var seconds: Double { entries.reduce(0) { $0 + $1.seconds } }

  /// Runs `body` and adds its time to the operation of that name.
  public func measure<Result>(
    _ name: String, flops: Double = 0, bytes: Double = 0, _ body: () -> Result
  ) -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    let result = body()
    let seconds = (clock.now - start) / .seconds(1)
    let key = Key(name: name, isBackward: isBackward)
    let index = indices[key] ?? entries.count
    if index == entries.count {
      indices[key] = index
      entries.append(Entry(name: name, isBackward: isBackward))
    }
    entries[index].calls += 1
    entries[index].seconds += seconds
    entries[index].flops += flops
    entries[index].bytes += bytes
    return result
  }

  /// Forgets what was measured.
  public func reset() {
    entries.removeAll()
    indices.removeAll()
    isBackward = false
  }
}
