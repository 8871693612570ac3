/// Added tokens: strips, single words, and what normalising does to them.

import Testing
import Tokenizers

@Suite("Added tokens")
struct AddedTokensTests {
  /// A tokenizer with one more added token of some flags, and that token's id.
  private func tokenizer(
    _ content: String, _ flags: String, normalizer: String = "null"
  ) throws -> (Tokenizer, Token) {
    let plain = try smallTokenizer(.gpt2)
    let id = Token(plain.vocabularySize)
    let token = #"{"id":\#(id),"content":"\#(content)",\#(flags)},"#
    let json = String(decoding: plain.json(), as: UTF8.self)
      .replacing(#""added_tokens":["#, with: #""added_tokens":[\#(token)"#)
      .replacing(#""normalizer":null"#, with: #""normalizer":\#(normalizer)"#)
    return (try Tokenizer(json: Array(json.utf8)), id)
  }

  @Test("lstrip and rstrip take the white space around")
  func strips() throws {
    let (both, id) = try tokenizer("<m>", #""lstrip":true,"rstrip":true,"special":false"#)
    #expect(both.encode("a \n<m>\t b") == both.encode("a") + [id] + both.encode("b"))
    let (left, other) = try tokenizer("<m>", #""lstrip":true,"special":false"#)
    #expect(left.encode("a <m> b") == left.encode("a") + [other] + left.encode(" b"))
    #expect(streamed("a <m> b", by: 1, left) == left.encode("a <m> b"))
  }

  @Test("a single word stands between characters that are no word's")
  func singleWord() throws {
    let (tokenizer, id) = try tokenizer("cat", #""single_word":true,"special":false"#)
    #expect(tokenizer.encode("cat, cat").filter { $0 == id }.count == 2)
    #expect(!tokenizer.encode("cats").contains(id))
    #expect(!tokenizer.encode("écat").contains(id))
  }

  @Test("a normalised token is found in the normalised text only")
  func normalized() throws {
    let lowercase = #"{"type":"Lowercase"}"#
    let (yes, id) = try tokenizer(
      "HEY", #""normalized":true,"special":false"#, normalizer: lowercase)
    #expect(yes.encode("hey Hey").filter { $0 == id }.count == 2)
    let (no, other) = try tokenizer(
      "HEY", #""normalized":false,"special":false"#, normalizer: lowercase)
    #expect(no.encode("hey HEY").filter { $0 == other }.count == 1)
  }

  @Test("the longest of several is taken")
  func longest() throws {
    let (tokenizer, id) = try tokenizer("<|endoftext|>>", #""special":true"#)
    #expect(tokenizer.encode("<|endoftext|>>", allowSpecial: true) == [id])
    #expect(tokenizer.encode("<|endoftext|>", allowSpecial: true) == [0])
  }
}
