/// Where a long piece can be cut because no merge reaches across.

/// Finds boundaries of characters outside ASCII that no token spans.
///
/// A merge across a boundary makes a token whose bytes match the text on both sides of it. So where
/// no token of the merges has, around one of its own boundaries, the up to three bytes that stand
/// before and behind, the parts of a piece are encoded each for itself, with the same ids. In scripts
/// without spaces that turns long pieces, all different, into short ones that recur.
final class MergeBarriers: Sendable {
  /// Contexts inside tokens, by their bytes and lengths.
  private let contexts: FlatTable<UInt64>

  /// Looks through the tokens that merges make.
  init(_ vocabulary: Vocabulary, products: [Token]) {
    var found: [UInt64] = []
    vocabulary.withBytes { bytes in
      for token in products {
        let text = bytes(token)
        guard let start = text.baseAddress else { continue }
        for place in 1..<max(text.count, 1) where MergeBarriers.isCandidate(start + place) {
          found.append(
            MergeBarriers.key(
              start + place, before: min(place, 3), behind: min(text.count - place, 3)))
        }
      }
    }
    contexts = FlatTable(count: powerOfTwo(atLeast: max(16, found.count * 2)))
    let mask = contexts.count - 1
    for key in found {
      var index = Int(truncatingIfNeeded: mix(key, 0)) & mask
      while contexts.base[index] != 0, contexts.base[index] != key { index = (index + 1) & mask }
      contexts.base[index] = key
    }
  }

  /// Whether a character starts at `place`, it or the one before outside ASCII.
  @inline(__always)
  static func isCandidate(_ place: BytePointer) -> Bool {
    place[0] >= 0xC0 || (place[0] < 0x80 && place[-1] >= 0x80)
  }

  /// The bytes around a place as a number that is never 0.
  @inline(__always)
  static func key(_ place: BytePointer, before: Int, behind: Int) -> UInt64 {
    var key: UInt64 = UInt64(before << 2 | behind)
    for offset in -before..<behind { key = key << 8 | UInt64(place[offset]) }
    return key
  }

  /// Whether no merge reaches across `place` in a text that goes `before` bytes back and `behind`
  /// bytes on, three at most.
  func separates(_ place: BytePointer, before: Int, behind: Int) -> Bool {
    for left in 1...before {
      for right in 1...behind where contains(MergeBarriers.key(place, before: left, behind: right))
      {
        return false
      }
    }
    return true
  }

  private func contains(_ key: UInt64) -> Bool {
    let mask = contexts.count - 1
    var index = Int(truncatingIfNeeded: mix(key, 0)) & mask
    while contexts.base[index] != 0 {
      if contexts.base[index] == key { return true }
      index = (index + 1) & mask
    }
    return false
  }
}

/// Answers of `MergeBarriers`, remembered; for one thread.
struct BarrierCache {
  private let barriers: MergeBarriers
  private let answers = FlatTable<UInt64>(count: 1 << 16)

  init(_ barriers: MergeBarriers) { self.barriers = barriers }

  /// As `MergeBarriers.separates`.
  @inline(__always)
  func separates(_ place: BytePointer, before: Int, behind: Int) -> Bool {
    let key = MergeBarriers.key(place, before: before, behind: behind)
    let slot = answers.base + Int(truncatingIfNeeded: mix(key, 0) &>> 48)
    if slot.pointee >> 1 == key { return slot.pointee & 1 == 1 }
    let answer = barriers.separates(place, before: before, behind: behind)
    slot.pointee = key << 1 | (answer ? 1 : 0)
    return answer
  }
}
