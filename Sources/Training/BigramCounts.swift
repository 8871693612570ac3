/// How often every token follows every other: what is cheapest to know about a corpus.

import Glibc
import Kernels
import Machine
import Tokenizers

/// The pairs of neighbours in a stretch of text, by their first token.
///
/// Memory: 6 bytes a distinct pair; while it is made 2 bytes a token, and 8 bytes for every thread and token of
/// the vocabulary. Cost: about 25 ns a token, divided among all threads.
/// For vocabularies of at most 65,536 tokens; larger ones have too many pairs to be of use.
public struct BigramCounts: Sendable, Equatable {
  /// Tokens that there are.
  public let vocabularySize: Int
  /// Pairs counted.
  public let total: Int
  /// How often every token is the first of a pair.
  public let frequencies: [Int]
  /// The last token of the text, which is the first of no pair.
  let last: Token?
  /// Where the followers of every token start; the last element is where they all end.
  let starts: [Int]
  /// The distinct followers of every token, ascending.
  let followers: [UInt16]
  /// How often each of them follows.
  let counts: [UInt32]

  /// Tokens that are copied at a time.
  private static let chunk = 1 << 16
  /// Parts of the vocabulary that threads count apart.
  private static let parts = 64

  /// Counts the pairs among `count` consecutive tokens.
  ///
  /// - Parameter copy: appends the tokens in a range, each below `vocabularySize`.
  public init(vocabularySize: Int, count: Int, copy: (Range<Int>, inout [Token]) -> Void) {
    precondition(vocabularySize <= 1 << 16, "Pairs are counted in vocabularies of 16 bits.")
    self.vocabularySize = vocabularySize
    total = max(0, count - 1)
    // Sorted by their first token, the second tokens of all pairs are lists to be counted one by one. Stretches of
    // text are sorted side by side, each behind those before it.
    let chunks = (total + Self.chunk - 1) / Self.chunk
    let stretches = min(Workers.shared.count, max(chunks, 1))
    var places = [Int](repeating: 0, count: vocabularySize + 1)
    var next = [Int](repeating: 0, count: stretches * vocabularySize)
    var seconds = [UInt16](repeating: 0, count: total)
    next.withUnsafeMutableBufferPointer { next in
      seconds.withUnsafeMutableBufferPointer { seconds in
        guard let next = next.baseAddress, let seconds = seconds.baseAddress else { return }
        func own(_ stretch: Int) -> Range<Int> {
          chunks * stretch / stretches..<chunks * (stretch + 1) / stretches
        }
        Workers.shared.share(stretches) { (stretch: Int) in
          let next = next + stretch * vocabularySize
          Self.forEachPair(own(stretch), of: count, copy) { first, _ in next[first] += 1 }
        }
        for token in 0..<vocabularySize {
          var place = places[token]
          for index in stride(from: token, to: stretches * vocabularySize, by: vocabularySize) {
            (place, next[index]) = (place + next[index], place)
          }
          places[token + 1] = place
        }
        Workers.shared.share(stretches) { (stretch: Int) in
          let next = next + stretch * vocabularySize
          Self.forEachPair(own(stretch), of: count, copy) { first, second in
            seconds[next[first]] = UInt16(truncatingIfNeeded: second)
            next[first] += 1
          }
        }
      }
    }
    frequencies = (0..<vocabularySize).map { [places] in places[$0 + 1] - places[$0] }
    var end: [Token] = []
    if count > 0 { copy(count - 1..<count, &end) }
    last = end.last
    var lists = [Lists](repeating: Lists(), count: Self.parts)
    lists.withUnsafeMutableBufferPointer { lists in
      let lists = SendablePointer(lists.baseAddress)
      Workers.shared.share(Self.parts) { [places, seconds] part in
        let tokens =
          vocabularySize * part / Self.parts..<vocabularySize * (part + 1) / Self.parts
        lists.value?[part] = Lists(of: tokens, places, seconds, vocabularySize: vocabularySize)
      }
    }
    followers = lists.flatMap(\.followers)
    counts = lists.flatMap(\.counts)
    starts = lists.flatMap(\.sizes).reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// How often every token occurs.
  package var occurrences: [Int] {
    var occurrences = frequencies
    if let last { occurrences[Int(last)] += 1 }
    return occurrences
  }

  /// How often `second` follows `first`.
  public func count(of second: Token, after first: Token) -> Int {
    let range = starts[Int(first)]..<starts[Int(first) + 1]
    return followers[range].firstIndex(of: UInt16(second)).map { Int(counts[$0]) } ?? 0
  }

  /// The least mean nats per token of any model that sees one token, on the text that was counted.
  public var entropy: Double {
    var nats = 0.0
    for token in 0..<vocabularySize {
      let all = Double(frequencies[token])
      for index in starts[token]..<starts[token + 1] {
        let count = Double(counts[index])
        nats -= count * log(count / all)
      }
    }
    return nats / Double(max(total, 1))
  }

  /// The pairs whose first tokens are in some chunks of `count` tokens.
  @inline(__always)
  private static func forEachPair(
    _ chunks: Range<Int>, of count: Int, _ copy: (Range<Int>, inout [Token]) -> Void,
    _ body: (_ first: Int, _ second: Int) -> Void
  ) {
    var tokens: [Token] = []
    for start in chunks.lazy.map({ $0 * chunk }) {
      tokens.removeAll(keepingCapacity: true)
      copy(start..<min(start + chunk + 1, count), &tokens)
      tokens.withUnsafeBufferPointer { tokens in
        for index in 1..<tokens.count { body(Int(tokens[index - 1]), Int(tokens[index])) }
      }
    }
  }

  /// The followers of a run of tokens.
  private struct Lists {
    var followers: [UInt16] = []
    var counts: [UInt32] = []
    /// Distinct followers of every token.
    var sizes: [Int] = []

    init() {}

    init(of tokens: Range<Int>, _ places: [Int], _ seconds: [UInt16], vocabularySize: Int) {
      var row = [UInt32](repeating: 0, count: vocabularySize)
      // A bit for every follower: few of them follow a token.
      var met = [UInt64](repeating: 0, count: (vocabularySize + 63) / 64)
      for token in tokens {
        let before = followers.count
        let range = places[token]..<places[token + 1]
        for index in range {
          let second = Int(seconds[index])
          row[second] += 1
          met[second >> 6] |= 1 << UInt64(second & 63)
        }
        if !range.isEmpty {
          for word in met.indices where met[word] != 0 {
            while met[word] != 0 {
              let follower = word * 64 + met[word].trailingZeroBitCount
              met[word] &= met[word] - 1
              followers.append(UInt16(follower))
              counts.append(row[follower])
              row[follower] = 0
            }
          }
        }
        sizes.append(followers.count - before)
      }
    }
  }
}
