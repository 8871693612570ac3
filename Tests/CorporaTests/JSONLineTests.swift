/// What is taken out of a line of JSON, and what is refused.

import Corpora
import FoundationEssentials
import TestSupport
import Testing

@Suite("Lines of JSON")
struct JSONLineTests {
  /// What the reader makes of a file with one line.
  private func text(_ line: [UInt8], field: String = "text") throws -> String? {
    let folder = TemporaryFolder()
    let corpus = try Corpus([folder.write(line + [0x0a], to: "a.jsonl")], textField: field)
    return try corpus.makeReader().next()?.text
  }

  private func text(_ line: String, field: String = "text") throws -> String? {
    try text(Array(line.utf8), field: field)
  }

  @Test(
    "the field is found wherever it stands",
    arguments: [
      #"{"text": "x"}"#, #"{"text":"x"}"#, #" { "a" : 1 , "text" : "x" } "#,
      #"{"a": {"text": "no"}, "b": [1, {"text": "no"}, []], "text": "x", "c": null}"#,
      #"{"n": -1.5e+10, "t": true, "f": false, "o": {}, "text": "x"}"#,
      #"{"\u0074ext": "x"}"#, #"{"text": "first", "text": "x"}"#, "{\"text\": \"x\"}\r",
    ])
  func found(line: String) throws {
    #expect(try text(line) == "x")
  }

  @Test("another field can hold the text, and its name may need an escape")
  func otherField() throws {
    #expect(try text(#"{"text": "no", "content": "yes"}"#, field: "content") == "yes")
    #expect(try text(#"{"a\"b": "yes"}"#, field: "a\"b") == "yes")
  }

  @Test("escapes mean what Foundation's decoder says they mean")
  func escapes() throws {
    let lines = [
      #"{"text": "a\n\t\r\b\f\"\\\/z"}"#, #"{"text": "\u0041\u00e9\u20ac"}"#,
      #"{"text": "\ud83d\ude00 and \uD834\uDD1E"}"#, #"{"text": "\u0000"}"#,
      #"{"text": "grüße 漢字 😀 plain"}"#, #"{"text": ""}"#,
      #"{"text": "a long run of plain text before \u00e9 and a long run of plain text behind"}"#,
    ]
    for line in lines {
      let expected = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
      #expect(try text(line) == expected["text"])
    }
  }

  @Test("random texts survive Foundation's encoder and this decoder")
  func randomTexts() throws {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("ab \"\\/\n\t\u{1}é€漢😀\u{7f}\u{80}\u{ffff}{}[],:")
    for _ in 0..<200 {
      let original = String(
        (0..<Int.random(in: 0...60)).map { _ in
          alphabet.randomElement(using: &random) ?? " "
        })
      let line = try JSONEncoder().encode(["z": 1.5.description, "text": original])
      #expect(try text([UInt8](line)) == original)
    }
  }

  @Test(
    "what is no object with the text is refused with the reason",
    arguments: [
      (#"["text"]"#, "not a JSON object"), (#"text"#, "not a JSON object"),
      (#"{"text": "x""#, "a comma or a closing brace"), (#"{"text": "x"} {}"#, "something follows"),
      (#"{"text": "x"#, "does not end"), (#"{"text": "a\"#, "does not end"),
      (#"{"text": "\q"}"#, "unknown escape"), (#"{"text": "\u12g4"}"#, "unknown escape"),
      (#"{"text": "\ud800"}"#, "surrogate"), (#"{"text": "\udc00\ud800"}"#, "surrogate"),
      (#"{"text": "\ud800\u0041"}"#, "surrogate"), ("{\"text\": \"\u{1}\"}", "control character"),
      (#"{"text": 5}"#, "is not a string"), (#"{"text": null}"#, "is not a string"),
      (#"{"title": "x"}"#, "there is no field \"text\""), (#"{}"#, "there is no field"),
      (#"{"text" "x"}"#, "a colon"), (#"{"a": tru, "text": "x"}"#, "a value is missing"),
      (#"{"a": 01, "text": "x"}"#, "a comma"), (#"{"a": 1., "text": "x"}"#, "a value is missing"),
      (#"{"a": , "text": "x"}"#, "a value is missing"), (#"{'text': 'x'}"#, "a key is missing"),
      (#"{"text": "x",}"#, "a key is missing"), (#"{"a": [1 2], "text": "x"}"#, "closing bracket"),
    ])
  func refused(line: String, reason: String) throws {
    do {
      _ = try text(line)
      Issue.record("\(line) was accepted")
    } catch CorpusError.malformedLine(_, let number, let words) {
      #expect(number == 1)
      #expect(words.contains(reason), "\(line): \(words)")
    }
  }

  @Test("nesting has a limit instead of a stack overflow")
  func deepNesting() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: CorpusError.self) { try text("{\"a\": \(deep)") }
    let fine = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    #expect(try text("{\"a\": \(fine), \"text\": \"x\"}") == "x")
  }

  @Test("invalid UTF-8 is refused with its place")
  func invalidUTF8() throws {
    let bad: [[UInt8]] = [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80],
      [0xe0, 0x9f, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf],
    ]
    for bytes in bad {
      let line = Array(#"{"text": ""#.utf8) + bytes + Array(#""}"#.utf8)
      do {
        _ = try text(line)
        Issue.record("\(bytes) was accepted")
      } catch CorpusError.invalidUTF8(_, let number, let offset) {
        #expect(number == 1)
        #expect(offset == 10)
      }
    }
  }
}
