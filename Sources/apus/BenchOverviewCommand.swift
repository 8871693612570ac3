/// `apus bench overview`: each kind of work once, which plain `apus bench` does.

import ArgumentParser
import Kernels
import Machine
import Tokenizers

struct BenchOverviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overview",
    abstract: "Each kind of work once (what apus bench alone does).",
    discussion: """
      EXAMPLES
        apus bench
        apus bench --width 256 --layers 4 --seconds 5 --json

      Training is on random tokens, with a model of the given shape, clipping and AdamW included; \
      its share is of the peak, which multiplications in registers reach in the same process: the \
      best of several rounds between the parts of the work. Tokenizing needs --tokenizer \
      and --text.
      """)

  @OptionGroup var model: BenchModel

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
  }

  func run() throws {
    threads.apply()
    let transformer = try model.make()
    var keys: [(key: String, value: JSON)] = [
      ("processor", .string(Processor.name)), ("threads", .integer(threads.count)),
      ("kernels", .string(kernels.name)),
    ]
    var lines = [
      "\(Processor.name), \(Format.plural(threads.count, "thread")), kernels for \(kernels.name)"
    ]
    if let speed = try tokenizing() {
      keys.append(("tokenize_mb_per_second", .number(speed / 1e6)))
      lines.append("tokenizing  \(Format.short(speed / 1e6)) MB/s on one thread")
    }
    let precision = transformer.trainingPrecision
    var limit = PeakSpeed(of: precision)
    limit.measure()
    let products = MachineSpeed.products(in: precision, seconds: min(1, model.seconds))
    limit.measure()
    let bandwidth = MachineSpeed.readBandwidth(seconds: min(0.5, model.seconds))
    let tokens = Double(model.shape.tokens)
    let training = tokens / model.trainingStep(of: transformer)
    limit.measure()
    let peak = limit.flops
    let share = training * transformer.configuration.trainingFLOPsPerToken / peak
    keys += [
      ("precision", .string(precision.rawValue)), ("peak_gflops", .number(peak / 1e9)),
      ("product_gflops", .number(products / 1e9)),
      ("read_gb_per_second", .number(bandwidth / 1e9)),
      ("train_tokens_per_second", .number(training)), ("train_share_of_peak", .number(share)),
    ]
    lines += [
      "peak        \(Format.fixed(peak / 1e9, 0)) GFLOP/s in \(precision.rawValue) in registers, "
        + "\(Format.fixed(bandwidth / 1e9, 1)) GB/s from memory",
      "products    \(Format.fixed(products / 1e9, 0)) GFLOP/s (768 × 768 × 768)",
      "training    \(Format.fixed(training, 0)) tokens/s, \(Format.fixed(100 * share, 0))% of the "
        + "peak, in \(precision.rawValue)",
    ]
    let forward = tokens / model.forwardPass(of: transformer)
    keys.append(("forward_tokens_per_second", .number(forward)))
    lines.append(
      "forward     \(Format.fixed(forward, 0)) tokens/s in \(transformer.readingPrecision.rawValue), as perplexity does"
    )
    let decoding = 1 / model.decodingStep(of: transformer)
    keys.append(("decode_tokens_per_second", .number(decoding)))
    lines.append("decoding    \(Format.fixed(decoding, 0)) tokens/s, one sample")
    lines.append("model       \(model.description(of: transformer))")
    keys.append(("parameters", .integer(transformer.parameters.parameterCount)))
    try report.print(.members(keys), lines.joined(separator: "\n"))
  }

  /// Bytes a second of encoding the text on one thread, or nil if none was given.
  private func tokenizing() throws -> Double? {
    guard let tokenizer, let text else { return nil }
    let coder = try TokenizerOptions.load(tokenizer)
    let bytes = Array(try Input(text).text().utf8)
    var tokens: [Token] = []
    let seconds = model.median {
      tokens.removeAll(keepingCapacity: true)
      bytes.withUnsafeBytes { coder.encode(bytes: $0, into: &tokens) }
    }
    return Double(bytes.count) / seconds
  }
}
