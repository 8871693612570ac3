/// `apus tokenizer`, `tokenize` and `detokenize` as a shell sees them.

import FoundationEssentials
import TestSupport
import Testing

@Suite("The data commands")
struct DataCommandTests {
  @Test("detokenize gives back the bytes that tokenize was given")
  func roundTrip() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let content = "  A \"café\" —\ttabs,\r\nline ends, 🦊🏽 and 'quotes'.\n\n\nEnd"
    let file = try scratch.write(content, to: "text.txt")
    let result = try await Program.shell(
      "$apus tokenize '\(file)' --tokenizer '\(goods.tokenizer)' "
        + "| $apus detokenize --tokenizer '\(goods.tokenizer)'")
    #expect(result.status == 0)
    #expect(result.output == content)
  }

  @Test("one line of ids a document, and one line a line with --lines")
  func lines() async throws {
    let goods = try await Workshop.shared.goods()
    let arguments = ["tokenize", "--tokenizer", goods.tokenizer]
    let whole = try await Program.run(arguments, input: "one\ntwo\nthree\n")
    #expect(whole.output.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
    let lines = try await Program.run(arguments + ["--lines"], input: "one\ntwo\nthree\n")
    #expect(lines.output.split(separator: "\n", omittingEmptySubsequences: false).count == 4)
    let tales = try await Program.run(arguments + [goods.corpus])
    #expect(tales.output.split(separator: "\n").count == smallTales.count)
  }

  @Test("u16 and u32 hold the ids that ids shows")
  func binary() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let base = ["tokenize", "--tokenizer", goods.tokenizer]
    let text = "The fox shared the apple."
    let ids = try await Program.run(base, input: text).output.split { " \n".contains($0) }
      .compactMap { UInt32($0) }
    #expect(!ids.isEmpty)
    for (format, width) in [("u16", 2), ("u32", 4)] {
      let path = scratch(format)
      let result = try await Program.run(base + ["--format", format, "-o", path], input: text)
      #expect(result.status == 0)
      let data = try bytes(of: path)
      let read = stride(from: 0, to: data.count, by: width).map { start in
        (0..<width).reduce(UInt32(0)) { $0 | UInt32(data[start + $1]) << UInt32(8 * $1) }
      }
      #expect(read == ids)
    }
  }

  @Test("special tokens in a text are text unless --allow-special")
  func special() async throws {
    let goods = try await Workshop.shared.goods()
    let base = ["tokenize", "--tokenizer", goods.tokenizer]
    let allowed = try await Program.run(base + ["--allow-special"], input: "<|endoftext|>")
    #expect(allowed.output == "0\n")
    let text = try await Program.run(base, input: "<|endoftext|>")
    #expect(text.output.split(separator: " ").count > 1)
    let marked = try await Program.run(base + ["--end-of-text"], input: "fox")
    #expect(marked.output.hasSuffix(" 0\n"))
  }

  @Test("tokenizers are the same for any number of threads, and tokens too")
  func threads() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    var outputs: Set<String> = []
    for count in ["1", "2", "3"] {
      let path = scratch("t\(count).json")
      let trained = try await Program.run([
        "tokenizer", "train", goods.corpus, "--vocab-size", "400", "-o", path, "--threads", count,
      ])
      #expect(trained.status == 0)
      #expect(try bytes(of: path) == bytes(of: goods.tokenizer))
      let result = try await Program.run([
        "tokenize", goods.corpus, "--tokenizer", path, "--threads", count,
      ])
      outputs.insert(result.output)
    }
    #expect(outputs.count == 1)
  }

  @Test("a converted tokenizer gives the same ids")
  func convert() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let there = scratch("t.tiktoken")
    let back = scratch("back.json")
    #expect(
      try await Program.run(["tokenizer", "convert", goods.tokenizer, there]).status == 0)
    let second = try await Program.run(
      ["tokenizer", "convert", there, back, "--pattern", "gpt2"])
    #expect(second.status == 0, "\(second.error)")
    let first = try await Program.run(["tokenize", goods.corpus, "--tokenizer", goods.tokenizer])
    let other = try await Program.run(["tokenize", goods.corpus, "--tokenizer", back])
    let words = { (outcome: Outcome) in outcome.output.split { " \n".contains($0) }.count }
    #expect(words(first) == words(other))
  }

  @Test("show says what a tokenizer is, as words and as JSON")
  func show() async throws {
    let goods = try await Workshop.shared.goods()
    let words = try await Program.run(["tokenizer", "show", goods.tokenizer, "--merges", "2"])
    #expect(words.output.contains("400 tokens"))
    #expect(words.output.contains("gpt2"))
    #expect(words.output.contains("→"))
    struct Shown: Decodable {
      var vocabularySize: Int
      var pattern: String
      var bytesPerToken: Double
    }
    let file = try goods.scratch.write("The fox shared the apple.", to: "shown.txt")
    let json = try await Program.run([
      "tokenizer", "show", goods.tokenizer, "--json", "--text", file,
    ])
    let shown = try decode(Shown.self, from: json.output)
    #expect(shown.vocabularySize == 400)
    #expect(shown.bytesPerToken > 1)
  }

  @Test("a reader that closes the pipe ends the writer quietly")
  func brokenPipe() async throws {
    let goods = try await Workshop.shared.goods()
    let result = try await Program.shell(
      "{ $apus tokenize '\(goods.corpus)' '\(goods.corpus)' --tokenizer '\(goods.tokenizer)'; "
        + "echo \"code $?\" >&2; } | head -c 10")
    #expect(result.error == "code 0\n")
    #expect(result.output.utf8.count == 10)
  }
}
