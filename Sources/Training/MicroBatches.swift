/// The parts of a step, the same whatever number of processes shares them.

/// A step's windows, divided into a power of two of runs.
///
/// The gradients of the parts are added along a binary tree, so that their sum has the same bits
/// on any number of threads and processes.
public struct MicroBatches: Sendable, Equatable {
  /// Parts; a power of two, at most `sequences`.
  public let count: Int
  /// Windows in a step.
  public let sequences: Int

  /// Divides `sequences` into `count` parts.
  public init(count: Int, sequences: Int) {
    precondition(count > 0 && count & (count - 1) == 0, "Micro-batches are a power of two.")
    precondition(count <= sequences, "Every micro-batch has a window.")
    self.count = count
    self.sequences = sequences
  }

  /// The windows of part `index`.
  public func windows(of index: Int) -> Range<Int> {
    sequences * index / count..<sequences * (index + 1) / count
  }

  /// The windows of several parts.
  public func windows(of parts: Range<Int>) -> Range<Int> {
    sequences * parts.lowerBound / count..<sequences * parts.upperBound / count
  }
}
