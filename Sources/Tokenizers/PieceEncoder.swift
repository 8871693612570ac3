/// From text to tokens through a scanner, a cache and the merges: the loop that has to be fast.

import CMachine

/// Encodes pieces with scratch memory and caches of its own; for one thread at a time.
///
/// Pieces are found in batches, then hashed while the cache's lines are fetched, then looked up, so
/// that no step waits for another.
final class PieceEncoder: @unchecked Sendable {
  private let model: BPEModel
  private let merger: PieceMerger
  private let cache: PieceCache
  private let longCache = LongPieceCache()
  private lazy var barriers = BarrierCache(model.barriers)
  private let ends = FlatTable<BytePointer>(count: largestBatch)
  private let keys = FlatTable<PieceCache.Key>(count: largestBatch)
  private let homes = FlatTable<UnsafeMutablePointer<PieceCache.Entry>>(count: largestBatch)
  private let staged = FlatTable<Token>(count: stagedCapacity)
  private var stagedCount = 0
  private var symbols = FlatTable<Token>(count: 256)

  /// How many pieces are found before they are looked up.
  private static let batch = 256
  private static let largestBatch = batch + PieceScanner.overhang
  private static let stagedCapacity = 16 << 10
  /// A batch starts with no more tokens staged than leave room for it.
  private static let fullStage = stagedCapacity - 4 * largestBatch

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
      stage(from: position, count, end: end, into: &tokens)
      position = ends.base[count - 1]
    }
    flush(into: &tokens)
    return position
  }

  /// Encodes one piece; `end` is where the readable text ends.
  func encode(
    piece: BytePointer, count: Int, end: BytePointer, into tokens: inout [Token]
  ) {
    if count == 0 { return }
    ends.base[0] = piece + count
    stage(from: piece, 1, end: end, into: &tokens)
    flush(into: &tokens)
  }

  /// Stages the tokens of the pieces from `start` on that end at the first `count` of `ends`.
  private func stage(
    from start: BytePointer, _ count: Int, end: BytePointer, into tokens: inout [Token]
  ) {
    makeKeys(from: start, count, end: end)
    findHomes(0..<count)
    if stagedCount > PieceEncoder.fullStage { flush(into: &tokens) }
    let keys = self.keys.base
    let homes = self.homes.base
    var target = UnsafeMutableRawPointer(staged.base + stagedCount)
    for index in 0..<count {
      let key = keys[index]
      let set = homes[index]
      let isFirst = (set[0].low ^ key.low) | (set[0].high ^ key.high) == 0
      let isSecond = (set[1].low ^ key.low) | (set[1].high ^ key.high) == 0
      let entry = set + (isFirst ? 0 : 1)
      let first = entry.pointee.firstTokens
      target.storeBytes(of: first & ~0xF000_0000, as: UInt64.self)
      target.storeBytes(of: entry.pointee.lastTokens, toByteOffset: 8, as: UInt64.self)
      let tokenCount = (first &>> 28) & 0xF
      if isFirst != isSecond, tokenCount != PieceCache.Entry.more {
        target += Int(truncatingIfNeeded: tokenCount) &* 4
        continue
      }
      stagedCount = target.assumingMemoryBound(to: Token.self) - staged.base
      let piece = index == 0 ? start : ends.base[index - 1]
      if stageElsewhere(piece, ends.base[index] - piece, key, into: &tokens) {
        findHomes(index + 1..<count)
      }
      target = UnsafeMutableRawPointer(staged.base + stagedCount)
    }
    stagedCount = target.assumingMemoryBound(to: Token.self) - staged.base
  }

  /// Packs pieces into the keys of the cache.
  private func makeKeys(from start: BytePointer, _ count: Int, end: BytePointer) {
    let keys = self.keys.base
    let ends = self.ends.base
    let masks = cache.masks.base
    let lastStart = count > 1 ? ends[count - 2] : start
    var piece = start
    if end - lastStart >= 16 {
      for index in 0..<count {
        let next = ends[index]
        let mask = masks[min(next - piece, 16)]
        let raw = UnsafeRawPointer(piece)
        let low = raw.loadUnaligned(as: UInt64.self) & mask.low
        let high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & mask.high
        keys[index] = PieceCache.Key(low: low, high: high | mask.length)
        piece = next
      }
      return
    }
    for index in 0..<count {
      let length = ends[index] - piece
      keys[index] =
        length > PieceCache.longestPiece
        ? .long : PieceCache.key(piece, length, readable: end - piece >= 16)
      piece = ends[index]
    }
  }

  /// Finds where in the cache some pieces are at home, and has it fetched.
  private func findHomes(_ range: Range<Int>) {
    let keys = self.keys.base
    let homes = self.homes.base
    let entries = cache.entries.base
    let shift = cache.shift
    for index in range {
      let home = entries + PieceCache.home(keys[index], shift)
      machine_prefetch(home)
      homes[index] = home
    }
  }

  /// Stages a piece that is not at home in the cache; whether the cache's entries have moved.
  @inline(never)
  private func stageElsewhere(
    _ piece: BytePointer, _ count: Int, _ key: PieceCache.Key, into tokens: inout [Token]
  ) -> Bool {
    defer { if stagedCount > PieceEncoder.fullStage { flush(into: &tokens) } }
    if count > PieceCache.longestPiece {
      let before = cache.entries.base
      stageLong(piece, count, into: &tokens)
      return cache.entries.base != before
    }
    if let entry = cache.find(key) {
      stage(entry, into: &tokens)
      return false
    }
    let tokenCount = merge(piece, count)
    let moved = cache.insert(key, symbols.base, tokenCount)
    emit(symbols.base, tokenCount, into: &tokens)
    return moved
  }

  /// Stages a piece of more than 15 bytes.
  private func stageLong(_ piece: BytePointer, _ count: Int, into tokens: inout [Token]) {
    if count > LongPieceCache.longestPiece {
      if model.options.ignoresMerges, let whole = wholeToken(piece, count) {
        symbols.base[0] = whole
        return emit(symbols.base, 1, into: &tokens)
      }
      return stageParts(piece, count, into: &tokens)
    }
    let hashed = hash(piece, count)
    if let found = longCache.find(piece, count, hash: hashed) {
      if let start = found.baseAddress { emit(start, found.count, into: &tokens) }
      return
    }
    if stagedCount > PieceEncoder.fullStage { flush(into: &tokens) }
    let first = stagedCount
    if model.options.ignoresMerges, let whole = wholeToken(piece, count) {
      symbols.base[0] = whole
      emit(symbols.base, 1, into: &tokens)
    } else {
      stageParts(piece, count, into: &tokens)
    }
    longCache.insert(piece, count, hash: hashed, staged.base + first, stagedCount - first)
  }

  /// Stages a piece in parts that no merge reaches out of.
  private func stageParts(_ piece: BytePointer, _ count: Int, into tokens: inout [Token]) {
    var start = 0
    if model.isCuttable {
      for place in 1..<count
      where MergeBarriers.isCandidate(piece + place)
        && barriers.separates(piece + place, before: min(place, 3), behind: min(count - place, 3))
      {
        stagePart(piece + start, place - start, into: &tokens)
        start = place
      }
    }
    stagePart(piece + start, count - start, into: &tokens)
  }

  /// Stages a part of a piece, by the merges alone.
  private func stagePart(_ part: BytePointer, _ count: Int, into tokens: inout [Token]) {
    if count <= PieceCache.longestPiece {
      var key = PieceCache.key(part, count, readable: false)
      if model.options.ignoresMerges { key.high |= PieceCache.partMark }
      if let entry = cache.find(key) { return stage(entry, into: &tokens) }
      let tokenCount = mergeBytes(part, count)
      _ = cache.insert(key, symbols.base, tokenCount)
      return emit(symbols.base, tokenCount, into: &tokens)
    }
    let tokenCount = mergeBytes(part, count)
    emit(symbols.base, tokenCount, into: &tokens)
    if symbols.count > 1 << 16 { symbols = FlatTable(count: 256) }
  }

  private func stage(_ entry: UnsafePointer<PieceCache.Entry>, into tokens: inout [Token]) {
    if entry.pointee.count == PieceCache.Entry.more {
      let list = cache.tokens(entry)
      if let start = list.baseAddress { emit(start, list.count, into: &tokens) }
      return
    }
    if stagedCount + 4 > PieceEncoder.stagedCapacity { flush(into: &tokens) }
    let target = UnsafeMutableRawPointer(staged.base + stagedCount)
    let first = entry.pointee.firstTokens
    target.storeBytes(of: first & ~0xF000_0000, as: UInt64.self)
    target.storeBytes(of: entry.pointee.lastTokens, toByteOffset: 8, as: UInt64.self)
    stagedCount += Int(truncatingIfNeeded: (first >> 28) & 0xF)
  }

  private func wholeToken(_ piece: BytePointer, _ count: Int) -> Token? {
    if count > model.longestToken { return nil }
    return model.vocabulary.token(for: UnsafeBufferPointer(start: piece, count: count))
  }

  /// Leaves a short piece's tokens in `symbols` and returns how many.
  private func merge(_ piece: BytePointer, _ count: Int) -> Int {
    if model.options.ignoresMerges, let whole = wholeToken(piece, count) {
      symbols.base[0] = whole
      return 1
    }
    return mergeBytes(piece, count)
  }

  private func mergeBytes(_ piece: BytePointer, _ count: Int) -> Int {
    if symbols.count < count { symbols = FlatTable(count: count) }
    let started = model.start(piece, count, into: symbols.base)
    guard let pairs = model.bytePairs else { return merger.merge(symbols.base, started) }
    return merger.merge(bytes: piece, symbols.base, count, by: pairs.base)
  }

  private func emit(_ source: UnsafePointer<Token>, _ count: Int, into tokens: inout [Token]) {
    if stagedCount + count > PieceEncoder.stagedCapacity {
      flush(into: &tokens)
      if count > PieceEncoder.stagedCapacity {
        tokens.append(contentsOf: UnsafeBufferPointer(start: source, count: count))
        return
      }
    }
    (staged.base + stagedCount).update(from: source, count: count)
    stagedCount += count
  }

  @inline(__always)
  private func flush(into tokens: inout [Token]) {
    tokens.makeRoom(for: stagedCount)
    tokens.append(contentsOf: UnsafeBufferPointer(start: staged.base, count: stagedCount))
    stagedCount = 0
  }
}
