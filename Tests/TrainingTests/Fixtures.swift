/// Small corpora, tokenizers and models for tests of whole runs.

import Corpora
import FoundationEssentials
import Glibc
import Models
import Tokenizers
import Training

/// A folder of its own for a test, which removes it.
struct TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/" + "apus-training-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// A run small enough for tests: a model of some 30,000 parameters on a few thousand bytes.
struct SmallRun {
  let folder: TemporaryFolder
  let tokenizer: Tokenizer
  var configuration: TransformerConfiguration
  var options: TrainingOptions

  init(_ optimizer: OptimizerOptions = .muon(), text: String = SmallRun.text) throws {
    folder = try TemporaryFolder()
    tokenizer = try Tokenizer(contentsOf: folder.write(SmallRun.byteTokenizer, to: "bytes.json"))
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

  func bytes(_ file: String, of name: String = "model") throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)/\(file)"))
  }

  /// The log without what depends on the clock.
  func log(of name: String = "model") throws -> [RunRecord] {
    try RunLog.read("\(folder.path)/\(name)/training/metrics.jsonl").map {
      guard case .step(var record) = $0 else { return $0 }
      record.seconds = 0
      record.tokensPerSecond = 0
      return .step(record)
    }
  }

  static let text = (0..<60).map { index in
    "The \(["swift", "swallow", "martin"][index % 3]) number \(index) flew \(index * 7 % 23) miles.\n"
  }.joined()

  /// A `tokenizer.json` whose tokens are the 256 bytes, in order, and the end of a text.
  static let byteTokenizer: String = {
    var next = 256
    let characters = (0..<256).map { byte -> String in
      let isPrinted =
        (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      defer { next += isPrinted ? 0 : 1 }
      let scalar = Unicode.Scalar(UInt32(isPrinted ? byte : next)) ?? " "
      return scalar == "\"" ? "\\\"" : scalar == "\\" ? "\\\\" : String(Character(scalar))
    }
    let vocabulary = characters.enumerated().map { "\"\($0.element)\":\($0.offset)" }
    return """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":256,
      "content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,
      "normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel",
      "add_prefix_space":false,"trim_offsets":true,"use_regex":true},"post_processor":null,
      "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,
      "use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,
      "continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,
      "byte_fallback":false,"ignore_merges":false,
      "vocab":{\(vocabulary.joined(separator: ","))},"merges":[]}}
      """
  }()
}
