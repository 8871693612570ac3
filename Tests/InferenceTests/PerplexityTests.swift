import FoundationEssentials
import Glibc
import Inference
import Models
import Testing
import Tokenizers

private let vocabulary = ToyTokenizer(
  ["<|end|>", " ", "a", "b", "c", " a", " b", " cab", "ab", ".", "\n", "é"], special: ["<|end|>"])

/// Remembers every token, so that a window too short or too long shows.
private let model = ToyModel.random(
  vocabularySize: 12, contextLength: 16, memory: 16, seed: 5)

private func text(words: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  let names = ["a", "ab", "cab", "b.", "abc", "é", "ba\n", "c  c"]
  var parts: [String] = []
  for _ in 0..<words {
    state = ToyModel.scrambled(state)
    parts.append(names[Int(state % UInt64(names.count))])
  }
  return Array(parts.joined(separator: " ").utf8)
}

/// Hugging Face's loop over windows, one token at a time.
private func reference(_ tokens: [Token], context: Int, stride: Int) -> [Double?] {
  var result = [Double?](repeating: nil, count: tokens.count)
  var previousEnd = 0
  for begin in Swift.stride(from: 0, to: tokens.count, by: stride) {
    let end = min(begin + context, tokens.count)
    for target in previousEnd..<end where target > begin {
      result[target] = log(
        model.probabilities(after: Array(tokens[begin..<target]))[Int(tokens[target])])
    }
    previousEnd = end
    if end == tokens.count { break }
  }
  return result
}

private func measure(
  _ documents: [[UInt8]], _ change: (inout PerplexityOptions) -> Void = { _ in }
) -> (report: PerplexityReport, documents: [ScoredDocument]) {
  var options = PerplexityOptions()
  change(&options)
  var measurement = Perplexity(model: model, tokenizer: vocabulary, options: options)
  var scored: [ScoredDocument] = []
  for document in documents { measurement.add(document) { scored.append($0) } }
  let report = measurement.finish { scored.append($0) }
  return (report, scored)
}

@Suite("Perplexity")
struct PerplexityTests {
  @Test("every window and stride gives the probabilities of Hugging Face's loop")
  func windows() {
    for (words, context) in [(40, 16), (40, 5), (3, 16), (1, 2), (5, 7)] {
      let document = text(words: words, seed: UInt64(words))
      let tokens = vocabulary.tokens(of: document)
      for stride in 1...context {
        let expected = reference(tokens, context: context, stride: stride)
        let scored = measure([document]) {
          $0.context = context
          $0.stride = stride
          $0.batchTokens = 20
        }
        let found = scored.documents[0].tokens
        #expect(found.map(\.token) == tokens)
        for (token, truth) in zip(found, expected) {
          #expect((token.logProbability == nil) == (truth == nil))
          #expect(abs(Double(token.logProbability ?? 0) - (truth ?? 0)) < 1e-5)
        }
        #expect(scored.report.tokens == expected.count { $0 != nil })
        #expect(scored.report.tokens + scored.report.unscoredTokens == tokens.count)
      }
    }
  }

  @Test("every token knows how many stood before it in its window")
  func contexts() {
    let document = text(words: 40)
    let scored = measure([document]) {
      $0.context = 10
      $0.stride = 4
    }
    for (place, token) in scored.documents[0].tokens.enumerated() where place > 0 {
      #expect(token.context <= 9 && token.context >= min(place, 6))
      #expect(token.context <= place)
    }
    let bytes = scored.documents[0].tokens.reduce(0) { $0 + $1.byteCount }
    #expect(bytes == document.count)
  }

  @Test("a model whose probabilities sum to one passes, one that lies about them does not")
  func sums() {
    #expect(measure([text(words: 9)]).report.worstSum == nil)
    let honest = measure([text(words: 30), text(words: 9, seed: 3)]) { $0.checksSums = true }
    #expect(abs((honest.report.worstSum ?? 9) - 1) < 1e-5)
    var options = PerplexityOptions()
    options.checksSums = true
    var measurement = Perplexity(model: Liar(), tokenizer: vocabulary, options: options)
    measurement.add(text(words: 30))
    #expect(abs((measurement.finish().worstSum ?? 1) - exp(-0.5)) < 1e-4)
  }

  /// A model that gives every token half a nat more than its logits say.
  private struct Liar: LanguageModel {
    var vocabularySize: Int { model.vocabularySize }
    var contextLength: Int { model.contextLength }
    func makeCache(sequences: Int, capacity: Int) -> ToyModel.Cache {
      model.makeCache(sequences: sequences, capacity: capacity)
    }
    func nextLogits(after tokens: [Token], cache: ToyModel.Cache) -> [Float] {
      model.nextLogits(after: tokens, cache: cache)
    }
    func logProbabilities(of targets: [Token], after inputs: [Token], sequences: Int) -> [Float] {
      model.logProbabilities(of: targets, after: inputs, sequences: sequences).map { $0 - 0.5 }
    }
  }

  @Test("the default stride is half the window")
  func defaults() {
    let report = measure([text(words: 3)]).report
    #expect(report.context == 16 && report.stride == 8)
  }

  @Test("documents are scored alone and handed out in order, whatever the batch")
  func documents() {
    let documents = (1..<60 as Range<UInt64>).map { text(words: Int($0 % 9), seed: $0) }
    let alone = documents.map { measure([$0]).documents[0] }
    for batch in [1, 64, 4_096] {
      let scored = measure(documents) { $0.batchTokens = batch }
      #expect(scored.documents.map(\.index) == Array(0..<59))
      for (one, other) in zip(scored.documents, alone) { #expect(one.tokens == other.tokens) }
      let nats = alone.reduce(0) { $0 + $1.nats }
      #expect(abs(scored.report.nats - nats) < 1e-9)
      #expect(scored.report.documents == 59 && scored.report.clusters == .documents)
    }
  }

  @Test("token, word and byte perplexity are one sum over three counts")
  func identities() {
    let texts = ["ab cab\n é.", " a  b ", ""].map { Array($0.utf8) }
    let report = measure(texts).report
    #expect(report.words == 5 && report.bytes == 17 && report.documents == 3)
    #expect(report.unscoredTokens == 2 && report.unscoredBytes == 4)
    let nats = report.nats
    #expect(abs(log(report.tokenPerplexity) * Double(report.tokens) - nats) < 1e-9)
    #expect(abs(log(report.wordPerplexity) * 5 - nats) < 1e-9)
    #expect(abs(log(report.bytePerplexity) * 17 - nats) < 1e-9)
    #expect(abs(report.bitsPerByte * 17 * log(2) - nats) < 1e-9)
  }

  @Test("a token in front gives the first token a context")
  func prefix() {
    let document = text(words: 4)
    let tokens = vocabulary.tokens(of: document)
    let scored = measure([document]) { $0.prefix = 0 }
    let first = log(model.probabilities(after: [0])[Int(tokens[0])])
    #expect(abs(Double(scored.documents[0].tokens[0].logProbability ?? 0) - first) < 1e-5)
    #expect(scored.report.tokens == tokens.count && scored.report.unscoredTokens == 0)
    #expect(scored.documents[0].tokens.map(\.token) == tokens)
  }

  @Test("one long text is cut into blocks for its interval")
  func blocks() throws {
    let report = measure([text(words: 400)]).report
    #expect(report.clusters == .blocks)
    let count = report.tokens + report.unscoredTokens
    #expect(report.clusterCount == count / 16)
    let interval = try #require(report.tokenPerplexityInterval)
    #expect(interval.low < report.tokenPerplexity && report.tokenPerplexity < interval.high)
    let bits = try #require(report.bitsPerByteInterval)
    let bytes = try #require(report.bytePerplexityInterval)
    #expect(abs(exp(bits.low * log(2)) - bytes.low) < 1e-9)
    // The toy's tokens are independent given their context, so clusters cost next to nothing.
    #expect((0.3...3).contains(try #require(report.designEffect)))
  }

  @Test("impossible windows are reported")
  func problems() {
    var options = PerplexityOptions()
    #expect(options.problem(longest: 16) == nil)
    options.context = 17
    #expect(options.problem(longest: 16) != nil)
    options.context = 8
    options.stride = 9
    #expect(options.problem(longest: 16) != nil)
    options.stride = 0
    #expect(options.problem(longest: 16) != nil)
  }

  @Test("the report is one object with the promised keys, null where there is no number")
  func json() throws {
    let full = try object(measure([text(words: 300)]).report)
    for key in ["token_perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte"] {
      let value = try #require(full[key] as? Double)
      let interval = try #require(full[key + "_ci95"] as? [Double])
      #expect(interval.count == 2 && interval[0] <= value && value <= interval[1])
    }
    for key in ["nats", "tokens", "words", "bytes", "documents", "context", "stride"] {
      #expect(full[key] is Double)
    }
    let empty = try object(measure([[]]).report)
    #expect(empty["token_perplexity"] is NoValue && empty["bits_per_byte_ci95"] is NoValue)
  }

  private struct NoValue {}

  private struct Value: Decodable {
    var content: Any

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        content = NoValue()
      } else if let number = try? container.decode(Double.self) {
        content = number
      } else if let numbers = try? container.decode([Double].self) {
        content = numbers
      } else if let flag = try? container.decode(Bool.self) {
        content = flag
      } else {
        content = try container.decode(String.self)
      }
    }
  }

  private func object(_ report: PerplexityReport) throws -> [String: Any] {
    let data = try JSONEncoder().encode(report)
    return try JSONDecoder().decode([String: Value].self, from: data).mapValues(\.content)
  }
}

@Suite("Word surprisal")
struct WordScorerTests {
  private let beginnings: [Token] = [0, 1, 5, 6, 7, 10]

  private func mass(after tokens: [Token], of set: [Token]) -> Double {
    let probabilities = model.probabilities(after: tokens)
    return set.reduce(0) { $0 + probabilities[Int($1)] }
  }

  @Test("a word's surprisal is the corrected product of its tokens")
  func corrected() throws {
    let tokens = vocabulary.tokens(of: Array("ab cabb a".utf8))
    #expect(tokens == [8, 7, 3, 5])
    let words = measure([Array("ab cabb a".utf8)]) { $0.scoresWords = true }.documents[0].words
    #expect(words.map { String(decoding: $0.bytes, as: UTF8.self) } == ["ab", " cabb", " a"])
    #expect(words.map(\.tokens) == [1, 2, 1])
    #expect(words[0].surprisal == nil)
    let product =
      model.probabilities(after: [8])[7] * model.probabilities(after: [8, 7])[3]
    let expected =
      product * mass(after: [8, 7, 3], of: beginnings) / mass(after: [8], of: beginnings)
    #expect(abs(try #require(words[1].tokenSurprisal) + log(product)) < 1e-5)
    #expect(abs(try #require(words[1].surprisal) + log(expected)) < 1e-5)
  }

  @Test("over a text the corrections cancel but for its ends")
  func telescope() throws {
    for seed in 1..<6 as Range<UInt64> {
      let document = text(words: 30, seed: seed)
      let tokens = vocabulary.tokens(of: document)
      let scored = measure([document]) {
        $0.scoresWords = true
        $0.prefix = 0
        $0.context = 16
        $0.stride = 1
      }.documents[0]
      #expect(scored.words.flatMap(\.bytes) == document)
      var corrected = 0.0
      for word in scored.words { corrected += try #require(word.surprisal) }
      let isSpaced = beginnings.contains(tokens[0])
      let first = mass(after: [0], of: isSpaced ? beginnings : [0, 2, 3, 4, 8, 9, 11])
      let end = ([0] + tokens).suffix(16)
      let last = mass(after: Array(end), of: beginnings)
      #expect(abs(corrected - (scored.nats + log(first) - log(last))) < 1e-3)
    }
  }
}
