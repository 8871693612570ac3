/// Ids equal to tiktoken's and Hugging Face's on the golden files.

import FoundationEssentials
import Testing
import Tokenizers

@Suite("Golden ids", .enabled(if: Shared.isPresent, Shared.missing))
struct GoldenTests {
  private struct EdgeCase: Decodable {
    var text: String
    var ids: [String: [Token]]

    struct Key: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      text = try container.decode(String.self, forKey: Key(stringValue: "text"))
      ids = [:]
      for golden in Golden.allCases {
        ids[golden.rawValue] = try container.decode(
          [Token].self, forKey: Key(stringValue: golden.rawValue))
      }
    }
  }

  @Test(
    "458 edge cases give tiktoken's ids, whole and in chunks of any size",
    arguments: Golden.allCases)
  func edgeCases(_ golden: Golden) throws {
    let tokenizer = try golden.tokenizer()
    let cases = try JSONDecoder().decode(
      [EdgeCase].self, from: Data(Shared.bytes("golden/edge_cases.json")))
    #expect(cases.count > 400)
    for example in cases {
      let expected = example.ids[golden.rawValue]
      #expect(tokenizer.encode(example.text) == expected, "\(example.text.debugDescription)")
      for size in [1, 2, 3, 7, 64] {
        #expect(
          streamed(example.text, by: size, tokenizer) == expected,
          "\(example.text.debugDescription) by \(size)")
      }
      #expect(tokenizer.decode(expected ?? []) == Array(example.text.utf8))
    }
  }

  @Test("GPT-2's tokenizer.json gives tiktoken's r50k ids")
  func gpt2File() throws {
    let tokenizer = try Shared.tokenizer("gpt2.tokenizer.json")
    let cases = try JSONDecoder().decode(
      [EdgeCase].self, from: Data(Shared.bytes("golden/edge_cases.json")))
    for example in cases {
      #expect(tokenizer.encode(example.text) == example.ids["r50k_base"])
    }
  }

  @Test("kitoken's lines give their ids", arguments: Golden.allCases, ["small", "mixed"])
  func lines(_ golden: Golden, _ set: String) throws {
    guard let name = golden.lineFileName else { return }
    let tokenizer = try golden.tokenizer()
    func lines(_ file: String) throws -> [String] {
      String(decoding: try Shared.bytes("golden/\(file).txt"), as: UTF8.self)
        .split(separator: "\n").map(String.init)
    }
    let inputs = try lines("\(set)_input")
    let expected = try lines("\(set)_tokens_\(name)")
    #expect(inputs.count == expected.count)
    for (input, ids) in zip(inputs, expected) {
      let text = input.replacing("\\n", with: "\n").replacing("\\s", with: " ")
        .replacing("\\x", with: "")
      let tokens = tokenizer.encode(text, allowSpecial: true)
      #expect(tokens.map(String.init).joined(separator: ",") == ids.replacing(" ", with: ""))
      #expect(streamed(text, by: 5, tokenizer, allowSpecial: true) == tokens)
    }
  }

  @Test("swift-gigatoken's cases give their ids", arguments: ["r50k_parity", "r50k_long_parity"])
  func parity(_ file: String) throws {
    let tokenizer = try Golden.r50k.tokenizer()
    var count = 0
    for (text, ids) in try ParityFile.cases(Shared.bytes("golden/\(file).json")) {
      #expect(tokenizer.encode(text) == ids)
      count += 1
    }
    #expect(count > 0)
  }
}

/// The tokens of a text that arrives in chunks of `size` bytes and is looked at after each.
func streamed(
  _ text: String, by size: Int, _ tokenizer: Tokenizer, allowSpecial: Bool = false
) -> [Token] {
  streamed(Array(text.utf8), by: size, tokenizer, allowSpecial: allowSpecial)
}

/// The tokens of bytes that arrive in chunks of `size` and are looked at after each.
func streamed(
  _ bytes: [UInt8], by size: Int, _ tokenizer: Tokenizer, allowSpecial: Bool = false
) -> [Token] {
  var encoder = StreamingEncoder(tokenizer, allowSpecial: allowSpecial, blockSize: 1)
  var tokens: [Token] = []
  for start in stride(from: 0, to: bytes.count, by: size) {
    bytes[start..<min(start + size, bytes.count)].withUnsafeBytes {
      encoder.append($0, to: &tokens)
    }
  }
  encoder.finish(into: &tokens)
  return tokens
}
