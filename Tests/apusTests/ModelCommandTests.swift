/// `apus train`, `sample`, `next` and `perplexity` as a shell sees them.

import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite("The model commands")
struct ModelCommandTests {
  @Test("the same seed gives the same bytes, another seed others")
  func seeds() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    for (name, seed) in [("a", "42"), ("b", "7")] {
      let result = try await Program.run(
        Workshop.training(goods, output: scratch(name), steps: 30, more: ["--seed", seed]))
      #expect(result.status == 0, "\(result.error)")
    }
    let weights = "model.safetensors"
    let original = try bytes(of: "\(goods.model)/\(weights)")
    #expect(try bytes(of: "\(scratch("a"))/\(weights)") == original)
    #expect(try bytes(of: "\(scratch("b"))/\(weights)") != original)
  }

  @Test("a run that Ctrl-C stopped and --resume finished is the run that was never stopped")
  func interruption() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    // Long enough that the interruption comes before the end also where the machine is busy.
    let steps = 1_200
    let more = ["--evaluate-every", "300", "--save-every", "210"]
    let whole = scratch("whole")
    let stopped = scratch("stopped")
    let first = try await Program.run(
      Workshop.training(goods, output: whole, steps: steps, more: more))
    #expect(first.status == 0, "\(first.error)")
    let second = try await Program.interrupt(
      Workshop.training(goods, output: stopped, steps: steps, more: more), after: 20, in: stopped)
    #expect(second.status == 130, "\(second.error)")
    #expect(second.error.contains("apus train --resume \(stopped)"))
    let third = try await Program.run(["train", "--resume", stopped])
    #expect(third.status == 0, "\(third.error)")
    for name in [
      "model.safetensors", "config.json", "tokenizer.json", "training/optimizer.safetensors",
    ] {
      #expect(try bytes(of: "\(stopped)/\(name)") == bytes(of: "\(whole)/\(name)"), "\(name)")
    }
    #expect(try diary(of: stopped) == diary(of: whole))
    #expect(try diary(of: whole).filter { $0.loss != nil }.map(\.step) == Array(1...steps))
  }

  /// A line of metrics.jsonl without what a clock says.
  private struct Line: Decodable, Equatable {
    var step: Int
    var tokens: Int?
    var loss: Double?
    var learningRate: Double?
    var gradientNorm: Double?
    var validationLoss: Double?
    var validationBitsPerByte: Double?
  }

  private func diary(of model: String) throws -> [Line] {
    try text(of: "\(model)/training/metrics.jsonl").split(separator: "\n").map {
      try decode(Line.self, from: $0)
    }
  }

  @Test("training lowers the loss, and its log says so")
  func learning() async throws {
    let goods = try await Workshop.shared.goods()
    let lines = try diary(of: goods.model).filter { $0.loss != nil }
    #expect(lines.count == 30)
    #expect((lines.last?.loss ?? 9) < (lines.first?.loss ?? 0) - 0.5)
    #expect(lines.last?.tokens == 30 * 256)
  }

  @Test("the plan is printed first, and --dry-run stops there")
  func dryRun() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let result = try await Program.run(
      Workshop.training(goods, output: scratch("m"), steps: 30, more: ["--dry-run"]))
    #expect(result.status == 0)
    #expect(result.error.contains("parameters"))
    #expect(result.error.contains("30 steps"))
    #expect(result.output.isEmpty)
    #expect(scratch.names.isEmpty)
  }

  @Test("without a tokenizer one is trained first")
  func ownTokenizer() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let result = try await Program.run([
      "train", goods.corpus, "-o", scratch("m"), "--layers", "1", "--width", "32", "--heads", "2",
      "--context", "16", "--batch-tokens", "64", "--steps", "2", "--vocab-size", "300",
      "--evaluate-every", "never",
    ])
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.contains("no --tokenizer"))
    let sample = try await Program.run(["sample", scratch("m"), "Once", "--tokens", "5"])
    #expect(sample.output.hasPrefix("Once"))
  }

  @Test("a sample depends on its seed and on nothing else")
  func sample() async throws {
    let goods = try await Workshop.shared.goods()
    let base = ["sample", goods.model, "Once upon a time", "--tokens", "40"]
    let first = try await Program.run(base)
    #expect(first.status == 0, "\(first.error)")
    #expect(first.output.hasPrefix("Once upon a time"))
    #expect(first.error.contains("seed 42"))
    for more in [["--threads", "1"], ["--quiet"]] {
      #expect(try await Program.run(base + more).output == first.output)
    }
    #expect(try await Program.run(base + ["--seed", "7"]).output != first.output)
    let piped = try await Program.run(
      ["sample", goods.model, "--tokens", "40"], input: "Once upon a time\n")
    #expect(piped.output == first.output)
  }

  @Test("samples come as text, as JSON, or token by token")
  func sampleForms() async throws {
    let goods = try await Workshop.shared.goods()
    struct Samples: Decodable {
      struct Sample: Decodable {
        var text: String
        var tokens: [Int]
        var ending: String
      }
      var seed: UInt64
      var samples: [Sample]
    }
    let base = ["sample", goods.model, "Once", "--tokens", "6"]
    let json = try await Program.run(base + ["-n", "3", "--json"])
    let samples = try decode(Samples.self, from: json.output)
    #expect(samples.seed == 42)
    #expect(samples.samples.count == 3)
    #expect(samples.samples.allSatisfy { $0.tokens.count <= 6 })
    let text = try await Program.run(base + ["-n", "3", "--no-prompt"])
    #expect(text.output.components(separatedBy: "---\n").count == 3)
    #expect(text.output.hasPrefix(samples.samples[0].text))
    let lines = try await Program.run(base + ["--logprobs", "--greedy"]).output
      .split(separator: "\n")
    #expect((1...6).contains(lines.count))
    #expect(lines.allSatisfy { $0.contains(#""rank": 1,"#) })
  }

  @Test("a stop text ends the sample and is not shown")
  func stop() async throws {
    let goods = try await Workshop.shared.goods()
    let result = try await Program.run([
      "sample", goods.model, "Once upon a time a", "--tokens", "60", "--no-prompt", "--stop", "e",
    ])
    #expect(result.status == 0)
    #expect(!result.output.contains("e"))
  }

  @Test("the next words, the other outcomes and what remains add up to one")
  func next() async throws {
    let goods = try await Workshop.shared.goods()
    struct Next: Decodable {
      struct Word: Decodable {
        var word: String
        var probability: Double
        var low: Double
        var high: Double
        var tokens: [Int]
      }
      var context: String
      var words: [Word]
      var otherWords: Double
      var punctuation: Double
      var lineBreak: Double
      var endOfText: Double
      var remaining: Double
      var entropy: Double
      var expansions: Int
    }
    let result = try await Program.run([
      "next", goods.model, "Once upon a time a", "--top", "5", "--json",
    ])
    #expect(result.status == 0, "\(result.error)")
    let next = try decode(Next.self, from: result.output)
    let sum =
      next.words.reduce(0) { $0 + $1.probability } + next.otherWords + next.punctuation
      + next.lineBreak + next.endOfText + next.remaining
    #expect(abs(sum - 1) < 1e-5)
    #expect(next.words.count == 5)
    #expect(next.words.allSatisfy { $0.low <= $0.probability && $0.probability <= $0.high })
    let table = try await Program.run(["next", goods.model, "Once upon a time a", "--top", "5"])
    #expect(table.output.contains(next.words[0].word))
  }

  @Test("next tokens have probabilities and their logarithms")
  func nextTokens() async throws {
    let goods = try await Workshop.shared.goods()
    struct Next: Decodable {
      struct Item: Decodable {
        var id: Int
        var text: String
        var probability: Double
        var logprob: Double
      }
      var tokens: [Item]
    }
    let result = try await Program.run([
      "next", goods.model, "Once upon", "--tokens", "--top", "400", "--json",
    ])
    let next = try decode(Next.self, from: result.output)
    #expect(next.tokens.count == 400)
    #expect(abs(next.tokens.reduce(0) { $0 + $1.probability } - 1) < 1e-5)
    let logarithms = next.tokens.map { abs(log($0.probability) - $0.logprob) }
    #expect(logarithms.allSatisfy { $0 < 1e-6 })
  }

  @Test("perplexity has its keys, and they agree with one another")
  func perplexity() async throws {
    let goods = try await Workshop.shared.goods()
    struct Report: Decodable {
      var nats: Double
      var tokens: Int
      var words: Int
      var bytes: Int
      var documents: Int
      var tokenPerplexity: Double
      var tokenPerplexityCi95: [Double]
      var wordPerplexity: Double
      var wordPerplexityCi95: [Double]
      var bytePerplexity: Double
      var bytePerplexityCi95: [Double]
      var bitsPerByte: Double
      var bitsPerByteCi95: [Double]
      var context: Int
      var stride: Int
    }
    let result = try await Program.run(["perplexity", goods.model, goods.corpus, "--json"])
    #expect(result.status == 0, "\(result.error)")
    let report = try decode(Report.self, from: result.output)
    #expect(report.documents == smallTales.count)
    #expect(report.bytes == smallTales.reduce(0) { $0 + $1.utf8.count })
    #expect(
      report.words == smallTales.reduce(0) { $0 + $1.split { $0.isWhitespace }.count })
    #expect(abs((report.nats / Double(report.tokens)) - log(report.tokenPerplexity)) < 1e-9)
    #expect(abs((report.nats / Double(report.words)) - log(report.wordPerplexity)) < 1e-9)
    let bits = report.nats / log(2) / Double(report.bytes)
    #expect(abs(bits - report.bitsPerByte) < 1e-9)
    #expect(report.bitsPerByteCi95[0] < bits && bits < report.bitsPerByteCi95[1])
    #expect(report.context == 32 && report.stride == 16)
  }

  @Test("the documents that training holds out are a part of the corpus, and of the measure")
  func heldOut() async throws {
    let goods = try await Workshop.shared.goods()
    struct Report: Decodable { var documents: Int }
    let result = try await Program.run([
      "perplexity", goods.model, goods.corpus, "--validation-fraction", "0.05", "--json",
    ])
    let report = try decode(Report.self, from: result.output)
    #expect((10...60).contains(report.documents))
  }

  @Test("per-token lines sum to the report, and only a document's first token has no context")
  func perToken() async throws {
    let goods = try await Workshop.shared.goods()
    struct Line: Decodable {
      var id: Int
      var text: String
      var logprob: Double?
    }
    let text = smallTales[3]
    let result = try await Program.run(["perplexity", goods.model, "--per-token"], input: text)
    let lines = try result.output.split(separator: "\n").map {
      try decode(Line.self, from: $0)
    }
    #expect(lines.map(\.text).joined() == text)
    #expect(lines.first?.logprob == nil)
    #expect(lines.dropFirst().allSatisfy { ($0.logprob ?? 1) < 0 })
    #expect(result.error.contains("bits per byte"))
    let first = try await Program.run(
      ["perplexity", goods.model, "--per-token", "--bos"], input: text)
    #expect(!first.output.contains("null"))
  }

  @Test("--dry-run shows the chain in its order with the values in force, and needs no model")
  func chain() async throws {
    let result = try await Program.run([
      "sample", "nowhere", "--dry-run", "--chain", "temperature,top-p,xtc", "--top-p", "0.9",
    ])
    #expect(result.status == 0, "\(result.error)")
    #expect(
      result.output == """
        temperature  temperature 0.8
        top-p        p 0.9
        xtc          off: probability 0, threshold 0.1
        draw         seed 42

        """)
    let json = try await Program.run([
      "sample", "nowhere", "--dry-run", "--json", "--mirostat", "2",
    ])
    #expect(json.output.contains(#""stage": "mirostat", "active": true, "version": 2"#))
  }

  @Test("a prompt from a file, or one that ends inside a word, is continued; beams find texts")
  func prompts() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let file = try scratch.write("Once upon a ti\n", to: "prompt.txt")
    let base = ["sample", goods.model, "--tokens", "8"]
    let first = try await Program.run(base + ["-f", file])
    #expect(first.status == 0 && first.output.hasPrefix("Once upon a ti"), "\(first.error)")
    #expect(try await Program.run(base + ["Once upon a ti"]).output == first.output)
    let whole = try await Program.run(base + ["Once upon a ti", "--whole-prompt"])
    #expect(whole.status == 0 && whole.output.hasPrefix("Once upon a ti"))
    struct Beams: Decodable {
      struct Beam: Decodable {
        var text: String
        var logprob: Double
        var score: Double
      }
      var beams: [Beam]
    }
    let beams = try decode(
      Beams.self,
      from: try await Program.run(base + ["Once upon a", "--beam", "4", "-n", "2", "--json"]).output
    )
    #expect(beams.beams.count == 2 && beams.beams[0].score >= beams.beams[1].score)
  }

  @Test("samples keep to a grammar and to a schema; broken ones are bad data")
  func grammars() async throws {
    let goods = try await Workshop.shared.goods()
    let base = ["sample", goods.model, "Once", "--tokens", "60", "--no-prompt"]
    let yes = try await Program.run(base + ["--grammar", #"root ::= "yes" | "no""#])
    #expect(["yes\n", "no\n"].contains(yes.output), "\(yes.error)")
    let schema = #"{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]}"#
    let result = try await Program.run(base + ["--json-schema", schema])
    struct Answer: Decodable { var a: Bool }
    _ = try decode(Answer.self, from: result.output)
    let lines = try await Program.run(base + ["--grammar", #"root ::= "yes""#, "--logprobs"])
    #expect(lines.output.contains(#""allowed": "#))
    let broken = try await Program.run(base + ["--grammar", "root ::= \"a"])
    #expect(broken.status == 65 && broken.error.contains("line 1"))
  }

  @Test("--watch answers one line after the other")
  func watch() async throws {
    let goods = try await Workshop.shared.goods()
    let base = ["next", goods.model, "--top", "3", "--json"]
    let result = try await Program.run(base + ["--watch"], input: "Once upon a\nThe fox\n")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 2, "\(result.error)")
    #expect(try await Program.run(base + ["The fox"]).output == lines[1] + "\n")
  }

  @Test("a model against itself differs by nothing; a baseline and a check of sums are reported")
  func comparison() async throws {
    let goods = try await Workshop.shared.goods()
    struct Report: Decodable {
      struct Difference: Decodable {
        var differenceNatsPerToken: Double?
        var differenceBitsPerByte: Double
        var tokensBetter: Double?
        var bitsPerByte: Double
      }
      struct Position: Decodable {
        var from: Int
        var tokens: Int
      }
      var bitsPerByte: Double
      var tokens: Int
      var worstSum: Double
      var positions: [Position]
      var compare: Difference
      var baseline: Difference
    }
    let result = try await Program.run([
      "perplexity", goods.model, goods.corpus, "--json", "--compare", goods.model, "--check-sum",
      "--by-position", "--baseline", goods.corpus,
    ])
    #expect(result.status == 0, "\(result.error)")
    let report = try decode(Report.self, from: result.output)
    #expect(report.compare.differenceNatsPerToken == 0 && report.compare.tokensBetter == 0)
    #expect(abs(report.worstSum - 1) < 1e-4)
    #expect(report.positions.reduce(0) { $0 + $1.tokens } == report.tokens)
    let saved = report.bitsPerByte - report.baseline.bitsPerByte
    #expect(abs(report.baseline.differenceBitsPerByte - saved) < 1e-6)
    #expect(result.error.contains("5-gram"))
  }

  @Test("scores do not depend on the number of threads beyond rounding")
  func threads() async throws {
    let goods = try await Workshop.shared.goods()
    struct Line: Decodable { var logprob: Double? }
    func scores(_ threads: String) async throws -> [Double] {
      try await Program.run([
        "perplexity", goods.model, goods.corpus, "--per-token", "--threads", threads,
      ]).output.split(separator: "\n").compactMap { try decode(Line.self, from: $0).logprob }
    }
    let (one, three) = (try await scores("1"), try await scores("3"))
    #expect(one.count > 1_000 && one.count == three.count)
    #expect(zip(one, three).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("lines come for words and documents, tab-separated, in any base, or as KenLM's totals")
  func lineForms() async throws {
    let goods = try await Workshop.shared.goods()
    let text = smallTales[3]
    let base = ["perplexity", goods.model]
    let natural = try await Program.run(base + ["--per-word", "--tsv"], input: text)
    let binary = try await Program.run(base + ["--per-word", "--tsv", "--log", "2"], input: text)
    func column(_ output: String) -> [Double] {
      output.split(separator: "\n").dropFirst().compactMap {
        Double($0.split(separator: "\t", omittingEmptySubsequences: false)[3])
      }
    }
    let (first, second) = (column(natural.output), column(binary.output))
    #expect(natural.output.hasPrefix("text\ttokens\tlogprob\ttoken_logprob\n"))
    #expect(first.count > 5 && first.count == second.count)
    #expect(zip(first, second).allSatisfy { abs($0 / log(2) - $1) < 1e-9 })
    let documents = try await Program.run(base + [goods.corpus, "--per-document"])
    #expect(documents.output.split(separator: "\n").count == smallTales.count)
    let totals = try await Program.run(base + ["--totals"], input: text)
    #expect(totals.output.hasPrefix("Total: -") && totals.output.contains("OOVs:\t0\n"))
  }

  @Test("--resume of a finished run changes nothing and says how to go on")
  func finished() async throws {
    let goods = try await Workshop.shared.goods()
    let before = try bytes(of: "\(goods.model)/model.safetensors")
    let result = try await Program.run(["train", "--resume", goods.model])
    #expect(result.status == 0)
    #expect(result.error.contains("complete"))
    #expect(try bytes(of: "\(goods.model)/model.safetensors") == before)
  }

  @Test("--init starts from the weights of a model")
  func initialModel() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let result = try await Program.run([
      "train", goods.corpus, "--init", goods.model, "-o", scratch("m"), "--steps", "2",
      "--batch-tokens", "64", "--evaluate-every", "never",
    ])
    #expect(result.status == 0, "\(result.error)")
    let start = try diary(of: goods.model).compactMap(\.loss)
    let further = try diary(of: scratch("m")).compactMap(\.loss)
    #expect(further[0] < start[0] - 0.5)
  }
}
