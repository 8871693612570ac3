import Glibc
import Inference
import Testing
import Tokenizers

/// A document of one-byte tokens with given scores.
private func scored(
  _ scores: [Float?], index: Int = 0, tokens: [Token]? = nil, bytes: Int = 1
) -> ScoredDocument {
  let list = scores.enumerated().map { place, score in
    ScoredToken(
      token: tokens?[place] ?? Token(place), logProbability: score, context: place,
      byteCount: bytes)
  }
  let known = scores.compactMap { $0 }
  return ScoredDocument(
    index: index, tokens: list, words: [], nats: -known.reduce(0) { $0 + Double($1) },
    scoredTokens: known.count, wordCount: 1, byteCount: scores.count * bytes)
}

@Suite("Paired difference")
struct PairedDifferenceTests {
  @Test("the difference is that of the sums, over tokens that both scored")
  func difference() throws {
    var pair = PairedDifference(blockBytes: 100)
    pair.add(scored([nil, -1, -2, -3]), scored([nil, -2, -2, -2.5]))
    pair.add(scored([-1, -1]), scored([nil, -3]))
    let perToken = try #require(pair.perToken)
    // −(−1 + 2) + 0 − (−3 + 2.5) and −(−1 + 3), over four tokens and six bytes.
    #expect(abs(perToken.value - (-1 + 0 + 0.5 - 2) / 4) < 1e-9)
    #expect(abs(pair.bitsPerByte.value - (-2.5 / log(2)) / 6) < 1e-9)
    #expect(pair.tokens == 4 && pair.firstBetter == 2 && pair.secondBetter == 1)
  }

  @Test("scores of other tokens are compared by bytes alone")
  func otherTokens() {
    var pair = PairedDifference(blockBytes: 4)
    pair.add(
      scored([-1, -1, -1, -1, -1, -1, -1, -1]), scored([-3, -5], tokens: [7, 8], bytes: 4))
    #expect(!pair.hasSameTokens && pair.perToken == nil)
    #expect(abs(pair.bitsPerByte.value) < 1e-12)
    // Two blocks of four bytes: 4 − 3 and 4 − 5.
    #expect(pair.clusterCount == 2 && pair.clusters == .blocks)
    #expect(pair.clustersFirstBetter == 0.5)
  }

  @Test("pairing narrows the interval, which holds the truth as often as it says")
  func coverage() throws {
    var inside = 0
    var random: UInt64 = 3
    func uniform() -> Double {
      random = ToyModel.scrambled(random)
      return Double(random >> 11) * 0x1p-53
    }
    for _ in 0..<300 {
      var pair = PairedDifference(blockBytes: 8)
      for index in 0..<60 {
        let hard = 4 * uniform()
        let scores = (0..<20).map { _ in Float(-hard - uniform()) }
        let others = scores.map { $0 - Float(0.1 + 0.4 * (uniform() - 0.5)) }
        pair.add(scored(scores, index: index), scored(others, index: index))
      }
      let interval = try #require(pair.perToken?.interval)
      if interval.low <= -0.1, -0.1 <= interval.high { inside += 1 }
      #expect(interval.high - interval.low < 0.05)
    }
    #expect((270...297).contains(inside))
  }
}

@Suite("Position profile")
struct PositionProfileTests {
  @Test("losses are averaged over ranges of tokens before, which double")
  func ranges() {
    var profile = PositionProfile()
    profile.add(scored([nil, -4, -3, -1, -2, -2, -2, -2, -5]))
    profile.add(scored([nil, -2]))
    let ranges = profile.ranges
    #expect(ranges.map(\.from) == [1, 2, 4, 8] && ranges.map(\.to) == [1, 3, 7, 15])
    #expect(ranges.map(\.tokens) == [2, 2, 4, 1])
    #expect(zip(ranges, [3, 2, 2, 5]).allSatisfy { abs($0.natsPerToken - $1) < 1e-9 })
    #expect(ranges[0].interval != nil && ranges[3].interval == nil)
  }
}
