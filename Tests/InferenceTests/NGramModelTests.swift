import FoundationEssentials
import Glibc
import Inference
import Testing
import Tokenizers

/// A text and what KenLM makes of it, by scripts/oracle-ngrams.py.
private struct Golden: Decodable {
  var order: Int
  var vocabulary: Int
  var end: Token
  var ngrams: [Int]
  var training: [[Token]]
  var tests: [[Token]]
  var log10: [[Double]]

  static func load() throws -> Golden {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let path = folder.joined(separator: "/") + "/Goldens/ngrams.json"
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(filePath: path)))
  }
}

/// Documents of a few tokens that follow one another unevenly.
private func documents(_ count: Int, tokens: Int, seed: UInt64) -> [[Token]] {
  var state = seed
  return (0..<count).map { _ in
    var last = 0
    return (0..<12).map { _ in
      state = ToyModel.scrambled(state)
      last = (last * 3 + Int(state % 5) * Int(state >> 8 % 3)) % tokens
      return Token(last)
    }
  }
}

@Suite("N-gram model")
struct NGramModelTests {
  @Test(
    "the probabilities are KenLM's, at document beginnings and ends and for unseen contexts too")
  func kenLM() throws {
    let golden = try Golden.load()
    let model = NGramModel(
      documents: golden.training.map { $0 + [golden.end] }, order: golden.order,
      vocabularySize: golden.vocabulary)
    #expect(model.ordersWithFallback.isEmpty)
    // KenLM counts <s> and <unk> among the single tokens, and n-grams that begin with <s>.
    #expect(model.ngrams[0] == golden.ngrams[0] - 2)
    #expect(Array(model.ngrams[1...]) == Array(golden.ngrams[1...]))
    for (test, expected) in zip(golden.tests, golden.log10) {
      let found = model.logProbabilities(of: test + [golden.end]).map { $0 / log(10) }
      #expect(found.count == expected.count)
      for (one, other) in zip(found, expected) { #expect(abs(one - other) < 2e-5) }
    }
  }

  @Test("probabilities sum to one in every context, seen or not, also where discounts are guessed")
  func sums() {
    for (count, order) in [(2, 5), (40, 1), (40, 3), (400, 5)] {
      let model = NGramModel(
        documents: documents(count, tokens: 9, seed: 4), order: order, vocabularySize: 11)
      for context in [[], [0], [10], [3, 1], [0, 0, 0, 0], [1, 2, 3, 4, 5, 6]] as [[Token]] {
        for isStart in [false, true] {
          let sum = (0..<11 as Range<Token>).reduce(0.0) {
            $0 + model.probability(of: $1, after: context, isStart: isStart)
          }
          #expect(abs(sum - 1) < 1e-12)
        }
      }
    }
  }

  @Test("counts, discounts and back-off are those of the formulas, worked by brute force")
  func bruteForce() {
    let texts = documents(60, tokens: 7, seed: 9)
    let model = NGramModel(documents: texts, order: 3, vocabularySize: 8)
    let reference = ReferenceNGrams(texts, order: 3, vocabularySize: 8)
    for document in documents(5, tokens: 8, seed: 77) {
      for index in document.indices {
        let context = Array(document[..<index])
        let expected = reference.probability(document[index], [8] + context)
        let found = model.probability(of: document[index], after: context, isStart: true)
        #expect(abs(found - expected) < 1e-12)
      }
    }
  }

  @Test("an empty corpus gives the uniform distribution")
  func empty() {
    let model = NGramModel(documents: [], order: 5, vocabularySize: 4)
    #expect(abs(model.probability(of: 2, after: [1, 3], isStart: true) - 0.25) < 1e-12)
    #expect(model.trainingTokens == 0 && model.ngrams == [0, 0, 0, 0, 0])
  }
}

/// Interpolated modified Kneser-Ney by dictionaries, as its formulas say.
private struct ReferenceNGrams {
  var counts: [[Token]: Double] = [:]
  let discounts: [[Double]]
  let vocabularySize: Int
  let order: Int

  init(_ texts: [[Token]], order: Int, vocabularySize: Int) {
    self.order = order
    self.vocabularySize = vocabularySize
    let mark = Token(vocabularySize)
    var raw: [[Token]: Double] = [:]
    for text in texts {
      let padded = [mark] + text
      for start in padded.indices {
        for length in 1...order where start + length <= padded.count {
          raw[Array(padded[start..<start + length]), default: 0] += 1
        }
      }
    }
    for (ngram, count) in raw where ngram != [mark] {
      if ngram.count == order || ngram[0] == mark {
        counts[ngram] = count
      } else {
        let before = (0...mark).count { raw[[$0] + ngram] != nil }
        counts[ngram] = Double(before)
      }
    }
    let counts = counts
    discounts = (1...order).map { length in
      let having = (1...4).map { k in
        Double(counts.count { $0.key.count == length && $0.value == Double(k) })
      }
      guard having.allSatisfy({ $0 > 0 }) else { return [0.5, 1, 1.5] }
      let y = having[0] / (having[0] + 2 * having[1])
      let found = (1...3).map { Double($0) - Double($0 + 1) * y * having[$0] / having[$0 - 1] }
      let isPossible = zip(found, 1...3).allSatisfy { $0 >= 0 && $0 <= Double($1) }
      return isPossible ? found : [0.5, 1, 1.5]
    }
  }

  func probability(_ token: Token, _ context: [Token]) -> Double {
    let context = Array(context.suffix(order - 1))
    let following = (0..<Token(vocabularySize)).compactMap { counts[context + [$0]] }
    let lower =
      context.isEmpty
      ? 1 / Double(vocabularySize) : probability(token, Array(context.dropFirst()))
    let total = following.reduce(0, +)
    if total == 0 { return lower }
    let discount = { (count: Double) in discounts[context.count][min(Int(count), 3) - 1] }
    let left = following.reduce(0) { $0 + discount($1) } / total
    let own = counts[context + [token]].map { ($0 - discount($0)) / total } ?? 0
    return own + left * lower
  }
}
