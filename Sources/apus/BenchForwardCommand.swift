/// `apus bench forward`: the speed of a forward pass, as perplexity and validation run it.

import ArgumentParser
import Machine

struct BenchForwardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forward",
    abstract: "Measure a forward pass with its loss, as perplexity runs it.",
    discussion: """
      EXAMPLES
        apus bench forward
        apus bench forward --precision auto
        apus bench forward --context 1024 --batch-tokens 1024 --json
      """)

  @OptionGroup var model: BenchModel
  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    threads.apply()
    let transformer = try model.make()
    let precision = transformer.readingPrecision
    var limit = PeakSpeed(of: precision)
    limit.measure()
    let speed = Double(model.shape.tokens) / model.forwardPass(of: transformer)
    limit.measure()
    let peak = limit.flops
    let share = speed * transformer.configuration.trainingFLOPsPerToken / 3 / peak
    try report.print(
      .object([
        "tokens_per_second": .number(speed), "share_of_peak": .number(share),
        "peak_gflops": .number(peak / 1e9), "precision": .string(precision.rawValue),
        "threads": .integer(threads.count),
        "parameters": .integer(transformer.parameters.parameterCount),
      ]),
      """
      forward   \(Format.fixed(speed, 0)) tokens/s, \(Format.fixed(100 * share, 1))% of the peak \
      in \(precision.rawValue)
      model     \(model.description(of: transformer))
      """)
  }
}
