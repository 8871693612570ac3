/// From text to tokens through a scanner, a cache and the merges: the loop that has to be fast.

/// Encodes pieces with scratch memory and caches of its own; for one thread at a time.
final class PieceEncoder: @unchecked Sendable {
  private let model: BPEModel
  private let merger: PieceMerger
  private let cache: PieceCache
  private let longCache = LongPieceCache()
  private let ends = FlatTable<BytePointer>(count: batch)
  private let staged = FlatTable<Token>(count: stagedCapacity)
  private var stagedCount = 0
  private var symbols = FlatTable<Token>(count: 256)

  /// How many pieces are found before they are looked up.
  private static let batch = 256
  private static let stagedCapacity = 4096 + 4

  /// An encoder with an empty cache.
  init(_ model: BPEModel) {
    self.model = model
    merger = PieceMerger(model.table)
    cache = PieceCache()
  }

  /// Encodes the pieces that `scanner` finds from `start` on and returns where the last one ends.
  ///
  /// Pieces that start at or after `limit` are left; `end` is where the readable text ends.
  func encode(
    from start: BytePointer, until limit: BytePointer, end: BytePointer, scanner: PieceScanner,
    into tokens: inout [Token]
  ) -> BytePointer {
    var position = start
    while position < limit {
      let count = scanner.fill(
        from: position, until: limit, end: end, into: ends.base, capacity: PieceEncoder.batch)
      for index in 0..<count {
        let pieceEnd = ends.base[index]
        stage(position, pieceEnd - position, end: end, into: &tokens)
        position = pieceEnd
      }
    }
    flush(into: &tokens)
    return position
  }

  /// Encodes one piece; `end` is where the readable text ends.
  func encode(
    piece: BytePointer, count: Int, end: BytePointer, into tokens: inout [Token]
  ) {
    if count == 0 { return }
    stage(piece, count, end: end, into: &tokens)
    flush(into: &tokens)
  }

  @inline(__always)
  private func stage(
    _ piece: BytePointer, _ count: Int, end: BytePointer, into tokens: inout [Token]
  ) {
    if stagedCount + 4 > PieceEncoder.stagedCapacity { flush(into: &tokens) }
    guard count <= PieceCache.longestPiece else {
      return stageLong(piece, count, into: &tokens)
    }
    let key = PieceCache.key(piece, count, readable: end - piece >= 16)
    guard let entry = cache.find(key) else {
      return stageNew(piece, count, key, into: &tokens)
    }
    let target = UnsafeMutableRawPointer(staged.base + stagedCount)
    let first = entry.pointee.firstTokens
    target.storeBytes(of: first & ~0xF000_0000, as: UInt64.self)
    target.storeBytes(of: entry.pointee.lastTokens, toByteOffset: 8, as: UInt64.self)
    stagedCount &+= Int(truncatingIfNeeded: (first >> 28) & 0xF)
  }

  @inline(never)
  private func stageNew(
    _ piece: BytePointer, _ count: Int, _ key: PieceCache.Key, into tokens: inout [Token]
  ) {
    let tokenCount = merge(piece, count)
    if tokenCount <= 4 { cache.insert(key, symbols.base, tokenCount) }
    emit(symbols.base, tokenCount, into: &tokens)
  }

  @inline(never)
  private func stageLong(_ piece: BytePointer, _ count: Int, into tokens: inout [Token]) {
    guard count <= LongPieceCache.longestPiece else {
      let tokenCount = merge(piece, count)
      emit(symbols.base, tokenCount, into: &tokens)
      if symbols.count > 1 << 16 { symbols = FlatTable(count: 256) }
      return
    }
    let hashed = hash(piece, count)
    if let found = longCache.find(piece, count, hash: hashed) {
      if let start = found.baseAddress { emit(start, found.count, into: &tokens) }
      return
    }
    let tokenCount = merge(piece, count)
    longCache.insert(piece, count, hash: hashed, symbols.base, tokenCount)
    emit(symbols.base, tokenCount, into: &tokens)
  }

  /// Leaves the piece's tokens in `symbols` and returns how many.
  private func merge(_ piece: BytePointer, _ count: Int) -> Int {
    if model.options.ignoresMerges,
      let whole = model.vocabulary.token(for: UnsafeBufferPointer(start: piece, count: count))
    {
      symbols.base[0] = whole
      return 1
    }
    if symbols.count < count { symbols = FlatTable(count: count) }
    return merger.merge(symbols.base, model.start(piece, count, into: symbols.base))
  }

  private func emit(_ source: UnsafePointer<Token>, _ count: Int, into tokens: inout [Token]) {
    if stagedCount + count + 4 > PieceEncoder.stagedCapacity {
      flush(into: &tokens)
      if count + 4 > PieceEncoder.stagedCapacity {
        tokens.append(contentsOf: UnsafeBufferPointer(start: source, count: count))
        return
      }
    }
    (staged.base + stagedCount).update(from: source, count: count)
    stagedCount += count
  }

  @inline(__always)
  private func flush(into tokens: inout [Token]) {
    tokens.append(contentsOf: UnsafeBufferPointer(start: staged.base, count: stagedCount))
    stagedCount = 0
  }
}
