/// `apus scaling study`, the default: plan, run, report.

import ArgumentParser
import Corpora
import Distributed
import FoundationEssentials
import Machine
import Models
import Scaling
import Tokenizers
import Training

extension StudyPlan.Variation: ExpressibleByArgument {}

struct ScalingStudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Run a study: many small runs, one law.",
    discussion: """
      EXAMPLES
        apus scaling corpora/tales.jsonl.zst -o tales-study
        apus scaling books.train.jsonl.zst -o study --time 1h
        apus scaling books.train.jsonl.zst -o study --sizes 25k,50k,100k,200k,400k --seeds 3
        mpirun -n 8 apus scaling books.train.jsonl.zst -o study --time 1h

      Every size is trained with several seeds until its validation loss no longer falls. The law is \
      fitted to all sizes but the largest, whose loss is predicted, with an interval, before it is \
      trained. Finished runs are kept: the same command again goes on where it stopped, and more \
      sizes or seeds extend the study. Several processes make runs side by side.
      """)

  @OptionGroup var corpus: CorpusOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("The study's folder.", valueName: "study"))
  var output: String

  @OptionGroup var design: StudyOptions

  @Flag(name: .long, help: "Print the plan and stop.")
  var dryRun = false

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    let processes = try Cooperation.join()
    threads.apply()
    if corpus.corpus.isEmpty || corpus.corpus.contains("-") {
      throw Failure(
        "a study reads its corpus several times, so it must be a file", status: .usage,
        hint: "name files: apus scaling CORPUS -o STUDY")
    }
    let texts = try corpus.open(for: Self.self)
    // The first process plans for all.
    let start = processes.rank == 0 ? try StudyStart(self, texts) : nil
    start?.show()
    if dryRun { return }
    let planned = try start.map { try JSONEncoder().encode($0.plan) } ?? Data()
    let plan = try JSONDecoder().decode(
      StudyPlan.self, from: Data(processes.handOut(Array(planned))))
    let study = try ScalingStudy(
      plan, tokenizer: try tokenizer(start, processes), folder: output, communicator: processes)
    let display = StudyDisplay(messages)
    Interruption.observe()
    let isComplete = try study.run { event in
      display.show(event)
      guard case .point = event, processes.rank == 0 else { return }
      do {
        try save(study)
      } catch {
        // The run itself is kept; at the end this is tried once more, and fails the command.
        messages.warn(
          "the report so far could not be written: "
            + (Failure(error)?.message ?? "\(error)"))
      }
    }
    display.finish()
    guard processes.rank == 0 else { return }
    let result = try save(study)
    if !isComplete {
      throw Failure(
        "interrupted", status: .interrupted,
        hint: "the same command goes on after the last finished run")
    }
    let words = StudyText(result, columns: min(100, Console.columns))
    if report.json {
      try Console.write(try result.json())
    } else {
      try Console.write(words.text + "\n")
    }
    messages.say("wrote \(output)/study.json and \(output)/chart.svg")
  }

  /// The tokenizer of all processes, which the first has found or trained.
  private func tokenizer(_ start: StudyStart?, _ processes: any Communicator) throws -> Tokenizer {
    let own = try start?.tokenizer()
    if processes.size == 1, let own { return own }
    return try Tokenizer(json: processes.handOut(own?.json() ?? []))
  }

  /// Writes report and chart anew.
  @discardableResult
  private func save(_ study: ScalingStudy) throws -> StudyReport {
    let result = StudyReport(study.plan, points: study.points, prediction: study.prediction)
    try writeWhole(try result.json(), to: "\(output)/study.json")
    if let chart = result.chart() {
      try writeWhole(ChartSVG(chart).text, to: "\(output)/chart.svg")
    }
    return result
  }
}
