/// Runs the built `apus` as a shell would, and gives tests folders and texts to work with.

import FoundationEssentials
import Subprocess
import TestSupport
import Testing

/// What a run of the program left behind.
struct Outcome {
  var status: Int32
  var output: String
  var error: String
}

/// The program under test, which lies beside the tests.
enum Program {
  static let path: String = {
    let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folder = tests.map { $0.split(separator: "/").dropLast().joined(separator: "/") } ?? ""
    return "/\(folder)/apus"
  }()

  /// The folder of the package.
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/")

  /// Runs `apus` with arguments; `input` is its standard input.
  static func run(
    _ arguments: [String], input: String = "", environment: [Environment.Key: String?] = [:]
  ) async throws -> Outcome {
    // Through a file: a program that ends before it has read a pipe would end the tests.
    let folder = TemporaryFolder()
    var environment = environment
    environment["APUS_TEST_INPUT"] = try folder.write(input, to: "input")
    let line = "exec \"$0\" \"$@\" <\"$APUS_TEST_INPUT\""
    let outcome = try await launch(
      .name("sh"), ["-c", line, path] + arguments, environment: environment)
    folder.remove()
    return outcome
  }

  /// Runs a line of shell in which `$apus` is the program.
  static func shell(_ script: String) async throws -> Outcome {
    try await launch(.name("sh"), ["-c", script], environment: ["apus": path])
  }

  /// Runs `apus` and sends it Ctrl-C once `folder` has a run log of `lines` lines.
  static func interrupt(
    _ arguments: [String], after lines: Int, in folder: String
  ) async throws -> Outcome {
    let result = try await Subprocess.run(
      .path(.init(path)), arguments: Arguments(arguments), input: .none,
      output: .string(limit: 1 << 24), error: .string(limit: 1 << 24)
    ) { execution in
      for _ in 0..<3_000 {
        let log = (try? text(of: "\(folder)/training/metrics.jsonl")) ?? ""
        if log.split(separator: "\n").count >= lines { break }
        try await Task.sleep(for: .milliseconds(5))
      }
      try execution.send(signal: .interrupt)
    }
    return outcome(result.terminationStatus, result.standardOutput, result.standardError)
  }

  private static func launch(
    _ executable: Executable, _ arguments: [String], environment: [Environment.Key: String?]
  ) async throws -> Outcome {
    let result = try await Subprocess.run(
      executable, arguments: Arguments(arguments),
      environment: .inherit.updating(environment.merging(["NO_COLOR": "1"]) { first, _ in first }),
      input: .none, output: .string(limit: 1 << 24), error: .string(limit: 1 << 24))
    return outcome(result.terminationStatus, result.standardOutput, result.standardError)
  }

  private static func outcome(
    _ status: TerminationStatus, _ output: String?, _ error: String?
  ) -> Outcome {
    let code: Int32 =
      switch status {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return Outcome(status: code, output: output ?? "", error: error ?? "")
  }
}

/// The text of a file.
func text(of path: String) throws -> String {
  String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

/// The bytes of a file.
func bytes(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

/// A value from JSON whose keys are written `like_this`.
func decode<Value: Decodable>(_ type: Value.Type, from json: some StringProtocol) throws -> Value {
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return try decoder.decode(type, from: Data(json.utf8))
}

/// Small sentences that a small model can learn: 600 tales of a dozen animals.
let smallTales: [String] = (0..<600).map { index in
  let animals = [
    "fox", "hen", "bear", "mouse", "crow", "frog", "goat", "owl", "cat", "dog", "hare",
  ]
  let things = ["apple", "key", "stone", "cake", "rope", "lamp", "shell", "drum", "coat"]
  let one = animals[index % animals.count]
  let other = animals[(index * 7 + 3) % animals.count]
  let thing = things[(index / 3) % things.count]
  return """
    Once upon a time a \(one) found a \(thing). "Is it yours?" asked the \(one). "No," said the \
    \(other), "but I would like a \(thing) too." So the \(one) and the \(other) shared the \
    \(thing), and number \(index) was their lucky number.
    """
}

/// A trained model with its tokenizer and corpus, made once for all tests that read it.
actor Workshop {
  static let shared = Workshop()

  /// Where everything lies.
  struct Goods: Sendable {
    let scratch: TemporaryFolder
    var corpus: String { scratch("tales.jsonl") }
    var tokenizer: String { scratch("tokenizer.json") }
    var model: String { scratch("model") }
  }

  private var task: Task<Goods, any Error>?

  /// The goods, made at the first call.
  func goods() async throws -> Goods {
    if let task { return try await task.value }
    let task = Task {
      let goods = Goods(scratch: TemporaryFolder())
      let lines = smallTales.map { #"{"text": "\#($0.replacing("\"", with: "\\\""))"}"# }
      try goods.scratch.write(lines.joined(separator: "\n") + "\n", to: "tales.jsonl")
      let trained = try await Program.run([
        "tokenizer", "train", goods.corpus, "--vocab-size", "400", "-o", goods.tokenizer,
      ])
      try #require(trained.status == 0, "\(trained.error)")
      let model = try await Program.run(
        Workshop.training(goods, output: goods.model, steps: 30))
      try #require(model.status == 0, "\(model.error)")
      return goods
    }
    self.task = task
    return try await task.value
  }

  /// The arguments that train a tiny model.
  static func training(
    _ goods: Goods, output: String, steps: Int, more: [String] = []
  ) -> [String] {
    [
      "train", goods.corpus, "--tokenizer", goods.tokenizer, "-o", output, "--layers", "2",
      "--width", "32", "--heads", "2", "--context", "32", "--batch-tokens", "256",
      "--validation-fraction", "0.05", "--evaluate-every", "never", "--steps", "\(steps)",
    ] + more
  }
}
