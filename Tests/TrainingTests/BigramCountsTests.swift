import Glibc
import Machine
import Testing
import Tokenizers
import Training

@Suite("Counts of pairs") struct BigramCountsTests {
  private func text(_ count: Int, vocabulary: Int, seed: UInt64 = 1) -> [Token] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in
      Token(min(random.next(below: vocabulary), random.next(below: vocabulary)))
    }
  }

  private func counts(_ tokens: [Token], vocabulary: Int) -> BigramCounts {
    BigramCounts(vocabularySize: vocabulary, count: tokens.count) { $1 += tokens[$0] }
  }

  @Test(
    "are those of a walk through the text", arguments: [0, 1, 2, 3, 1_000, 65_536, 65_537, 200_000])
  func slowTruth(count: Int) {
    let tokens = text(count, vocabulary: 41)
    let counted = counts(tokens, vocabulary: 41)
    var pairs: [[Token]: Int] = [:]
    for (first, second) in zip(tokens, tokens.dropFirst()) {
      pairs[[first, second], default: 0] += 1
    }
    for first in 0..<Token(41) {
      var all = 0
      for second in 0..<Token(41) {
        let truth = pairs[[first, second]] ?? 0
        #expect(counted.count(of: second, after: first) == truth)
        all += truth
      }
      #expect(counted.frequencies[Int(first)] == all)
    }
    #expect(counted.total == max(0, count - 1))
    #expect(
      counted.occurrences == (0..<41).map { token in tokens.count { $0 == Token(token) } })
  }

  @Test("have the entropy of the next token, given one")
  func entropy() {
    // After 0 comes 1 or 2, equally often; after the others always 0.
    let tokens: [Token] = (0..<1_000).flatMap { [0, Token(1 + $0 % 2)] } + [0]
    #expect(abs(counts(tokens, vocabulary: 3).entropy - log(2) / 2) < 1e-12)
  }

  @Test("draw tokens by the root of their frequency, with weights that leave the mean as it is")
  func draw() {
    var random = RandomSource(seed: 3)
    let frequencies = (0..<500).map { $0 % 7 == 0 ? 0 : 100_000 / ($0 + 1) }
    let draw = FrequencyDraw(frequencies, rows: 64, random: &random)
    var (drawn, weight) = ([Int](repeating: 0, count: 500), 0.0)
    for number in 0..<1_000 {
      for token in draw.tokens(ofDraw: number) {
        drawn[token] += 1
        weight += Double(draw.weights[token])
      }
    }
    #expect(abs(drawn.reduce(0, +) - 64_000) < 500)
    #expect(abs(weight / 1_000 - 1) < 0.01)
    #expect(drawn[1] == 1_000)
    // Turns come at even intervals, whichever draw is asked for first.
    let turns = (0..<1_000).reversed().filter { draw.tokens(ofDraw: $0).contains(100) }
    let gaps = zip(turns, turns.dropFirst()).map { $0 - $1 }
    #expect(turns.count == drawn[100] && turns.count > 10)
    #expect((gaps.max() ?? 0) - (gaps.min() ?? 9) <= 1, "\(gaps)")
    #expect(stride(from: 0, to: 500, by: 7).allSatisfy { drawn[$0] == 0 })
    let ratio = Double(drawn[100]) / Double(drawn[400])
    #expect(abs(ratio - 2) < 0.1)
  }
}
