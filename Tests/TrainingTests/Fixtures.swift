/// Small corpora, tokenizers and models for tests of whole runs.

import Autograd
import Corpora
import FoundationEssentials
import Glibc
import Machine
import Models
import TestSupport
import Testing
import Tokenizers
import Training

/// A run small enough for tests: a model of some 30,000 parameters on a few thousand bytes.
struct SmallRun {
  let folder: TemporaryFolder
  let tokenizer: Tokenizer
  var configuration: TransformerConfiguration
  var options: TrainingOptions

  init(_ optimizer: OptimizerOptions = .muon(), text: String = SmallRun.text) throws {
    folder = TemporaryFolder()
    tokenizer = try makeByteTokenizer()
    configuration = TransformerConfiguration(
      family: optimizer.kind == .muon ? .nanochat : .gpt2, vocabularySize: 257, contextLength: 16,
      layers: 1, width: 32, heads: 2)
    options = TrainingOptions(
      data: DataOptions(
        corpus: [try folder.write(text, to: "corpus.txt")],
        validation: [try folder.write(String(SmallRun.text.prefix(400)), to: "validation.txt")],
        validationTokens: 256, shuffle: .buffer(tokens: 512)),
      optimizer: optimizer, schedule: LearningRateSchedule(.wsd, warmupSteps: 2),
      horizon: .steps(8), context: 16, sequences: 4, clip: 1, evaluateEvery: 3, seed: 7)
  }

  /// Where the model goes.
  var model: String { "\(folder.path)/model" }

  func trainer(_ name: String = "model", seed: UInt64 = 1) throws -> Trainer {
    try Trainer(
      Transformer(configuration, seed: seed), tokenizer: tokenizer, options: options,
      folder: "\(folder.path)/\(name)")
  }

  /// Trains `name`, stopped by an interruption after a step, then resumed to the end.
  func trainInParts(_ name: String, stop: Int) throws {
    let outcome = try trainer(name).run {
      if case .step(let progress) = $0, progress.record.step == stop { Interruption.simulate(true) }
    }
    Interruption.simulate(false)
    #expect(outcome == .interrupted)
    let resumed = try Trainer(resuming: "\(folder.path)/\(name)")
    #expect(resumed.state.step == stop)
    #expect(try resumed.run() == .finished)
  }

  func bytes(_ file: String, of name: String = "model") throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)/\(file)"))
  }

  /// The log without what depends on the clock.
  func log(of name: String = "model") throws -> [RunRecord] {
    try RunLog.read("\(folder.path)/\(name)/training/metrics.jsonl").map {
      guard case .step(var record) = $0 else { return $0 }
      record.seconds = 0
      record.tokensPerSecond = 0
      record.loaderSeconds = 0
      return .step(record)
    }
  }

  static let text = (0..<60).map { index in
    "The \(["swift", "swallow", "martin"][index % 3]) number \(index) flew \(index * 7 % 23) miles.\n"
  }.joined()
}

extension ParameterStore {
  /// The norm of all gradients together.
  func gradientNorm() -> Double {
    squaredGradients(in: parameters.map { $0.offset..<$0.offset + $0.count }).reduce(0, +)
      .squareRoot()
  }
}
