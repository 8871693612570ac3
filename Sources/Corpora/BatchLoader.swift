/// Batches of training windows, prepared by one thread ahead of the trainer.

import Glibc
import Machine
import Tokenizers

/// The order in which windows are given out.
public enum Shuffle: Sendable, Equatable, Codable {
  /// As they stand in the corpus.
  case none
  /// In random order within blocks of about so many tokens, two of which are in memory. A corpus
  /// that fits into one block is shuffled as a whole and read only once.
  case buffer(tokens: Int = 1 << 25)
}

/// Sequences for one step of training.
public struct Batch: Sendable, Equatable {
  /// The tokens that the model sees, `sequences × length`, row after row.
  public let inputs: [Token]
  /// The tokens that it should predict: the inputs shifted by one.
  public let targets: [Token]
  /// The number of rows.
  public let sequences: Int
  /// The tokens in a row.
  public let length: Int
  /// Where the stream stands after this batch.
  public let position: StreamPosition
  /// The epoch of the first row, from 0.
  public let epoch: Int
}

/// An endless stream of batches: epochs follow one another, each in an order of its own.
///
/// One thread reads, decompresses, encodes and packs the next block while this one is given out; of a
/// shuffled block, the second half of it, so that a run which ends before does not pay for text it never sees.
/// Blocks hold 2 bytes a token (4 if the vocabulary has more than 65,536 entries), and there are at
/// most two of them with `Shuffle.buffer`, `ahead + 1` small ones with `Shuffle.none`. The order of
/// windows depends on the seed, the epoch and the block alone, so a loader made from a position
/// goes on bit for bit; it reads again only the block that it stood in. Shuffled text that fits into one
/// block is cut elsewhere in every epoch after the first, so that a text that is read often does not always
/// show the same windows.
public final class BatchLoader {
  private static let orderedBlockTokens = 1 << 18

  /// The seconds for which `next()` had to wait for the thread.
  public private(set) var secondsWaited = 0.0
  /// Where the stream stands.
  public private(set) var position: StreamPosition

  private let sequences: Int
  private let length: Int
  private let shuffle: Shuffle
  private let seed: UInt64
  private let rows: Range<Int>
  private let queue: BoundedQueue<Result<TokenBlock, CorpusError>>
  private let filling: Filling
  private var block: TokenBlock?
  /// Whether the thread may make another block than the one that is given out.
  private var mayReadOn = true
  private var order: [UInt32] = []

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - sequences: The rows of a batch.
  ///   - length: The tokens of a row.
  ///   - position: Where an earlier loader with the same settings stood.
  ///   - ahead: The blocks of 256 Ki tokens that may wait when nothing is shuffled.
  ///   - rows: The rows of every batch that this loader gives out, if not all: several processes
  ///     that train together each take their own. Positions count whole batches.
  public init(
    corpus: Corpus, split: Split, tokenizer: Tokenizer, sequences: Int, length: Int,
    shuffle: Shuffle = .buffer(), seed: UInt64, from position: StreamPosition = .start,
    ahead: Int = 4, rows: Range<Int>? = nil
  ) throws(CorpusError) {
    precondition(sequences > 0 && length > 0, "A batch has at least one row of one token.")
    self.rows = rows ?? 0..<sequences
    precondition(
      self.rows.lowerBound >= 0 && self.rows.upperBound <= sequences,
      "A share lies within the batch.")
    self.sequences = sequences
    self.length = length
    self.shuffle = shuffle
    self.seed = seed
    self.position = position
    let blockTokens =
      switch shuffle {
      case .none: BatchLoader.orderedBlockTokens
      case .buffer(let tokens): tokens
      }
    queue = BoundedQueue(capacity: shuffle == .none ? max(1, ahead) : 1)
    filling = Filling()
    if position.document.file > corpus.files.count {
      throw .positionOutside(path: corpus.paths.joined(separator: ", "))
    }
    if position != .start, !corpus.isRereadable {
      throw .notRereadable(path: "the corpus")
    }
    let packer = SequencePacker(
      corpus: corpus, split: split, tokenizer: tokenizer, length: length,
      blockTokens: blockTokens, from: position)
    startThread("apus-loader") { [queue, filling] in
      BatchLoader.fill(queue, from: packer, reporting: filling)
    }
  }

  deinit { queue.close() }

  /// The next batch; it may span a block's end and an epoch's.
  public func next() throws(CorpusError) -> Batch { try next(sequences: sequences, rows: rows) }

  /// The next batch of another size, and the rows of it that are wanted.
  public func next(sequences: Int, rows: Range<Int>) throws(CorpusError) -> Batch {
    var inputs: [Token] = []
    var targets: [Token] = []
    inputs.reserveCapacity(rows.count * length)
    targets.reserveCapacity(rows.count * length)
    var epoch = position.epoch
    for row in 0..<sequences {
      let block = try blockWithWindow()
      if row == 0 { epoch = position.epoch }
      if rows.contains(row) {
        let window = order.isEmpty ? position.windows : Int(order[position.windows])
        block.copyWindow(window, inputs: &inputs, targets: &targets)
      }
      position.windows += 1
      if !mayReadOn, position.windows * 2 >= block.windows { readOn() }
      if position.windows == block.windows { position = block.end }
    }
    return Batch(
      inputs: inputs, targets: targets, sequences: rows.count, length: length, position: position,
      epoch: epoch)
  }

  /// Waits at most so long for the data of the next batch; whether it is there. For showing
  /// progress while the first block fills.
  public func isReady(within seconds: Double) -> Bool {
    if let block, isInside(block) || block.isWholeEpoch { return true }
    return queue.waitForElement(seconds: seconds)
  }

  /// How far the block is that the thread fills: tokens gathered, and tokens that it will have as
  /// far as can be told from the share of the corpus that was read.
  public var progress: (tokensBuffered: Int, tokensWanted: Int) {
    let now = filling.value.withLock { $0 }
    return (now.tokens, now.wanted)
  }

  /// All tokens of the block that the next batch comes from; waits until it is there.
  public func tokensAhead() throws(CorpusError) -> TokensAhead {
    TokensAhead(try blockWithWindow())
  }

  private func isInside(_ block: TokenBlock) -> Bool {
    block.start.epoch == position.epoch && block.start.block == position.block
  }

  /// The block that `position` lies in, taken from the thread if need be.
  private func blockWithWindow() throws(CorpusError) -> TokenBlock {
    if let block, isInside(block) { return block }
    if var again = block, again.isWholeEpoch {
      again.start = position
      again.end = position.startOfNextEpoch()
      return use(again)
    }
    block = nil
    let clock = ContinuousClock()
    let start = clock.now
    let taken = queue.take()
    secondsWaited += (clock.now - start) / .seconds(1)
    let next: TokenBlock
    switch taken {
    case .success(let block):
      next = block
      mayReadOn = false
      if shuffle == .none { readOn() }
    case .failure(let error):
      queue.add(.failure(error))
      throw error
    }
    if isInside(next) {
      guard position.windows < next.windows else { throw .positionOutside(path: "the corpus") }
    } else {
      if position.windows > 0 { throw .positionOutside(path: "the corpus") }
      position = next.start
    }
    return use(next)
  }

  private func readOn() {
    mayReadOn = true
    queue.makeRoom()
  }

  private func use(_ next: TokenBlock) -> TokenBlock {
    var next = next
    if shuffle == .none {
      order = []
    } else {
      let stream = UInt64(next.start.epoch) << 32 | UInt64(next.start.block)
      var source = RandomSource(seed: seed, stream: stream &+ 1)
      order = source.permutation(of: next.windows)
      if next.isWholeEpoch, next.start.epoch > 0 {
        next.shift = source.next(below: next.tokens.count)
      }
    }
    block = next
    return next
  }

  /// What the thread says about its work.
  private final class Filling: Sendable {
    let value = Guarded(SequencePacker.Progress(tokens: 0, wanted: 0))
  }

  private static func fill(
    _ queue: BoundedQueue<Result<TokenBlock, CorpusError>>, from packer: SequencePacker,
    reporting filling: Filling
  ) {
    do throws(CorpusError) {
      while queue.waitForRoom() {
        let block = try packer.nextBlock { progress in
          filling.value.withLock { $0 = progress }
        } while: {
          !queue.isClosedNow
        }
        guard let block else { return }
        queue.add(.success(block))
        if block.isWholeEpoch { return }
      }
    } catch {
      queue.add(.failure(error))
    }
  }
}
