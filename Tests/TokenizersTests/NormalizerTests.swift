/// Normalising: worked examples, and that chunks change nothing.

import Testing
import Tokenizers

@Suite("Normalizing")
struct NormalizerTests {
  private func tokenizer(_ normalizer: String) throws -> Tokenizer {
    let json = String(decoding: try smallTokenizer(.qwen2).json(), as: UTF8.self)
    return try Tokenizer(
      json: Array(
        json.replacing(#""normalizer":null"#, with: #""normalizer":\#(normalizer)"#).utf8))
  }

  @Test(
    "text is rewritten before it is encoded",
    arguments: [
      (#"{"type":"NFC"}"#, "e\u{301} 가", "é 가"), (#"{"type":"NFD"}"#, "é", "e\u{301}"),
      (#"{"type":"NFKC"}"#, "ﬁ①Ａ", "fi1A"), (#"{"type":"NFKD"}"#, "ﬁé", "fie\u{301}"),
      (#"{"type":"Lowercase"}"#, "ÄÖ Straße İ", "äö straße i̇"),
      (#"{"type":"Strip","strip_left":true,"strip_right":false}"#, " \u{3000}a ", "a "),
      (#"{"type":"Replace","pattern":{"String":"ab"},"content":"x"}"#, "ababb", "xxb"),
      (#"{"type":"Prepend","prepend":"_"}"#, "a", "_a"),
      (
        #"{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}"#, "élan",
        "elan"
      ),
    ])
  func examples(_ normalizer: String, _ text: String, _ expected: String) throws {
    let tokenizer = try tokenizer(normalizer)
    #expect(tokenizer.decode(tokenizer.encode(text)) == Array(expected.utf8))
  }

  @Test(
    "a normal form in chunks is that of the whole, bad bytes and all", arguments: ["NFC", "NFKD"])
  func streaming(_ form: String) throws {
    let tokenizer = try tokenizer(#"{"type":"\#(form)"}"#)
    var texts = RandomText(seed: 81)
    for _ in 0..<300 {
      let bytes = texts.bytes() + Array(" and so it is, said the cat. ".utf8) + texts.bytes()
      var whole: [Token] = []
      bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &whole) }
      for size in [1, 5, 17] { #expect(streamed(bytes, by: size, tokenizer) == whole) }
    }
  }
}
