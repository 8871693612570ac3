import FoundationEssentials
import Glibc
import Inference
import Models
import Testing
import Tokenizers

/// Tokens that stand for words, parts of words, and what a tokenizer with pieces would never make.
private let tokenizer = ToyTokenizer(
  ["<|end|>", " ", "a", "b", " a", " b", "ab", ".", "\n", "'", "b. "], special: ["<|end|>"])

/// One more logit than there are tokens, as models that round their vocabulary up have.
private func model(_ seed: UInt64) -> ToyModel {
  .random(vocabularySize: 12, contextLength: 32, spread: 3, memory: 3, seed: seed)
}

private struct Question {
  var context: String
  var end = ContextEnd.word
  var start: String
  var cover = ""
  var word = ""
  var followsWord = false

  func truth(_ model: ToyModel, longest: Int) -> BruteForce {
    let tokens = start.isEmpty ? [0] : tokenizer.tokens(of: Array(start.utf8))
    return BruteForce(
      model: model, tokenizer: tokenizer, after: tokens, cover: cover, word: word,
      followsWord: followsWord, longest: longest)
  }

  static let all = [
    Question(context: "ab", start: "ab", followsWord: true),
    Question(context: "ab a ", start: "ab a", cover: " "),
    Question(context: "ab  ", start: "ab", cover: "  "),
    Question(context: "b a", end: .inside, start: "b", cover: " a", word: "a"),
    Question(context: "b ab'", end: .inside, start: "b ab", cover: "'", word: "ab'"),
    Question(context: "a.", start: "a", cover: "."),
    Question(context: "a\n", start: "a", cover: "\n"),
    Question(context: "", start: ""),
    Question(context: "a", end: .inside, start: "", cover: "a", word: "a"),
  ]
}

private func predict(
  _ question: Question, _ model: ToyModel, _ change: (inout NextWordOptions) -> Void = { _ in }
) throws -> NextWordDistribution {
  var options = NextWordOptions()
  options.end = question.end
  options.top = 1_000
  change(&options)
  return try NextWordPredictor(model: model, tokenizer: tokenizer)
    .predict(after: question.context, options: options)
}

private func sum(_ result: NextWordDistribution) -> Double {
  result.words.reduce(0) { $0 + $1.probability } + result.otherWords + result.punctuation
    + result.lineBreak + result.endOfText + result.remaining
}

@Suite("Next word")
struct NextWordPredictorTests {
  @Test("all outcomes and what remains add up to 1 after any number of expansions")
  func conservation() throws {
    for question in Question.all {
      for budget in [1, 2, 5, 20, 100, 700] {
        for top in [1, 3, 1_000] {
          let result = try predict(question, model(1)) {
            $0.budget = budget
            $0.top = top
            $0.mass = 0.9999
          }
          #expect(abs(sum(result) - 1) < 1e-9)
          #expect(result.expansions <= budget)
          #expect(result.words.count <= top)
        }
      }
    }
  }

  @Test("every interval holds the truth, and what remains bounds the distance to it")
  func bounds() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      for question in Question.all {
        let model = model(seed)
        let truth = question.truth(model, longest: 7)
        // What seven tokens do not settle may go anywhere.
        let slack = truth.unsettled / truth.accepted + 1e-6
        for budget in [1, 4, 16, 64, 256, 1_024] {
          let result = try predict(question, model) {
            $0.budget = budget
            $0.mass = 1
          }
          var distance = 0.0
          for word in result.words {
            let expected = truth.probability(.word(word.word))
            #expect(word.low <= expected + slack)
            #expect(expected <= word.high + slack)
            distance += abs(word.probability - expected)
          }
          let others: [(Double, ReferenceOutcome)] = [
            (result.punctuation, .punctuation), (result.lineBreak, .lineBreak),
            (result.endOfText, .endOfText),
          ]
          for (found, outcome) in others {
            #expect(found <= truth.probability(outcome) + slack)
            distance += abs(found - truth.probability(outcome))
          }
          let listed = Set(result.words.map { ReferenceOutcome.word($0.word) })
          for case (.word(let word), let mass) in truth.mass where !listed.contains(.word(word)) {
            distance += mass / truth.accepted
          }
          #expect(distance <= result.remaining + 3 * slack)
        }
      }
    }
  }

  @Test("with time enough the search finds the truth")
  func exact() throws {
    for question in Question.all {
      let model = model(4)
      let truth = question.truth(model, longest: 8)
      let result = try predict(question, model) {
        $0.budget = 20_000
        $0.mass = 0.9995
      }
      #expect(result.remaining <= 0.0005)
      for word in result.words.prefix(5) {
        #expect(abs(word.probability - truth.probability(.word(word.word))) < 0.002)
      }
      #expect(abs(result.contextMass - truth.accepted) < 0.002)
    }
  }

  @Test("a certified list holds the likeliest words and no others")
  func certified() throws {
    var total = 0
    for seed in 10...12 as ClosedRange<UInt64> {
      for question in Question.all {
        let model = model(seed)
        let result = try predict(question, model) {
          $0.top = 4
          $0.budget = 3_000
        }
        let truth = question.truth(model, longest: 7)
        var ranked: [(word: String, mass: Double)] = []
        for case (.word(let word), let mass) in truth.mass { ranked.append((word, mass)) }
        ranked.sort { $0.mass > $1.mass }
        let certain = Set(result.words.prefix(result.certified).map(\.word))
        let best = Set(ranked.prefix(result.certified).map(\.word))
        // Seven tokens leave the reference itself in doubt about words closer than its tail.
        let gap =
          result.certified > 0
          ? ranked[result.certified - 1].mass - ranked[result.certified].mass : 0
        if gap > 2 * truth.unsettled { #expect(certain == best) }
        total += result.certified
      }
    }
    #expect(total > 75)
  }

  @Test("a search for the likeliest words ends when they are known")
  func stopping() throws {
    let result = try predict(Question.all[0], model(2)) { $0.top = 1 }
    #expect(result.certified == 1 && result.expansions < 200 && result.remaining > 0)
    let settled = try predict(Question.all[0], model(2)) { $0.mass = 0.9 }
    #expect(settled.remaining <= 0.1 && settled.remaining > 0.01)
  }

  @Test("a word of one token has the corrected probability of Pimentel and Meister")
  func corrected() throws {
    // Neither tokens that cross words nor apostrophes, which no set of word beginnings can express.
    let plain = ToyTokenizer(["<|end|>", " a", " b", "a", "b", ".", "\n"], special: ["<|end|>"])
    let model = ToyModel.random(vocabularySize: 7, contextLength: 32, memory: 3, seed: 8)
    var options = NextWordOptions()
    options.mass = 0.99999
    let result = try NextWordPredictor(model: model, tokenizer: plain)
      .predict(after: "b ab", options: options)
    let context = plain.tokens(of: Array("b ab".utf8))
    func boundary(_ tokens: [Token]) -> Double {
      let shares = model.probabilities(after: tokens)
      return shares[0] + shares[1] + shares[2] + shares[5] + shares[6]
    }
    let word = try #require(result.words.first { $0.word == "a" })
    let expected =
      model.probabilities(after: context)[1] * boundary(context + [1]) / boundary(context)
    #expect(abs(word.probability - expected) < 1e-6)
    #expect(word.tokens == [1])
    #expect(abs(result.contextMass - boundary(context)) < 1e-6)
  }

  @Test("words drawn at random fall inside the intervals")
  func monteCarlo() throws {
    let model = model(6)
    let question = Question(context: "b ab ", start: "b ab", cover: " ")
    let result = try predict(question, model) { $0.budget = 60 }
    let reference = question.truth(model, longest: 7)
    var counts: [String: Double] = [:]
    var accepted = 0.0
    for stream in 0..<6_000 as Range<UInt64> {
      var sampler = Sampler(.plain, seed: 9, stream: stream)
      var tokens = tokenizer.tokens(of: Array("b ab".utf8))
      var text: [UInt8] = []
      var reader = WordReader(at: .gap)
      var word: [UInt8] = []
      var verdict = WordReader.Verdict.undecided
      var isAccepted = true
      while verdict == .undecided, isAccepted {
        let drawn = sampler.sample(model.logits(tokens)[..<11]).token
        tokens.append(drawn)
        if tokenizer.isSpecial(drawn) {
          isAccepted = !text.isEmpty
          verdict = reader.end()
        } else {
          let bytes = tokenizer.bytes(of: drawn)
          text += bytes
          isAccepted = text[0] == 0x20
          let rest = text.count == bytes.count ? bytes.dropFirst() : bytes[...]
          verdict = reader.read(rest, word: &word)
        }
      }
      if isAccepted { accepted += 1 }
      if isAccepted, verdict == .word {
        counts[String(decoding: word, as: UTF8.self), default: 0] += 1
      }
    }
    #expect(result.words.count > 5 && reference.unsettled < 0.05)
    for word in result.words.prefix(10) {
      let share = (counts[word.word] ?? 0) / accepted
      let error = 4 * ((share * (1 - share) + 1 / accepted) / accepted).squareRoot()
      #expect(word.low - error <= share && share <= word.high + error)
    }
  }

  @Test("characters cut in two by tokens are put together")
  func splitCharacters() throws {
    let bytes: [[UInt8]] = [
      Array("<|end|>".utf8), [0x20], [0x20, 0xC3], [0xA9], [0xC3, 0xA9, 0x74], [0x74], [0x2E],
    ]
    let tokenizer = ToyTokenizer(bytes: bytes, special: ["<|end|>"])
    let random = ToyModel.random(vocabularySize: 7, contextLength: 32, memory: 2, seed: 3)
    // Without the token " " there is but one way to "é".
    let model = ToyModel(vocabularySize: 7, contextLength: 32) { tokens in
      var logits = random.logits(tokens)
      logits[1] = -80
      return logits
    }
    var options = NextWordOptions()
    options.mass = 0.99999
    options.budget = 20_000
    let result = try NextWordPredictor(model: model, tokenizer: tokenizer)
      .predict(after: "t", options: options)
    #expect(abs(sum(result) - 1) < 1e-9)
    let word = try #require(result.words.first { $0.word == "é" })
    let start = tokenizer.tokens(of: Array("t".utf8))
    let first = model.probabilities(after: start)
    let path = first[2] * model.probabilities(after: start + [2])[3]
    let last = model.probabilities(after: start + [2, 3])
    // A lone second byte is no character, and so no letter.
    let ending = last[0] + last[1] + last[2] + last[3] + last[6]
    #expect(abs(word.low - path * ending / result.contextMass) < 1e-4)
    #expect(word.tokens == [2, 3])
  }

  @Test("long contexts lose their beginning, and say so")
  func truncated() throws {
    let long = Array(repeating: "ab", count: 60).joined(separator: " ")
    let result = try predict(Question(context: long, start: ""), model(1)) { $0.budget = 50 }
    #expect(result.isTruncated && abs(sum(result) - 1) < 1e-9)
    #expect(try predict(Question.all[0], model(1)) { $0.budget = 5 }.isTruncated == false)
  }

  @Test("without a token to start from there is an error with a hint")
  func noStart() {
    let bare = ToyTokenizer(["a", " a", " "])
    let model = ToyModel.random(vocabularySize: 3)
    #expect(throws: NextWordError.noStart) {
      try NextWordPredictor(model: model, tokenizer: bare).predict(after: "")
    }
    #expect(NextWordError.noStart.hint != nil)
  }

  @Test("the distribution is one object with the promised keys")
  func json() throws {
    let result = try predict(Question.all[0], model(1)) { $0.budget = 50 }
    let text = String(decoding: try JSONEncoder().encode(result), as: UTF8.self)
    for key in [
      "context", "words", "word", "probability", "low", "high", "tokens", "remaining",
      "end_of_text", "expansions", "entropy", "punctuation", "line_break", "other_words",
    ] { #expect(text.contains("\"\(key)\":")) }
  }
}

@Suite("Next token")
struct NextTokenTests {
  @Test("the likeliest tokens come with their probabilities, in falling order")
  func top() {
    let model = model(3)
    let generator = Generator(model: model, tokenizer: tokenizer)
    let truth = model.probabilities(after: [6, 4])
    let found = generator.nextTokens(after: [6, 4], top: 5)
    let order = truth.indices.sorted { truth[$0] > truth[$1] }.prefix(5).map { Token($0) }
    #expect(found.map(\.id) == order)
    for token in found {
      #expect(abs(token.probability - truth[Int(token.id)]) < 1e-6)
      #expect(abs(exp(token.logProbability) - token.probability) < 1e-12)
    }
    #expect(generator.nextTokens(after: [6], top: 100).count == 12)
  }
}
