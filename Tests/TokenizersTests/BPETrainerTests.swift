/// Training gives Hugging Face's merges, byte for byte.

import Testing
import Tokenizers

@Suite("Training")
struct BPETrainerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var file: String
    var corpus: String
    var options: BPETrainer.Options
    var testDescription: String { file }
  }

  static let cases = [
    Case(
      file: "pp_gpt2regex_v2000", corpus: "pride_and_prejudice",
      options: .init(vocabularySize: 2000)),
    Case(
      file: "pp_llama3regex_v3000_minfreq2", corpus: "pride_and_prejudice",
      options: .init(
        vocabularySize: 3000, pattern: .llama3,
        specialTokens: ["<|begin_of_text|>", "<|end_of_text|>"], minFrequency: 2)),
    Case(
      file: "wagahai_qwen2regex_v3000", corpus: "wagahai_ja",
      options: .init(vocabularySize: 3000, pattern: .qwen2)),
    Case(
      file: "pp_gpt2regex_v600_maxlen6", corpus: "pride_and_prejudice",
      options: .init(vocabularySize: 600, specialTokens: [], maxTokenLength: 6)),
  ]

  @Test(
    "the file is the one that Hugging Face writes, byte for byte",
    .enabled(if: Shared.isPresent, Shared.missing), arguments: cases)
  func sameFile(_ example: Case) throws {
    var trainer = BPETrainer(example.options)
    try Shared.bytes("corpus/\(example.corpus).txt.zst").withUnsafeBytes { trainer.add($0) }
    let tokenizer = try trainer.train()
    let expected = try Shared.bytes("hf_trained/\(example.file).tokenizer.json")
    let json = tokenizer.json()
    let difference = zip(json, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    #expect(difference == nil)
    #expect(json.count == expected.count)
  }

  @Test("counts of several trainers add up to those of one")
  func severalTrainers() throws {
    let one = BPETrainer(.init(vocabularySize: 500, pattern: .cl100k))
    var all = one
    var parts = [one.makeAnother(), one.makeAnother(), one.makeAnother()]
    var texts = RandomText(seed: 53)
    for index in 0..<300 {
      let bytes = texts.bytes() + [UInt8](repeating: 97, count: index % 40)
      bytes.withUnsafeBytes {
        all.add($0)
        parts[index % 3].add($0)
      }
    }
    var sum = one
    for part in parts { sum.add(part) }
    #expect(sum.distinctPieces == all.distinctPieces)
    #expect(sum.byteCount == all.byteCount)
    #expect(try sum.train().json() == all.train().json())
  }

  @Test("merges are those of counting everything anew, on random corpora with long runs")
  func sameAsNaive() throws {
    var random = SplitMix(seed: 7)
    for _ in 0..<150 {
      let letters = Array("abc ".utf8.prefix(1 + Int(random.next() % 4)))
      let documents = (0..<(1 + random.next() % 4)).map { _ in
        (0..<(1 + random.next() % 60)).map { _ in
          letters[Int(random.next() % UInt64(letters.count))]
        }
      }
      let limit = random.next() % 3 == 0 ? Int(2 + random.next() % 6) : nil
      var trainer = BPETrainer(
        .init(
          vocabularySize: 290, specialTokens: [], minFrequency: Int(random.next() % 3),
          maxTokenLength: limit))
      let minimum = Int(random.next() % 3)
      trainer = BPETrainer(
        .init(
          vocabularySize: 290, specialTokens: [], minFrequency: minimum, maxTokenLength: limit))
      for document in documents { document.withUnsafeBytes { trainer.add($0) } }
      let tokenizer = try trainer.train()
      let naive = Reference.train(
        documents, pattern: tokenizer, size: 290, minFrequency: minimum, maxTokenLength: limit)
      #expect(
        tokenizer.merges.map { [$0.left, $0.right] } == naive,
        "\(documents.map { String(decoding: $0, as: UTF8.self) })")
    }
  }

  @Test("a vocabulary that does not hold the bytes is refused with the least size")
  func tooSmall() {
    let trainer = BPETrainer(.init(vocabularySize: 200))
    #expect(throws: TokenizerError.self) { try trainer.train() }
  }

  @Test("an empty corpus is refused")
  func empty() {
    let trainer = BPETrainer(.init(vocabularySize: 300))
    #expect(throws: TokenizerError.self) { try trainer.train() }
  }

  @Test("a pattern of one's own goes through ICU and gives what the scanner gives")
  func ownPattern() throws {
    let text = Array("the cat's 1234 hats, the cats' hats\n\n  and 'tis all\r\n".utf8)
    let pattern = try SplitPattern("(?:" + SplitPattern.llama3.regex + ")")
    #expect(pattern.name == nil)
    var trainers = [
      BPETrainer.Options(vocabularySize: 280, pattern: pattern),
      BPETrainer.Options(vocabularySize: 280, pattern: .llama3),
    ].map { BPETrainer($0) }
    for index in trainers.indices { text.withUnsafeBytes { trainers[index].add($0) } }
    let merges = try trainers.map { try $0.train().merges.map { [$0.left, $0.right] } }
    #expect(merges[0] == merges[1])
  }
}
