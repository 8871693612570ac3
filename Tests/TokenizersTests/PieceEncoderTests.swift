/// Encoding equals the definition, in every length of piece, chunking and thread.

import Testing
import Tokenizers

@Suite("Encoding")
struct PieceEncoderTests {
  @Test("tokens are what merging pieces pair by pair gives", arguments: SplitPattern.named)
  func sameAsReference(_ pattern: SplitPattern) throws {
    let tokenizer = try smallTokenizer(pattern)
    var ranks: [[Token]: (rank: Int, token: Token)] = [:]
    let first = tokenizer.vocabularySize - tokenizer.merges.count
    for (rank, merge) in tokenizer.merges.enumerated() {
      ranks[[merge.left, merge.right]] = (rank, Token(first + rank))
    }
    var byteTokens: [UInt8: Token] = [:]
    for token in 0..<Token(first) where !tokenizer.isSpecial(token) {
      byteTokens[tokenizer.bytes(of: token)[0]] = token
    }
    var texts = RandomText(seed: 21)
    for round in 0..<300 {
      var text = texts.text()
      if round % 10 == 0 { text = String(repeating: text, count: 20) }
      let bytes = Array(text.utf8)
      let expected = tokenizer.pretokenize(text).flatMap { range in
        Reference.merge(bytes[range].compactMap { byteTokens[$0] }, ranks)
      }
      #expect(tokenizer.encode(text) == expected, "\(text.debugDescription)")
    }
  }

  @Test("long pieces of every length up to 400 are merged as short ones are")
  func longPieces() throws {
    let tokenizer = try smallTokenizer(.gpt2)
    var ranks: [[Token]: (rank: Int, token: Token)] = [:]
    let first = tokenizer.vocabularySize - tokenizer.merges.count
    for (rank, merge) in tokenizer.merges.enumerated() {
      ranks[[merge.left, merge.right]] = (rank, Token(first + rank))
    }
    let start = Dictionary(
      uniqueKeysWithValues: (0..<Token(first)).filter { !tokenizer.isSpecial($0) }
        .map { (tokenizer.bytes(of: $0)[0], $0) })
    for unit in ["a", "the", "aXbY"] {
      for count in stride(from: 1, through: 400, by: 7) {
        let text = String(String(repeating: unit, count: count).prefix(count))
        let expected = Reference.merge(text.utf8.compactMap { start[$0] }, ranks)
        #expect(tokenizer.encode(text) == expected)
        #expect(tokenizer.encode(text) == expected, "from the cache")
      }
    }
  }

  @Test("long pieces outside ASCII are merged as a whole though they are encoded in parts")
  func partsOfLongPieces() throws {
    let tokenizer = try smallTokenizer(.gpt2)
    var ranks: [[Token]: (rank: Int, token: Token)] = [:]
    let first = tokenizer.vocabularySize - tokenizer.merges.count
    for (rank, merge) in tokenizer.merges.enumerated() {
      ranks[[merge.left, merge.right]] = (rank, Token(first + rank))
    }
    let start = Dictionary(
      uniqueKeysWithValues: (0..<Token(first)).filter { !tokenizer.isSpecial($0) }
        .map { (tokenizer.bytes(of: $0)[0], $0) })
    let letters = Array("中文字日本한국語éßa中日").map(String.init) + ["日本", "文字", "한국"]
    var random = SplitMix(seed: 22)
    for round in 0..<400 {
      let count = round < 380 ? 1 + Int(random.next() % 60) : 500
      let text = (0..<count).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
        .joined()
      let expected = Reference.merge(text.utf8.compactMap { start[$0] }, ranks)
      #expect(tokenizer.encode(text) == expected, "\(text)")
      #expect(tokenizer.encode(text) == expected, "from the cache")
    }
  }

  @Test(
    "a document cut where it may be gives the tokens of the whole", arguments: SplitPattern.named)
  func cuts(_ pattern: SplitPattern) throws {
    let tokenizer = try smallTokenizer(pattern)
    let encoder = tokenizer.makeEncoder()
    var texts = RandomText(seed: 33)
    var cuts = 0
    for _ in 0..<1000 {
      let bytes = Array((texts.text() + " the end, 文字。 a b" + texts.text()).utf8)
      let place = bytes.withUnsafeBytes { encoder.lastCut(in: $0) }
      if place == 0 { continue }
      cuts += 1
      var parts: [Token] = []
      bytes[..<place].withUnsafeBytes { tokenizer.encode(bytes: $0, into: &parts) }
      bytes[place...].withUnsafeBytes { tokenizer.encode(bytes: $0, into: &parts) }
      var whole: [Token] = []
      bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &whole) }
      #expect(parts == whole, "\(String(decoding: bytes, as: UTF8.self)) at \(place)")
    }
    #expect(cuts > 900)
  }

  @Test(
    "any bytes come back from decoding, and no chunking changes the ids",
    arguments: SplitPattern.named)
  func fuzz(_ pattern: SplitPattern) throws {
    let tokenizer = try smallTokenizer(pattern)
    var texts = RandomText(seed: 31)
    for _ in 0..<500 {
      let bytes = texts.bytes()
      var tokens: [Token] = []
      bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
      #expect(tokenizer.decode(tokens) == bytes)
      for size in [1, 2, 3, 5, 11, 64] {
        #expect(streamed(bytes, by: size, tokenizer) == tokens, "\(bytes) by \(size)")
      }
    }
  }

  @Test("a byte that is not UTF-8 is neither letter nor space: it ends a word and begins none")
  func badBytes() throws {
    let tokenizer = try smallTokenizer(.gpt2)
    func encode(_ bytes: [UInt8]) -> [Token] {
      var tokens: [Token] = []
      bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
      return tokens
    }
    let word = Array("the".utf8)
    #expect(encode(word + [0xFF] + word) == encode(word) + encode([0xFF]) + encode(word))
    #expect(encode(word + [0xE4, 0xB8]) == encode(word) + encode([0xE4, 0xB8]))
  }

  @Test("special tokens in text stay text unless they are allowed")
  func specials() throws {
    let tokenizer = try smallTokenizer(.llama3)
    let end = try #require(tokenizer.endOfText)
    #expect(!tokenizer.encode("a<|endoftext|>b").contains(end))
    let tokens = tokenizer.encode("a<|endoftext|>b", allowSpecial: true)
    #expect(tokens == tokenizer.encode("a") + [end] + tokenizer.encode("b"))
    for size in 1...14 {
      #expect(streamed("a<|endoftext|>b", by: size, tokenizer, allowSpecial: true) == tokens)
    }
    #expect(tokenizer.decode(tokens) == Array("a<|endoftext|>b".utf8))
    #expect(tokenizer.isSpecial(end))
    #expect(tokenizer.id(of: "<|endoftext|>") == end)
    #expect(tokenizer.id(of: "nothing") == nil)
  }

  @Test("an encoder serves one document after the other")
  func documents() throws {
    let tokenizer = try smallTokenizer(.gpt2)
    var encoder = tokenizer.makeEncoder()
    var tokens: [Token] = []
    for text in ["the ", "cat", ""] {
      Array(text.utf8).withUnsafeBytes { encoder.append($0, to: &tokens) }
      encoder.finish(into: &tokens)
    }
    #expect(tokens == tokenizer.encode("the ") + tokenizer.encode("cat"))
  }

  @Test("threads that share a tokenizer get the same ids")
  func threads() async throws {
    let tokenizer = try smallTokenizer(.o200k)
    var texts = RandomText(seed: 41)
    let all = (0..<200).map { _ in texts.text() }
    let expected = all.map { tokenizer.encode($0) }
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 { group.addTask { all.map { tokenizer.encode($0) } == expected } }
      for await same in group { #expect(same) }
    }
  }

  @Test("a megabyte of one letter, space, newline or symbol is no worse than other text")
  func worstCases() throws {
    let tokenizer = try smallTokenizer(.cl100k)
    let clock = ContinuousClock()
    for unit in ["a", " ", "\n", "^", "中", "\u{301}", "A1"] {
      let bytes = Array(String(repeating: unit, count: 1 << 20).utf8)
      var tokens: [Token] = []
      let time = clock.measure {
        bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
      }
      #expect(tokenizer.decode(tokens) == bytes)
      #expect(time < .seconds(10), "\(unit.debugDescription)")
    }
  }
}
