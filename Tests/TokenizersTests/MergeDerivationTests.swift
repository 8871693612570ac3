/// The merges behind a `.tiktoken` file, and long lists of JSON that are read in parts.

import Testing
import Tokenizers

@Suite("Merges and long lists")
struct MergeDerivationTests {
  /// Words that repeat their parts, so that merges build on merges of the same block.
  private func trained(_ count: Int) throws -> Tokenizer {
    var random = SplitMix(seed: 11)
    let syllables = (0..<60).map { _ in
      (0..<1 + Int(random.next() % 3)).map { _ in UInt8(97 + random.next() % 26) }
    }
    var text: [UInt8] = []
    for _ in 0..<60_000 {
      for _ in 0...random.next() % 4 { text += syllables[Int(random.next() % 60)] }
      text += random.next() % 9 == 0 ? Array(#" "],["x": 1,""#.utf8) : [32]
    }
    text += Array(String(repeating: String(repeating: "=", count: 300) + "\n", count: 400).utf8)
    var trainer = BPETrainer(.init(vocabularySize: count, specialTokens: []))
    text.withUnsafeBytes { trainer.add($0) }
    return try trainer.train()
  }

  /// Token by token, by the merges found so far: the rule as it is written.
  private func slowMerges(_ tokenizer: Tokenizer) -> [[Token]] {
    let texts = (0..<Token(tokenizer.vocabularySize)).map { tokenizer.bytes(of: $0) }
    var single: [UInt8: Token] = [:]
    for (token, text) in texts.enumerated() where text.count == 1 { single[text[0]] = Token(token) }
    var ranks: [[Token]: Token] = [:]
    var result: [[Token]] = []
    for (token, text) in texts.enumerated() where text.count > 1 {
      var symbols = text.compactMap { single[$0] }
      while true {
        let pairs = zip(symbols, symbols.dropFirst()).map { ranks[[$0, $1]] ?? .max }
        guard let best = pairs.min(), best < .max, let place = pairs.firstIndex(of: best) else {
          break
        }
        symbols.replaceSubrange(place...place + 1, with: [best])
      }
      if symbols.count != 2 { continue }
      ranks[symbols] = Token(token)
      result.append(symbols)
    }
    return result
  }

  @Test("a .tiktoken file's merges are those of the rule, with tokens that nothing merges into")
  func derivation() throws {
    var lines = try trained(3_000).tiktoken()
    let others = ["cXjQzqw", String(repeating: "=-", count: 50), "QZ", "QZQZx"]
    for (offset, token) in others.enumerated() {
      lines += Array("\(base64(Array(token.utf8))) \(3_000 + offset)\n".utf8)
    }
    try withTemporaryFile(lines, name: "x.tiktoken") {
      let tokenizer = try Tokenizer(contentsOf: $0, pattern: .gpt2)
      #expect(tokenizer.merges.map { [$0.left, $0.right] } == slowMerges(tokenizer))
      #expect(tokenizer.merges.count < tokenizer.vocabularySize - 256)
    }
  }

  @Test("a tokenizer.json is read the same with and without white space, and written as it was")
  func parts() throws {
    let tokenizer = try trained(8_000)
    let json = tokenizer.json()
    #expect(json.count > 1 << 17)
    #expect(try Tokenizer(json: json).json() == json)
    var spaced: [UInt8] = []
    var isText = false
    var isEscaped = false
    for byte in json {
      spaced.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isText.toggle()
      }
      if !isText, ",:[".utf8.contains(byte) { spaced += Array("\n  ".utf8) }
    }
    #expect(try Tokenizer(json: spaced).json() == json)
  }

  private func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var result = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for digit in 0..<4 {
        result.append(digit <= part.count ? digits[bits >> (18 - 6 * digit) & 63] : "=")
      }
    }
    return result
  }
}
