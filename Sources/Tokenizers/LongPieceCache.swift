/// What longer pieces encode to, remembered within a bound.

/// A cache from pieces of up to 255 bytes to up to 255 tokens, of up to 18 MiB; when it is full it
/// starts anew.
final class LongPieceCache {
  private struct Slot: BitwiseCopyable {
    var hash: UInt64
    var start: UInt32
    var byteCount: UInt16
    var tokenCount: UInt16
  }

  /// The most bytes a piece may have.
  static let longestPiece = 255
  private static let slotCount = 1 << 17
  private static let arenaBytes = 1 << 24

  private let slots = FlatTable<Slot>(count: slotCount)
  private let arena = FlatTable<UInt32>(count: arenaBytes / 4)
  private var used = 0
  private var arenaUsed = 0

  /// The tokens of a piece, valid until the next insertion.
  func find(
    _ piece: UnsafePointer<UInt8>, _ count: Int, hash: UInt64
  ) -> UnsafeBufferPointer<Token>? {
    var index = Int(truncatingIfNeeded: hash) & (LongPieceCache.slotCount - 1)
    while slots.base[index].byteCount > 0 {
      let slot = slots.base[index]
      if slot.hash == hash, Int(slot.byteCount) == count {
        let tokens = arena.base + Int(slot.start)
        let bytes = UnsafeRawPointer(tokens + Int(slot.tokenCount))
        if equal(bytes.assumingMemoryBound(to: UInt8.self), piece, count) {
          return UnsafeBufferPointer(start: tokens, count: Int(slot.tokenCount))
        }
      }
      index = (index + 1) & (LongPieceCache.slotCount - 1)
    }
    return nil
  }

  /// Remembers a piece of at most 255 bytes.
  func insert(
    _ piece: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, _ tokens: UnsafePointer<Token>,
    _ tokenCount: Int
  ) {
    if count > LongPieceCache.longestPiece { return }
    let words = tokenCount + (count + 3) / 4
    if used >= LongPieceCache.slotCount / 2 || arenaUsed + words > arena.count { clear() }
    var index = Int(truncatingIfNeeded: hash) & (LongPieceCache.slotCount - 1)
    while slots.base[index].byteCount > 0 { index = (index + 1) & (LongPieceCache.slotCount - 1) }
    slots.base[index] = Slot(
      hash: hash, start: UInt32(arenaUsed), byteCount: UInt16(count),
      tokenCount: UInt16(tokenCount))
    (arena.base + arenaUsed).update(from: tokens, count: tokenCount)
    UnsafeMutableRawPointer(arena.base + arenaUsed + tokenCount)
      .copyMemory(from: piece, byteCount: count)
    used += 1
    arenaUsed += words
  }

  private func clear() {
    let empty = Slot(hash: 0, start: 0, byteCount: 0, tokenCount: 0)
    slots.base.update(repeating: empty, count: slots.count)
    used = 0
    arenaUsed = 0
  }
}
