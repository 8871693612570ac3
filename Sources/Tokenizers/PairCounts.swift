/// Which neighbouring pairs of tokens occur how often, and in which words.

/// Counts and postings of pairs during training.
struct PairCounts {
  /// Where a pair is: its place in the arrays.
  typealias Index = Int

  private struct Posting: BitwiseCopyable {
    var word: UInt32
    var next: UInt32
  }

  private var keys: [UInt64] = [UInt64](repeating: .max, count: 1 << 12)
  private var places: [UInt32] = [UInt32](repeating: 0, count: 1 << 12)
  private(set) var pairs: [UInt64] = []
  private(set) var counts: [Int64] = []
  private var heads: [UInt32] = []
  private var tails: [UInt32] = []
  private var postings: [Posting] = []
  private static let none = UInt32.max

  /// The number of pairs ever seen.
  var count: Int { pairs.count }

  /// The place of a pair, new or not.
  mutating func index(of pair: UInt64) -> Index {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: mix(pair, 0)) & mask
    while keys[slot] != .max {
      if keys[slot] == pair { return Int(places[slot]) }
      slot = (slot + 1) & mask
    }
    let place = pairs.count
    keys[slot] = pair
    places[slot] = UInt32(place)
    pairs.append(pair)
    counts.append(0)
    heads.append(PairCounts.none)
    tails.append(PairCounts.none)
    if pairs.count * 2 > keys.count { grow() }
    return place
  }

  private mutating func grow() {
    let size = keys.count * 2
    keys = [UInt64](repeating: .max, count: size)
    places = [UInt32](repeating: 0, count: size)
    for (place, pair) in pairs.enumerated() {
      var slot = Int(truncatingIfNeeded: mix(pair, 0)) & (size - 1)
      while keys[slot] != .max { slot = (slot + 1) & (size - 1) }
      keys[slot] = pair
      places[slot] = UInt32(place)
    }
  }

  /// Adds occurrences, or takes them away.
  mutating func add(_ amount: Int64, to index: Index) { counts[index] += amount }

  /// Forgets a pair's count: it has been merged everywhere.
  mutating func clear(_ index: Index) {
    counts[index] = 0
    heads[index] = PairCounts.none
    tails[index] = PairCounts.none
  }

  /// Notes that a word has the pair, once for neighbouring notes.
  mutating func post(_ word: UInt32, to index: Index) {
    let tail = tails[index]
    if tail != PairCounts.none, postings[Int(tail)].word == word { return }
    let place = UInt32(postings.count)
    postings.append(Posting(word: word, next: PairCounts.none))
    if tail == PairCounts.none {
      heads[index] = place
    } else {
      postings[Int(tail)].next = place
    }
    tails[index] = place
  }

  /// The words noted for a pair; some may not have it any more.
  func words(_ index: Index, into result: inout [UInt32]) {
    result.removeAll(keepingCapacity: true)
    var place = heads[index]
    while place != PairCounts.none {
      result.append(postings[Int(place)].word)
      place = postings[Int(place)].next
    }
  }
}
