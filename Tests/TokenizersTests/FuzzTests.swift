/// Damaged files are refused or read, and random ids decoded, without a crash, a hang or wrong bytes.

import Testing
import Tokenizers

@Suite("Damaged input")
struct FuzzTests {
  /// Replaces, removes, inserts, repeats or cuts off some bytes.
  private func damaged(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    func number(_ limit: Int) -> Int { Int(random.next() % UInt64(max(limit, 1))) }
    let spare =
      Array("\"\\{}[],:0189 \n\r\t=/+AZaz\u{0}\u{7F}".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF]
    for _ in 0...number(3) where bytes.count > 2 {
      let place = number(bytes.count)
      switch number(6) {
      case 0: bytes[place] = UInt8(number(256))
      case 1: bytes[place] = spare[number(spare.count)]
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(spare[number(spare.count)], at: place)
      case 4: bytes.removeLast(min(number(40), bytes.count - 1))
      default:
        let end = min(bytes.count, place + number(30))
        bytes.insert(contentsOf: Array(bytes[place..<end]), at: number(bytes.count))
      }
    }
    return bytes
  }

  /// Uses a tokenizer that was read from a damaged file: what it encodes it must be able to decode.
  private func use(_ tokenizer: Tokenizer) {
    let text = "Hello the 中文字 don't  123\r\n <|endoftext|>"
    for allowSpecial in [false, true] {
      let tokens = tokenizer.encode(text, allowSpecial: allowSpecial)
      _ = tokenizer.decode(tokens)
      #expect(tokens.allSatisfy { $0 < tokenizer.vocabularySize })
    }
    var decoder = StreamingDecoder(tokenizer)
    for token in 0..<Token(min(50, tokenizer.vocabularySize)) { _ = decoder.append(token) }
  }

  @Test("a damaged tokenizer.json", arguments: [1, 2, 3, 4])
  func json(seed: UInt64) throws {
    var trainer = BPETrainer(.init(vocabularySize: 300, pattern: .llama3))
    Array("the cat the hat the bat\n".utf8).withUnsafeBytes { trainer.add($0) }
    let original = try trainer.train().json()
    var random = SplitMix(seed: seed)
    var refused = 0
    for _ in 0..<700 {
      do throws(TokenizerError) {
        use(try Tokenizer(json: damaged(original, &random)))
      } catch {
        refused += 1
        #expect(!error.description.isEmpty)
      }
    }
    #expect(refused > 100)
  }

  @Test("a damaged .tiktoken file names the line")
  func tiktoken() throws {
    var trainer = BPETrainer(.init(vocabularySize: 300, specialTokens: []))
    Array("the cat the hat the bat\n".utf8).withUnsafeBytes { trainer.add($0) }
    let original = try trainer.train().tiktoken()
    var random = SplitMix(seed: 5)
    for _ in 0..<300 {
      do {
        try withTemporaryFile(damaged(original, &random), name: "x.tiktoken") {
          use(try Tokenizer(contentsOf: $0, pattern: .gpt2))
        }
      } catch let error as TokenizerError {
        #expect(error.description.contains("line"), "\(error.description)")
      }
    }
  }

  @Test("damaged merges.txt and vocab.json")
  func mergesText() throws {
    var trainer = BPETrainer(.init(vocabularySize: 300, specialTokens: []))
    Array("the cat the hat the bat\n".utf8).withUnsafeBytes { trainer.add($0) }
    let original = try trainer.train().mergesText()
    var random = SplitMix(seed: 6)
    for round in 0..<300 {
      let isVocabulary = round % 2 == 0
      let vocabulary = isVocabulary ? damaged(original.vocabulary, &random) : original.vocabulary
      let merges = isVocabulary ? original.merges : damaged(original.merges, &random)
      do {
        try withTemporaryFolder(["vocab.json": vocabulary, "merges.txt": merges]) {
          use(try Tokenizer(contentsOf: $0))
        }
      } catch let error as TokenizerError {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test("random ids, of which some stand for nothing, give valid UTF-8 in a stream")
  func decoding() throws {
    let tokenizer = try smallTokenizer(.o200k)
    var random = SplitMix(seed: 7)
    for _ in 0..<300 {
      let ids = (0..<40).map { _ in
        Token(truncatingIfNeeded: random.next() % UInt64(tokenizer.vocabularySize + 5))
      }
      var decoder = StreamingDecoder(tokenizer)
      var text = ""
      for id in ids { text += decoder.append(id) }
      text += decoder.finish()
      #expect(text == String(decoding: tokenizer.decode(ids), as: UTF8.self))
    }
  }
}
