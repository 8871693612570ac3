/// Streamed text never holds a broken character.

import Testing
import Tokenizers

@Suite("Streamed decoding")
struct StreamingDecoderTests {
  /// A tokenizer of the 256 bytes alone, so that every character comes in parts.
  private func byteTokenizer() throws -> Tokenizer {
    var trainer = BPETrainer(.init(vocabularySize: 256, specialTokens: []))
    Array("a".utf8).withUnsafeBytes { trainer.add($0) }
    return try trainer.train()
  }

  private func parts(_ bytes: [UInt8]) throws -> [String] {
    let tokenizer = try byteTokenizer()
    var tokens: [Token] = []
    bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
    var decoder = StreamingDecoder(tokenizer)
    return tokens.map { decoder.append($0) } + [decoder.finish()]
  }

  @Test("a character appears with its last byte")
  func complete() throws {
    #expect(try parts(Array("a€😀".utf8)) == ["a", "", "", "€", "", "", "", "😀", ""])
  }

  @Test("bytes that can become no character give U+FFFD at once, an unfinished one at the end")
  func broken() throws {
    #expect(try parts([0xFF, 0x61]) == ["\u{FFFD}", "a", ""])
    #expect(try parts([0xE2, 0x61]) == ["", "\u{FFFD}a", ""])
    #expect(try parts([0xE2, 0x82]) == ["", "", "\u{FFFD}"])
    #expect(try parts([0xED, 0xA0, 0x80]) == ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}", ""])
  }

  @Test("all parts together are what decoding the whole gives, for any bytes")
  func sameAsWhole() throws {
    let tokenizer = try byteTokenizer()
    var texts = RandomText(seed: 51)
    for _ in 0..<300 {
      let bytes = texts.bytes()
      var tokens: [Token] = []
      bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
      #expect(
        try parts(bytes).joined() == String(decoding: tokenizer.decode(tokens), as: UTF8.self))
    }
  }

  @Test("a vocabulary of characters drops the space it put in front")
  func characters() throws {
    let json = """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{"type":\
      "Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":\
      {"String":" "},"content":"▁"}]},"pre_tokenizer":null,"post_processor":null,"decoder":{"type":\
      "Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":\
      "ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"model":\
      {"type":"BPE","unk_token":null,"fuse_unk":true,"byte_fallback":true,"vocab":{"▁":0,"a":1,\
      "▁a":2,"<0xE2>":3,"<0x82>":4,"<0xAC>":5},"merges":["▁ a"]}}
      """
    let tokenizer = try Tokenizer(json: Array(json.utf8))
    let tokens = tokenizer.encode("a a€")
    #expect(tokens == [2, 2, 3, 4, 5])
    #expect(tokenizer.decode(tokens) == Array("a a€".utf8))
    #expect(tokenizer.bytes(of: 2) == Array(" a".utf8))
    var decoder = StreamingDecoder(tokenizer)
    #expect(tokens.map { decoder.append($0) } == ["a", " a", "", "", "€"])
  }
}
