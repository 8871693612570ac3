/// `apus bench decode`: the speed of decoding, beside what reading the weights allows.

import ArgumentParser
import Machine
import Models
import Tokenizers

struct BenchDecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Measure decoding and reading a prompt.",
    discussion: """
      EXAMPLES
        apus bench decode
        apus bench decode --layers 12 --width 768 --heads 12 --context 1024 --vocab-size 50257

      One token of one sample reads every weight once: the limit is the bandwidth of reading \
      memory, measured turn by turn with it, over the bytes of the weights.
      """)

  @OptionGroup var model: BenchModel

  @Option(name: .shortAndLong, help: ArgumentHelp("Samples side by side.", valueName: "count"))
  var number = 16

  @Option(name: .long, help: ArgumentHelp("fp32, bf16 or int8.", valueName: "format"))
  var weights = WeightFormat.fp32

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if number < 1 { throw ValidationError("-n is at least 1") }
  }

  func run() throws {
    threads.apply()
    let transformer = try model.make()
    transformer.readingPrecision = try model.precision.asked() ?? weights.precision
    weights.apply(to: transformer)
    let (single, bandwidth, share) = alone(transformer)
    let limit = bandwidth / Double(transformer.decodingBytes)
    let together = Double(number) / model.decodingStep(of: transformer, samples: number)
    let prompt = [Token](repeating: 1, count: model.shape.context)
    let reading =
      Double(model.shape.context)
      / model.median {
        let cache = KVCache(transformer.configuration, capacity: model.shape.context)
        _ = transformer.nextLogits(after: prompt, cache: cache)
      }
    try report.print(
      .object([
        "decode_tokens_per_second": .number(single), "limit_tokens_per_second": .number(limit),
        "share_of_limit": .number(share), "samples": .integer(number),
        "samples_tokens_per_second": .number(together),
        "prompt_tokens_per_second": .number(reading),
        "read_gb_per_second": .number(bandwidth / 1e9), "threads": .integer(threads.count),
        "parameters": .integer(transformer.parameters.parameterCount),
      ]),
      """
      one sample   \(Format.short(single)) tokens/s, \(Format.fixed(100 * share, 0))% of \
      the \(Format.short(limit)) that \(Format.fixed(bandwidth / 1e9, 1)) GB/s allow
      \(Format.plural(number, "sample"))   \(Format.short(together)) tokens/s, \
      \(Format.fixed(together / single, 1)) times as many
      prompt       \(Format.short(reading)) tokens/s
      model        \(model.description(of: transformer))
      """)
  }

  /// Tokens a second of one sample, bytes a second from memory, and the share of the one in what the
  /// other allows: medians of ten rounds, each of both, because a bandwidth that is shared with
  /// strangers changes from second to second.
  private func alone(_ transformer: Transformer) -> (
    speed: Double, bandwidth: Double, share: Double
  ) {
    let reader = MachineSpeed.MemoryReader()
    let rounds = (0..<10).map { _ in
      (
        bandwidth: reader.bandwidth(seconds: model.seconds / 30),
        speed: 1 / model.decodingStep(of: transformer, seconds: model.seconds / 10)
      )
    }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    return (
      median(rounds.map(\.speed)), median(rounds.map(\.bandwidth)),
      median(rounds.map { $0.speed * Double(transformer.decodingBytes) / $0.bandwidth })
    )
  }
}
