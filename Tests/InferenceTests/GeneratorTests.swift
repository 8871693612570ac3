import Glibc
import Inference
import Models
import Testing
import Tokenizers

private let letters = ToyTokenizer(
  ["<|end|>"] + "abcdefghijklmnopqrstuvwxyz .".map { String($0) }, special: ["<|end|>"])

/// Says the alphabet: after each letter the next, after z the end of the text.
private let alphabet = ToyModel(vocabularySize: 29, contextLength: 8) { tokens in
  var logits = [Float](repeating: 0, count: 29)
  let last = tokens.last ?? 0
  logits[last < 26 ? Int(last) + 1 : 0] = 30
  return logits
}

@Suite("Generator")
struct GeneratorTests {
  private func options(_ tokens: Int, _ change: (inout GenerationOptions) -> Void = { _ in })
    -> GenerationOptions
  {
    var options = GenerationOptions()
    options.maximumTokens = tokens
    change(&options)
    return options
  }

  @Test("text goes on past the window and ends with the end of the text")
  func endOfText() {
    let generator = Generator(model: alphabet, tokenizer: letters)
    let sample = generator.generate(
      after: letters.tokens(of: Array("abc".utf8)), options: options(100))[0]
    #expect(sample.text == "defghijklmnopqrstuvwxyz")
    #expect(sample.ending == .endOfText && sample.tokens.last?.token == 0)
    #expect(sample.tokens.count == 24)
  }

  @Test("text ends before a stop text, or after as many tokens as asked for")
  func endings() {
    let generator = Generator(model: alphabet, tokenizer: letters)
    let stopped = generator.generate(after: [1], options: options(100) { $0.stops = ["hij"] })[0]
    #expect(stopped.text == "bcdefg" && stopped.ending == .stop)
    let short = generator.generate(after: [1], options: options(3) { $0.stops = ["de"] })[0]
    #expect(short.text == "bcd" && short.ending == .length && short.tokens.count == 3)
    let none = generator.generate(after: [1], options: options(0))[0]
    #expect(none.text.isEmpty && none.ending == .length)
  }

  @Test("a full window begins again with its last half")
  func window() {
    // A model that reports the number of tokens it sees.
    let counting = ToyModel(vocabularySize: 29, contextLength: 8) { tokens in
      var logits = [Float](repeating: 0, count: 29)
      logits[tokens.count] = 30
      return logits
    }
    let generator = Generator(model: counting, tokenizer: letters)
    let sample = generator.generate(
      after: [1, 1, 1], options: options(12) { $0.chain = .greedy })[0]
    #expect(sample.tokens.map(\.token) == [3, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 4])
    let long = generator.generate(
      after: [Token](repeating: 1, count: 20), options: options(2) { $0.chain = .greedy })[0]
    #expect(long.tokens.map(\.token) == [8, 4])
  }

  @Test("events carry the whole text, sample by sample, and can end the run")
  func events() {
    let model = ToyModel.random(vocabularySize: 29, contextLength: 16)
    let generator = Generator(model: model, tokenizer: letters)
    var texts = ["", "", ""]
    var counts = [0, 0, 0]
    let samples = generator.generate(after: [3], options: options(40) { $0.count = 3 }) { event in
      switch event {
      case .text(let sample, let text): texts[sample] += text
      case .token(let sample, _): counts[sample] += 1
      }
      return true
    }
    #expect(texts == samples.map(\.text))
    #expect(counts == samples.map(\.tokens.count))
    var events = 0
    let interrupted = generator.generate(after: [1], options: options(40)) { _ in
      events += 1
      return events < 7
    }[0]
    #expect(interrupted.ending == .interrupted && interrupted.tokens.count < 8)
  }

  @Test("a sample does not depend on how many others are drawn with it")
  func batch() {
    let model = ToyModel.random(vocabularySize: 29, contextLength: 16)
    let generator = Generator(model: model, tokenizer: letters)
    func tokens(_ count: Int) -> [[Token]] {
      generator.generate(after: [2, 5], options: options(50) { $0.count = count })
        .map { $0.tokens.map(\.token) }
    }
    let five = tokens(5)
    #expect(tokens(1)[0] == five[0])
    #expect(tokens(3) == Array(five[..<3]))
    #expect(Set(five).count == 5)
    // Samples end at different times, so sequences have left the batch on the way.
    #expect(Set(five.map(\.count)).count > 1)
  }

  @Test("an empty prompt begins where documents begin")
  func emptyPrompt() {
    let generator = Generator(model: alphabet, tokenizer: letters)
    #expect(generator.tokens(ofPrompt: "") == [0])
    #expect(generator.tokens(ofPrompt: "ab") == [1, 2])
    #expect(generator.generate(after: [0], options: options(3))[0].text == "abc")
  }
}
