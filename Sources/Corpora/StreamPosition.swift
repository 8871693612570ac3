/// The place in an endless stream of training windows: what a checkpoint keeps of the data.

/// Where a batch loader stands; a loader made from it with the same settings gives the same batches
/// as one that never stopped.
///
/// It does not depend on the number of sequences in a batch, nor on the seed.
public struct StreamPosition: Codable, Sendable, Equatable {
  /// The passes through the corpus that are complete.
  public var epoch: Int
  /// The blocks of this epoch that are complete.
  public var block: Int
  /// The document in which the block's first token lies.
  public var document: DocumentPosition
  /// The tokens of that document (its separator included) that lie before the block.
  public var skippedTokens: Int
  /// The windows of the block that were given out.
  public var windows: Int

  /// The start of the first epoch.
  public static let start = StreamPosition(
    epoch: 0, block: 0, document: .start, skippedTokens: 0, windows: 0)

  func startOfNextEpoch() -> StreamPosition {
    StreamPosition(epoch: epoch + 1, block: 0, document: .start, skippedTokens: 0, windows: 0)
  }
}
