/// How often every token follows every other: what is cheapest to know about a corpus.

import Glibc
import Kernels
import Machine
import Tokenizers

/// The pairs of neighbours in a stretch of text, by their first token.
///
/// Memory: 6 bytes a distinct pair, and 2 bytes a token while it is made. Cost: about 10 ns a token.
/// For vocabularies of at most 65,536 tokens; larger ones have too many pairs to be of use.
public struct BigramCounts: Sendable {
  /// Tokens that there are.
  public let vocabularySize: Int
  /// Pairs counted.
  public let total: Int
  /// How often every token is the first of a pair.
  public let frequencies: [Int]
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
    // Sorted by their first token, the second tokens of all pairs are lists to be counted one by one.
    var places = [Int](repeating: 0, count: vocabularySize + 1)
    Self.forEachPair(count, copy) { first, _ in places[first + 1] += 1 }
    frequencies = Array(places.dropFirst())
    for token in 0..<vocabularySize { places[token + 1] += places[token] }
    var seconds = [UInt16](repeating: 0, count: total)
    var next = places
    Self.forEachPair(count, copy) { first, second in
      seconds[next[first]] = UInt16(truncatingIfNeeded: second)
      next[first] += 1
    }
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

  private static func forEachPair(
    _ count: Int, _ copy: (Range<Int>, inout [Token]) -> Void,
    _ body: (_ first: Int, _ second: Int) -> Void
  ) {
    var tokens: [Token] = []
    for start in stride(from: 0, to: count - 1, by: chunk) {
      tokens.removeAll(keepingCapacity: true)
      copy(start..<min(start + chunk + 1, count), &tokens)
      for index in 1..<tokens.count { body(Int(tokens[index - 1]), Int(tokens[index])) }
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
