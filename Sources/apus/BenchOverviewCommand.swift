/// `apus bench overview`: each kind of work once, which plain `apus bench` does.

import ArgumentParser
import Glibc
import Inference
import Kernels
import Machine
import Models
import Tokenizers
import Training

struct BenchOverviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overview",
    abstract: "Each kind of work once (what apus bench alone does).",
    discussion: """
      EXAMPLES
        apus bench
        apus bench --width 256 --layers 4 --seconds 5 --json

      Training is on random tokens, with a model of the given shape; its share is of what products \
      alone reach in the same process. Tokenizing needs --tokenizer and --text.
      """)

  @Option(name: .long, help: "gpt2, llama, qwen3 or nanochat.")
  var family = TransformerConfiguration.Family.gpt2

  @Option(name: .long, help: ArgumentHelp("Blocks.", valueName: "n"))
  var layers = 6

  @Option(name: .long, help: ArgumentHelp("Width of the residual stream.", valueName: "n"))
  var width = 384

  @Option(name: .long, help: ArgumentHelp("Query heads.", valueName: "n"))
  var heads = 6

  @Option(name: .long, help: ArgumentHelp("Tokens in a window.", valueName: "n"))
  var context = 256

  @Option(name: .long, help: ArgumentHelp("Tokens in a step.", valueName: "n"))
  var batchTokens = 4096

  @Option(name: .long, help: ArgumentHelp("Tokens in the vocabulary.", valueName: "n"))
  var vocabSize = 8192

  @Option(name: .long, help: ArgumentHelp("Seconds for each measurement.", valueName: "s"))
  var seconds = 3.0

  @Option(name: .long, help: ArgumentHelp("A tokenizer to time.", valueName: "file"))
  var tokenizer: String?

  @Option(name: .long, help: ArgumentHelp("The text to time it on.", valueName: "file"))
  var text: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if (tokenizer == nil) != (text == nil) {
      throw ValidationError("--tokenizer and --text go together")
    }
    if !(seconds > 0 && seconds < 3600) { throw ValidationError("--seconds is above 0") }
  }

  func run() throws {
    threads.apply()
    let configuration = TransformerConfiguration(
      family: family, vocabularySize: vocabSize, contextLength: context, layers: layers,
      width: width, heads: heads)
    if let problem = configuration.problem {
      throw Failure("no such model can be: \(problem)", status: .usage)
    }
    if batchTokens < context {
      throw Failure("--batch-tokens is less than one window", status: .usage)
    }
    var keys: [(key: String, value: JSON)] = [
      ("processor", .string(Processor.name)), ("threads", .integer(threads.count)),
      ("blas", .string(MatrixProduct.core)),
    ]
    var lines = [
      "\(Processor.name), \(Format.plural(threads.count, "thread")), OpenBLAS for "
        + MatrixProduct.core
    ]
    if let speed = try tokenizing() {
      keys.append(("tokenize_mb_per_second", .number(speed / 1e6)))
      lines.append("tokenizing  \(Format.short(speed / 1e6)) MB/s on one thread")
    }
    let products = MachineSpeed.products(seconds: seconds)
    keys.append(("product_gflops", .number(products / 1e9)))
    lines.append("products    \(Format.fixed(products / 1e9, 0)) GFLOP/s (768 × 768 × 768)")
    let transformer = Transformer(configuration, seed: 42)
    let training = trainingSpeed(of: transformer)
    let share = training * configuration.trainingFLOPsPerToken / products
    keys += [
      ("train_tokens_per_second", .number(training)), ("train_share_of_products", .number(share)),
    ]
    lines.append(
      "training    \(Format.fixed(training, 0)) tokens/s, \(Format.fixed(100 * share, 0))% of what "
        + "products reach")
    let decoding = decodingSpeed(of: transformer)
    keys.append(("decode_tokens_per_second", .number(decoding)))
    lines.append("decoding    \(Format.fixed(decoding, 0)) tokens/s, one sample")
    lines.append(
      "model       \(family.rawValue), \(layers) layers, width \(width), \(heads) heads, window "
        + "\(context), \(Format.grouped(batchTokens)) tokens a step, vocabulary \(vocabSize), "
        + "\(Format.count(transformer.parameters.parameterCount)) parameters")
    keys.append(("parameters", .integer(transformer.parameters.parameterCount)))
    try report.print(.members(keys), lines.joined(separator: "\n"))
  }

  /// Bytes a second of encoding the text on one thread, or nil if none was given.
  private func tokenizing() throws -> Double? {
    guard let tokenizer, let text else { return nil }
    let coder = try TokenizerOptions.load(tokenizer)
    let bytes = Array(try Input(text).text().utf8)
    var tokens: [Token] = []
    return perSecond(count: bytes.count) {
      tokens.removeAll(keepingCapacity: true)
      bytes.withUnsafeBytes { coder.encode(bytes: $0, into: &tokens) }
    }
  }

  private func trainingSpeed(of transformer: Transformer) -> Double {
    let sequences = batchTokens / context
    let count = sequences * context
    var random = RandomSource(seed: 42, stream: 0)
    let tokens = (0...count).map { _ in Token(random.next() % UInt64(vocabSize)) }
    let optimizer = AdamW(transformer.parameters, .adamW())
    return perSecond(count: count) {
      transformer.parameters.zeroGradients()
      _ = transformer.addGradients(
        inputs: Array(tokens[..<count]), targets: Array(tokens[1...]), sequences: sequences)
      optimizer.update(rateShare: 1e-3, gradientScale: 1)
    }
  }

  private func decodingSpeed(of transformer: Transformer) -> Double {
    let cache = KVCache(transformer.configuration, sequences: 1, capacity: context)
    return perSecond(count: 1) {
      if cache.count == context { cache.rewind(to: 0) }
      _ = transformer.nextLogits(after: [1], cache: cache)
    }
  }

  /// `count` over the mean time of `body`, called for about `seconds` after a first time.
  private func perSecond(count: Int, _ body: () -> Void) -> Double {
    body()
    let start = Progress.now
    var calls = 0
    repeat {
      body()
      calls += 1
    } while Progress.now - start < seconds
    return Double(count * calls) / (Progress.now - start)
  }
}
