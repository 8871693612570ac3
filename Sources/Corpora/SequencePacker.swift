/// Packs the token stream into blocks of windows.

import Machine
import Tokenizers

/// Fills one block after another, through any number of epochs.
///
/// A block ends after a fixed number of windows or with its epoch. At the end of an epoch fewer
/// than `length` tokens are left over; they are dropped, because the next epoch starts afresh.
final class SequencePacker {
  /// How far the block in the making is.
  struct Progress: Sendable {
    /// The tokens gathered so far.
    var tokens: Int
    /// The tokens that the block will have, as far as can be told.
    var wanted: Int
  }

  private let corpus: Corpus
  private let split: Split
  private let tokenizer: Tokenizer
  private let length: Int
  private let blockWindows: Int
  private var stream: TokenStream?
  /// Tokens read beyond the last block, starting with the one that the blocks share.
  private var carried: [Token] = []
  private var position: StreamPosition
  private var epochHasWindows = false

  init(
    corpus: Corpus, split: Split, tokenizer: Tokenizer, length: Int, blockTokens: Int,
    from position: StreamPosition
  ) {
    self.corpus = corpus
    self.split = split
    self.tokenizer = tokenizer
    self.length = length
    self.position = position
    blockWindows = max(1, blockTokens / length)
    epochHasWindows = position.block > 0
  }

  /// The next block, which has at least one window; nil if `isWanted` turned false on the way.
  func nextBlock(
    report: (Progress) -> Void, while isWanted: () -> Bool
  ) throws(CorpusError) -> TokenBlock? {
    while isWanted() {
      guard let block = try fill(report: report, while: isWanted) else { return nil }
      if block.windows > 0 {
        epochHasWindows = block.end.epoch == block.start.epoch
        return block
      }
      if !epochHasWindows { throw try shortage(tokens: block.tokens.count) }
      epochHasWindows = false
    }
    return nil
  }

  private func fill(
    report: (Progress) -> Void, while isWanted: () -> Bool
  ) throws(CorpusError) -> TokenBlock? {
    var start = position
    start.windows = 0
    var pending: [Token] = []
    // Tokens of the first document that an earlier block has had.
    var surplus = 0
    // Where the latest document starts, counted from the block's first token.
    var anchor = (document: position.document, index: -position.skippedTokens)
    if stream == nil {
      let reader = try corpus.makeReader(from: position.document, split: split)
      stream = TokenStream(reader, tokenizer: tokenizer)
      surplus = position.skippedTokens
    } else {
      swap(&pending, &carried)
    }
    guard let stream else { return nil }
    let last = blockWindows * length
    var tokens = TokenStore(
      vocabularySize: tokenizer.vocabularySize, capacity: min(last + 1, 1 << 20))
    var isAtEnd = false
    while true {
      if surplus > 0 {
        let dropped = min(surplus, pending.count)
        pending.removeFirst(dropped)
        surplus -= dropped
      }
      let room = last + 1 - tokens.count
      tokens.append(contentsOf: pending.prefix(room))
      if pending.count >= room {
        carried.removeAll(keepingCapacity: true)
        tokens.copy(last..<last + 1, to: &carried)
        carried.append(contentsOf: pending.dropFirst(room))
        break
      }
      pending.removeAll(keepingCapacity: true)
      guard isWanted() else { return nil }
      switch try stream.read(into: &pending) {
      case .end:
        isAtEnd = true
      case .start:
        // Behind a resumed position the first document may start before the block.
        if surplus == 0 { anchor = (stream.document, tokens.count) }
      case .text:
        report(progress(tokens.count, of: last + 1, reader: stream.reader))
      }
      if isAtEnd { break }
    }
    let windows = isAtEnd ? max(0, tokens.count - 1) / length : blockWindows
    if isAtEnd {
      self.stream = nil
      carried.removeAll()
      position = start.startOfNextEpoch()
    } else {
      position.block += 1
      position.document = anchor.document
      position.skippedTokens = last - anchor.index
      position.windows = 0
    }
    return TokenBlock(
      tokens: tokens, windows: windows, length: length, start: start, end: position,
      isWholeEpoch: isAtEnd && start.block == 0)
  }

  private func progress(_ tokens: Int, of capacity: Int, reader: DocumentReader) -> Progress {
    let read = reader.compressedBytesRead
    guard position.block == 0, read > 0 else { return Progress(tokens: tokens, wanted: capacity) }
    let total = Double(tokens) * Double(corpus.compressedBytes) / Double(read)
    return Progress(tokens: tokens, wanted: max(tokens, min(capacity, Int(total))))
  }

  /// Why an epoch has no window at all.
  private func shortage(tokens: Int) throws(CorpusError) -> CorpusError {
    if tokens == 0, split != .all, corpus.isRereadable {
      let reader = try corpus.makeReader()
      while try reader.advance() {}
      return .emptyPart(documents: reader.position.documents, split: split)
    }
    return .tooShort(tokens: tokens, needed: length + 1)
  }
}
