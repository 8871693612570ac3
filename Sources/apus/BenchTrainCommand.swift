/// `apus bench train`: the speed of a training step, and where its time goes.

import ArgumentParser
import Kernels
import Machine
import Models

struct BenchTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Measure a training step; with --profile, each of its operations.",
    discussion: """
      EXAMPLES
        apus bench train --profile
        apus bench train --family nanochat --optimizer muon --layers 4 --width 256 --heads 4 \
          --batch-tokens 2048 --profile
        apus bench train --layers 12 --width 768 --heads 12 --context 1024 --vocab-size 50257 \
          --batch-tokens 2048 --seconds 40

      A step is forward, backward, clipping and the optimizer on random tokens; the speed is that of the \
      median step. Its share of the peak counts the arithmetic that the model needs, attention as \
      the triangle it is, of the head what the loss sees; the peak is what registers alone reach in \
      this process, the best of several rounds before and after.
      """)

  @OptionGroup var model: BenchModel

  @Flag(name: .long, help: "Print the time, GFLOP/s and GB/s of each operation.")
  var profile = false

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    threads.apply()
    let transformer = try model.make()
    let precision = transformer.trainingPrecision
    var limit = PeakSpeed(of: precision)
    limit.measure()
    let measured = profile ? Profile() : nil
    let seconds = model.trainingStep(of: transformer, profile: measured)
    limit.measure()
    let peak = limit.flops
    let speed = Double(model.shape.tokens) / seconds
    let flops = speed * model.flopsPerToken(of: transformer.configuration)
    let memory = MachineSpeed.peakMemory
    var keys: [(key: String, value: JSON)] = [
      ("tokens_per_second", .number(speed)), ("step_seconds", .number(seconds)),
      ("gflops", .number(flops / 1e9)), ("peak_gflops", .number(peak / 1e9)),
      ("share_of_peak", .number(flops / peak)),
      ("memory_bytes", memory.map(JSON.integer) ?? .null),
      ("precision", .string(precision.rawValue)), ("threads", .integer(threads.count)),
      ("parameters", .integer(transformer.parameters.parameterCount)),
    ]
    var lines: [String] = []
    if let measured {
      let bandwidth = MachineSpeed.readBandwidth(seconds: 0.3)
      keys.append(("read_gb_per_second", .number(bandwidth / 1e9)))
      keys.append(("operations", .array(measured.entries.map(json))))
      lines += ProfileTable.lines(measured, peak: peak) + [""]
      lines.append(
        "peak      \(Format.fixed(peak / 1e9, 0)) GFLOP/s in registers, "
          + "\(Format.fixed(bandwidth / 1e9, 1)) GB/s from memory")
    }
    lines += [
      "step      \(Format.fixed(1000 * seconds, 0)) ms, \(Format.fixed(speed, 0)) tokens/s, "
        + "\(Format.fixed(flops / 1e9, 0)) GFLOP/s, \(Format.fixed(100 * flops / peak, 1))% of the "
        + "peak of \(Format.fixed(peak / 1e9, 0)) in \(precision.rawValue) on \(Format.plural(threads.count, "thread"))",
      "memory    " + (memory.map(Format.bytes) ?? "unknown") + " at most",
      "model     \(model.description(of: transformer))",
    ]
    try report.print(.members(keys), lines.joined(separator: "\n"))
  }

  private func json(_ entry: Profile.Entry) -> JSON {
    .object([
      "name": .string(entry.name), "backward": .boolean(entry.isBackward),
      "calls": .integer(entry.calls), "seconds": .number(entry.seconds),
      "gflops": .number(entry.flops / entry.seconds / 1e9),
      "gb_per_second": .number(entry.bytes / entry.seconds / 1e9),
    ])
  }
}

/// A profile as a table.
enum ProfileTable {
  /// Operations in the order in which they first ran, each with its share of the time.
  static func lines(_ profile: Profile, peak: Double) -> [String] {
    let total = max(profile.seconds, 1e-12)
    let width = profile.entries.map(\.name.count).max() ?? 0
    let header =
      Format.paddedRight("operation", width + 10)
      + "   ms each    share   GFLOP/s     GB/s   of peak"
    return [header]
      + profile.entries.map { entry in
        let name = Format.paddedRight(entry.name, width + 2)
        let rate = entry.flops / entry.seconds
        return name + (entry.isBackward ? "backward" : "        ")
          + Format.padded(Format.fixed(1000 * entry.seconds / Double(entry.calls), 2), 10)
          + Format.padded(Format.fixed(100 * entry.seconds / total, 1) + "%", 9)
          + Format.padded(entry.flops > 0 ? Format.fixed(rate / 1e9, 1) : "", 10)
          + Format.padded(Format.fixed(entry.bytes / entry.seconds / 1e9, 1), 9)
          + Format.padded(
            entry.flops > 0 ? Format.fixed(100 * rate / peak, 1) + "%" : "", 10)
      }
  }
}
