/// The file forms of the field, both ways, and what is refused.

import FoundationEssentials
import Testing
import Tokenizers

@Suite("Tokenizer files")
struct TokenizerFilesTests {
  @Test("a trained tokenizer is the same after writing and reading", arguments: SplitPattern.named)
  func roundTrip(_ pattern: SplitPattern) throws {
    let tokenizer = try smallTokenizer(pattern, specialTokens: ["<|endoftext|>", "<|user|>"])
    let again = try Tokenizer(json: tokenizer.json())
    #expect(again.json() == tokenizer.json())
    #expect(again.pattern == pattern)
    #expect(again.vocabularySize == tokenizer.vocabularySize)
    #expect(again.endOfText == 0)
    #expect(again.beginningOfText == nil)
    var texts = RandomText(seed: 61)
    for _ in 0..<100 {
      let text = texts.text()
      #expect(again.encode(text) == tokenizer.encode(text))
    }
  }

  @Test("a .tiktoken file comes out as it went in", .enabled(if: Shared.isPresent, Shared.missing))
  func tiktoken() throws {
    for name in ["r50k_base.tiktoken", "p50k_base.tiktoken.zst"] {
      #expect(try Shared.tokenizer(name).tiktoken() == Shared.bytes(name))
    }
  }

  @Test(
    "GPT-2's vocab.json and merges.txt come out of its tokenizer.json, and go in",
    .enabled(if: Shared.isPresent, Shared.missing))
  func merges() throws {
    let tokenizer = try Shared.tokenizer("gpt2.tokenizer.json")
    let files = try tokenizer.mergesText()
    #expect(try files.merges == Shared.bytes("gpt2.vocab.bpe"))
    let expected = try JSONDecoder().decode(
      [String: Int].self, from: Data(Shared.bytes("gpt2.encoder.json")))
    #expect(try JSONDecoder().decode([String: Int].self, from: Data(files.vocabulary)) == expected)
    try withTemporaryFile(files.vocabulary, name: "vocab.json") { path in
      let folder = String(path.dropLast("/vocab.json".count))
      try Data(files.merges).write(to: URL(filePath: "\(folder)/merges.txt"))
      let again = try Tokenizer(contentsOf: folder)
      #expect(again.endOfText == 50_256)
      #expect(again.merges.count == 50_000)
      #expect(again.encode("Hello, world!") == [15496, 11, 995, 0])
    }
  }

  @Test("truncation and padding to a fixed length are refused by name, not left out")
  func lengths() throws {
    let json = String(decoding: try smallTokenizer(.gpt2).json(), as: UTF8.self)
    let cases = [
      ("truncation", #"{"max_length":8,"strategy":"LongestFirst","stride":0,"direction":"Right"}"#),
      ("padding", #"{"strategy":{"Fixed":8},"direction":"Right","pad_id":0,"pad_token":"x"}"#),
    ]
    for (name, value) in cases {
      let asking = json.replacing("\"\(name)\":null", with: "\"\(name)\":\(value)")
      #expect(asking != json)
      let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(asking.utf8)) }
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test(
    "ids with holes, added tokens and holes in GPT-NeoX's file are kept",
    .enabled(if: Shared.isPresent, Shared.missing))
  func neox() throws {
    let tokenizer = try Shared.tokenizer("gpt_neox_20b.tokenizer.json.zst")
    #expect(tokenizer.encode("a" + String(repeating: " ", count: 24)).last == 50_254)
    #expect(tokenizer.bytes(of: 50_254) == [UInt8](repeating: 32, count: 24))
    #expect(try Tokenizer(json: tokenizer.json()).json() == tokenizer.json())
  }

  @Test(
    "added tokens of the metaspace file are found only where special tokens are allowed",
    .enabled(if: Shared.isPresent, Shared.missing))
  func metaspace() throws {
    let tokenizer = try Shared.tokenizer("tiny_metaspace_added_tokens.tokenizer.json")
    #expect(tokenizer.vocabularySize == 32_011)
    #expect(tokenizer.encode("<|user|><s>", allowSpecial: true) == [32_010, 1])
    #expect(tokenizer.encode("<|user|>") == [0])
    #expect(tokenizer.bytes(of: 20_000) == [])
  }

  @Test("what apus does not do is refused by name")
  func refused() throws {
    let plain = String(decoding: try smallTokenizer(.llama3).json(), as: UTF8.self)
    let cases = [
      (#""normalizer":null"#, #""normalizer":{"type":"Precompiled"}"#, "Precompiled"),
      (#""dropout":null"#, #""dropout":0.1"#, "dropout"),
      (#""type":"BPE""#, #""type":"Unigram""#, "Unigram"),
      (#""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#, "end_of_word_suffix"),
      (#""type":"Split""#, #""type":"UnicodeScripts""#, "UnicodeScripts"),
      (#""decoder":{"type":"ByteLevel""#, #""decoder":{"type":"CTC""#, "CTC"),
      (#""post_processor":null"#, #""post_processor":{"type":"Mystery"}"#, "Mystery"),
    ]
    for (old, new, name) in cases {
      let changed = plain.replacing(old, with: new)
      #expect(changed != plain)
      let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(changed.utf8)) }
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test("the token that a template puts in front is the beginning of text")
  func template() throws {
    let plain = String(decoding: try smallTokenizer(.llama3).json(), as: UTF8.self)
    let template = """
      "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>",\
      "type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<|endoftext|>":\
      {"id":"<|endoftext|>","ids":[0],"tokens":["<|endoftext|>"]}}}
      """
    let changed = plain.replacing(#""post_processor":null"#, with: template)
    #expect(try Tokenizer(json: Array(changed.utf8)).beginningOfText == 0)
  }

  @Test("a damaged file is refused with the place of the damage, wherever it is cut or changed")
  func damaged() throws {
    let whole = try smallTokenizer(.gpt2).json()
    var random = RandomText(seed: 71)
    for _ in 0..<300 {
      let cut = Array(whole.prefix(random.number(whole.count)))
      #expect(throws: TokenizerError.self) { try Tokenizer(json: cut) }
      var changed = whole
      changed[random.number(whole.count)] = UInt8(random.number(256))
      _ = try? Tokenizer(json: changed)
    }
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(json: Array("{\n\"model\": [".utf8))
    }
    #expect(error?.description.contains("line 2") == true)
  }

  @Test("a missing file, an empty folder and an unknown .tiktoken file say what helps")
  func missing() throws {
    #expect(throws: (any Error).self) { try Tokenizer(contentsOf: "/nowhere/tokenizer.json") }
    try withTemporaryFile(Array("YQ== 0\nYg== 1\nYWI= 2\n".utf8), name: "x.tiktoken") { path in
      let error = #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: path) }
      #expect(error?.hint?.contains("--pattern") == true)
      let tokenizer = try Tokenizer(contentsOf: path, pattern: .gpt2, specialTokens: ["<|x|>"])
      #expect(tokenizer.encode("abba<|x|>", allowSpecial: true) == [2, 1, 0, 3])
      let folder = String(path.dropLast("/x.tiktoken".count))
      let none = #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: folder) }
      #expect(none?.hint?.contains("tokenizer.json") == true)
    }
  }

  @Test("writing puts a whole file in place")
  func write() throws {
    let tokenizer = try smallTokenizer(.qwen2)
    try withTemporaryFile([], name: "tokenizer.json") { path in
      try tokenizer.write(to: path)
      #expect(try Tokenizer(contentsOf: path).json() == tokenizer.json())
    }
  }
}
