/// `apus parallel`: how training speeds up with threads or processes, and what a cluster would reach.

import ArgumentParser
import Corpora
import Distributed
import Glibc
import Machine
import Models
import Scaling
import Tokenizers
import Training

struct ParallelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parallel",
    abstract: "Measure how training speeds up with threads or processes.",
    discussion: """
      EXAMPLES
        apus parallel
        mpirun -n 4 apus parallel --chart speed-up.svg
        apus parallel corpora/tales.jsonl.zst --tokenizer tokenizers/tales-4k.json --json
        mpirun -n 2 apus parallel --machines 64 --processes 16 --bandwidth 10G --latency 30
        mpirun -n 4 apus parallel --tensor-parallel 2 --pipeline-parallel 2

      The same step is trained on 1, 2, 4 … threads, or, under mpirun, processes with --threads \
      threads each. With a corpus the noise of the gradient is measured too, and the batch up to \
      which more data a step saves steps. Then layouts of a cluster are predicted: docs/parallel.md.
      """)

  @Argument(
    help: ArgumentHelp("Text to train on (default: random tokens).", valueName: "corpus"))
  var corpus: [String] = []

  @OptionGroup var form: TextOptions

  @Option(name: .long, help: ArgumentHelp("The tokenizer of the corpus.", valueName: "file"))
  var tokenizer: String?

  @OptionGroup(title: "Model") var trial: TrialOptions
  @OptionGroup(title: "Cluster") var cluster: ClusterOptions
  @OptionGroup(title: "Layout of processes") var layout: LayoutOptions

  @Option(name: .long, help: ArgumentHelp("The most threads that are tried.", valueName: "n"))
  var upTo: Int?

  @Option(name: .long, help: ArgumentHelp("Steps that are timed a point.", valueName: "n"))
  var steps = 4

  @Option(name: .long, help: ArgumentHelp("An SVG of the speed-up.", valueName: "file"))
  var chart: String?

  @OptionGroup var replace: ReplaceOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if corpus.isEmpty != (tokenizer == nil) {
      throw ValidationError("a corpus and --tokenizer go together")
    }
    if steps < 1 { throw ValidationError("--steps is at least 1") }
    if let upTo, upTo < 1 { throw ValidationError("--up-to is at least 1") }
  }

  func run() throws {
    let processes = try Cooperation.join()
    if let chart { try replace.check(chart) }
    let byProcess = processes.size > 1
    Workers.configure(count: byProcess ? threads.count : 1)
    let most = byProcess ? processes.size : upTo ?? threads.count
    if most % layout.processes != 0 || layout.processes > 1 && !byProcess {
      throw Failure(
        "\(Format.plural(most, "worker")) cannot be divided into groups of "
          + "\(layout.tensorParallel) × \(layout.pipelineParallel) processes", status: .usage,
        hint: "mpirun -n \(2 * layout.processes) apus parallel …")
    }
    let text = try TrialText(self)
    let bench = ParallelBench(
      trial, text: text, steps: steps, processes: processes, layout: layout)
    let progress = Progress("measuring", unit: .tokens, options: messages)
    let study = try bench.study(upTo: most, byProcess: byProcess) { done, total in
      progress.update(done: Double(done), total: Double(total))
    }
    progress.clear()
    let noise = try bench.noise()
    let model = bench.clusterModel(cluster, study: study)
    guard processes.rank == 0 else { return }
    let words = ParallelReport(
      study: study, noise: noise, model: model, trial: trial, cluster: cluster,
      kind: byProcess ? "process" : "thread", parameters: bench.parameterCount,
      check: bench.check(model, study: study, byProcess: byProcess))
    if let chart {
      let title = "Training speed over one \(words.kind)"
      try writeWhole(
        ParallelChart(study).svg(title: title, workers: words.kinds), to: chart)
    }
    try report.print(words.json, words.text)
    if let chart { messages.say("wrote \(chart)") }
  }
}

/// The model and step that a trial trains.
struct TrialOptions: ParsableArguments {
  @Option(name: .long, help: "gpt2, llama, qwen3 or nanochat.")
  var family = TransformerConfiguration.Family.nanochat

  @OptionGroup var shape: ModelShape

  @Option(name: .long, help: ArgumentHelp("Parts of a step, a power of two.", valueName: "n"))
  var microBatches: Int?

  @Option(name: .long, help: "adamw or muon.")
  var optimizer = OptimizerOptions.Kind.muon

  func validate() throws {
    if let microBatches, microBatches < 1 || microBatches & (microBatches - 1) != 0 {
      throw ValidationError("--micro-batches is a power of two")
    }
  }

  /// The options of a run of such steps, for so many processes at most.
  func options(processes: Int) -> TrainingOptions {
    var parts = microBatches ?? 4
    while microBatches == nil, parts < processes { parts *= 2 }
    while parts > shape.sequences { parts /= 2 }
    return TrainingOptions(
      data: DataOptions(corpus: []), optimizer: optimizer == .muon ? .muon() : .adamW(),
      schedule: LearningRateSchedule(.constant, warmupSteps: 0), horizon: .steps(1),
      context: shape.context, sequences: shape.sequences, microBatches: parts)
  }

  /// The model, for a tokenizer's vocabulary or that of random text.
  func configuration(vocabulary: Int?) throws(Failure) -> TransformerConfiguration {
    try shape.configuration(family, vocabulary: vocabulary)
  }
}

/// The machines that are predicted.
struct ClusterOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The most machines that are predicted.", valueName: "n"))
  var machines = 16

  @Option(name: .long, help: ArgumentHelp("Processes on each machine.", valueName: "n"))
  var processes = 1

  @Option(name: .long, help: ArgumentHelp("Bits a second between machines.", valueName: "n"))
  var bandwidth = Count(10_000_000_000)

  @Option(name: .long, help: ArgumentHelp("Microseconds between machines.", valueName: "n"))
  var latency = 30.0

  @Option(
    name: .long,
    help: ArgumentHelp("Tokens in the cluster's step (default: measured).", valueName: "n"))
  var clusterBatch: Count?

  func validate() throws {
    if machines < 1 || processes < 1 || bandwidth.value < 1 || !(latency >= 0) {
      throw ValidationError("a cluster has machines, processes and a network")
    }
  }
}
