import Glibc
import Inference
import Testing
import Tokenizers

private let tokenizer = ToyTokenizer(
  ["<|end|>", " ", "a", "b", " a", " b", "ab", " ab", "ba", "."], special: ["<|end|>"])

private func model(_ seed: UInt64) -> ToyModel {
  .random(vocabularySize: 11, contextLength: 32, spread: 2, memory: 3, seed: seed)
}

@Suite("Prompts")
struct PromptTests {
  @Test("what a continuation could change is taken back to where its piece begins")
  func cuts() {
    func prompt(_ text: String) -> ([Token], String) {
      let prompt = Prompt(text, tokenizer: tokenizer)
      return (prompt.tokens, String(decoding: prompt.cover, as: UTF8.self))
    }
    #expect(prompt("b a") == ([3], " a"))
    #expect(prompt("b a ") == ([3, 4], " "))
    #expect(prompt("b a.") == ([3, 4], "."))
    #expect(prompt("ab  ") == ([6], "  "))
    // Nothing stands fast: the end of the text begins every document.
    #expect(prompt("ab") == ([0], "ab"))
    #expect(prompt("") == ([0], ""))
    let whole = Prompt("b a", tokenizer: tokenizer, isWhole: true)
    #expect(whole.tokens == [3, 4] && whole.cover.isEmpty)
    let bare = Prompt("ab", tokenizer: ToyTokenizer(["a", "b", "ab"]))
    #expect(bare.tokens == [2] && bare.cover.isEmpty)
  }

  /// The probability of every text of `length` more bytes behind `cover`, over all token paths.
  private func truth(
    _ model: ToyModel, after start: [Token], cover: String, length: Int
  ) -> [String: Double] {
    var result: [String: Double] = [:]
    func visit(_ tokens: [Token], _ text: String, _ mass: Double) {
      if text.utf8.count >= cover.utf8.count + length || tokens.last == 0 && !text.isEmpty {
        if text.hasPrefix(cover) {
          let rest = String(text.dropFirst(cover.count).prefix(length))
          result[rest, default: 0] += mass
        }
        return
      }
      let shares = model.probabilities(after: tokens).prefix(10)
      let total = shares.reduce(0, +)
      for (index, share) in shares.enumerated() {
        let next =
          index == 0 ? "#" : String(decoding: tokenizer.bytes(of: Token(index)), as: UTF8.self)
        let longer = text + next
        guard cover.hasPrefix(longer) || longer.hasPrefix(cover) else { continue }
        if index == 0 {
          guard text.hasPrefix(cover) else { continue }
          let rest = String(text.dropFirst(cover.count)) + "#"
          result[rest, default: 0] += mass * share / total
        } else {
          visit(tokens + [Token(index)], longer, mass * share / total)
        }
      }
    }
    visit(start, "", 1)
    let total = result.values.reduce(0, +)
    return result.mapValues { $0 / total }
  }

  @Test("samples of an open prompt follow the model's distribution over texts that begin with it")
  func exact() {
    for (text, start, cover) in [
      ("b a", [3] as [Token], " a"), ("b ", [3], " "), ("b ab", [3], " ab"),
    ] {
      let model = model(4)
      let expected = truth(model, after: start, cover: cover, length: 2)
      var options = GenerationOptions()
      options.chain = .plain
      options.count = 4_000
      options.maximumTokens = 3
      let found = Generator(model: model, tokenizer: tokenizer)
        .generate(after: Prompt(text, tokenizer: tokenizer), options: options)
      var counts: [String: Double] = [:]
      for sample in found {
        let text = String((sample.text + (sample.ending == .endOfText ? "#" : "")).prefix(2))
        counts[text, default: 0] += 1
      }
      #expect(expected.count > 10)
      for (text, share) in expected where share > 0.01 {
        let error = 4.5 * (share * (1 - share) / 4_000).squareRoot()
        #expect(abs((counts[text] ?? 0) / 4_000 - share) < error, "\(text)")
      }
    }
  }

  @Test("tokens that spell nothing but the prompt's end stand apart from those that are new")
  func reported() {
    var options = GenerationOptions()
    options.chain = .plain
    options.count = 30
    options.maximumTokens = 2
    let model = model(7)
    let prompt = Prompt("b ab", tokenizer: tokenizer)
    for sample in Generator(model: model, tokenizer: tokenizer).generate(
      after: prompt, options: options)
    {
      let all = sample.promptTokens + sample.tokens.map(\.token)
      #expect(
        all.prefix(sample.promptTokens.count + 1).flatMap { tokenizer.bytes(of: $0) }
          .starts(with: Array(" ab".utf8)))
      #expect(sample.promptTokens.flatMap { tokenizer.bytes(of: $0) }.count <= 3)
      #expect(sample.tokens.count <= 2)
      var before = prompt.tokens + sample.promptTokens
      for token in sample.tokens {
        // Logits of what the tokenizer does not know are no part of the distribution.
        let shares = model.probabilities(after: before).prefix(10)
        let expected = log(shares[Int(token.token)] / shares.reduce(0, +))
        #expect(abs(Double(token.logProbability) - expected) < 1e-4)
        before.append(token.token)
      }
    }
  }

  @Test("a text that the prompt's last token completes may already be over")
  func over() {
    let prompt = Prompt("b ab", tokenizer: tokenizer)
    var options = GenerationOptions()
    options.chain = .plain
    options.count = 40
    options.maximumTokens = 1
    let generator = Generator(model: model(9), tokenizer: tokenizer)
    for sample in generator.generate(after: prompt, options: options) {
      #expect(sample.tokens.count == 1 && sample.ending != .interrupted)
    }
    options.maximumTokens = 9
    options.stops = ["a", "b", " ", "."]
    for sample in generator.generate(after: prompt, options: options) {
      #expect(sample.text.isEmpty && [.stop, .endOfText].contains(sample.ending))
    }
  }

  @Test("the greedy chain takes the likeliest spelling, and samples do not depend on each other")
  func groups() {
    let model = model(9)
    let generator = Generator(model: model, tokenizer: tokenizer)
    let prompt = Prompt("b ab", tokenizer: tokenizer)
    var options = GenerationOptions()
    options.chain = .plain
    options.maximumTokens = 6
    options.count = 12
    let many = generator.generate(after: prompt, options: options)
    #expect(Set(many.map(\.promptTokens.count)).count > 1)
    for count in [1, 5] {
      options.count = count
      let few = generator.generate(after: prompt, options: options)
      #expect(few.map(\.text) == many.prefix(count).map(\.text))
    }
    // Samples of a second group are not begun when the caller has had enough of the first.
    options.count = 12
    var events = 0
    let interrupted = generator.generate(after: prompt, options: options) { _ in
      events += 1
      return events < 2
    }
    let begun = Set(interrupted.filter { !$0.promptTokens.isEmpty }.map(\.promptTokens.count))
    #expect(begun.count == 1)
    #expect(interrupted.contains { $0.ending == .interrupted && $0.tokens.isEmpty })
    options.chain = .greedy
    let first = generator.generate(after: prompt, options: options)
    #expect(Set(first.map(\.text)).count == 1)
  }
}

@Suite("Beam search")
struct BeamSearchTests {
  /// All texts of up to `longest` tokens, best first.
  private func truth(_ model: ToyModel, longest: Int, penalty: Double) -> [([Token], Double)] {
    var found: [([Token], Double)] = []
    func visit(_ tokens: [Token], _ score: Double) {
      let shares = model.probabilities(after: [3] + tokens)
      for index in 0..<10 {
        let next = tokens + [Token(index)]
        let sum = score + log(shares[index])
        if index == 0 || next.count == longest {
          found.append((next, sum / pow(Double(next.count), penalty)))
        } else {
          visit(next, sum)
        }
      }
    }
    visit([], 0)
    return found.sorted { $0.1 > $1.1 }
  }

  @Test("with beams enough the best texts of all are found", arguments: [0, 0.5, 1, 2])
  func exhaustive(penalty: Double) {
    for seed in 1...3 as ClosedRange<UInt64> {
      let model = model(seed)
      var options = BeamOptions()
      options.beams = 1_000
      options.count = 5
      options.maximumTokens = 4
      options.lengthPenalty = penalty
      let found = Generator(model: model, tokenizer: tokenizer)
        .beams(after: Prompt(tokens: [3]), options: options)
      let expected = truth(model, longest: 4, penalty: penalty).prefix(5)
      #expect(found.map(\.tokens) == expected.map(\.0))
      for (beam, best) in zip(found, expected) {
        #expect(abs(beam.score - best.1) < 1e-5)
        #expect(beam.isEnded == (beam.tokens.last == 0))
      }
    }
  }

  @Test("one beam is the greedy text; more never find less likely ones of equal length")
  func widths() {
    let model = model(5)
    let generator = Generator(model: model, tokenizer: tokenizer)
    var generation = GenerationOptions()
    generation.chain = .greedy
    generation.maximumTokens = 8
    let greedy = generator.generate(after: [3], options: generation)[0]
    var options = BeamOptions()
    options.beams = 1
    options.maximumTokens = 8
    let single = generator.beams(after: Prompt(tokens: [3]), options: options)[0]
    #expect(single.tokens == greedy.tokens.map(\.token))
    #expect(single.text == greedy.text)
    options.beams = 6
    let wide = generator.beams(after: Prompt(tokens: [3]), options: options)[0]
    #expect(wide.score >= single.score - 1e-6)
  }

  @Test("an open prompt is spelt anew, and the text goes on behind it")
  func cover() {
    let generator = Generator(model: model(6), tokenizer: tokenizer)
    var options = BeamOptions()
    options.beams = 3
    options.count = 3
    options.maximumTokens = 3
    let found = generator.beams(after: Prompt("b a", tokenizer: tokenizer), options: options)
    #expect(found.count == 3 && found.allSatisfy { $0.tokens.count <= 3 })
  }
}
