/// `apus perplexity`: how well a model predicts a text, with intervals.

import ArgumentParser
import Corpora
import Distributed
import Inference
import Machine
import Models
import Tokenizers

struct PerplexityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "perplexity",
    abstract: "Measure how well a model predicts a text.",
    discussion: """
      EXAMPLES
        apus perplexity tales letter.txt
        apus perplexity tales books.test.jsonl.zst --context 256 --stride 64 --json
        echo "The fox ran home." | apus perplexity tales --per-token
        apus perplexity tales letter.txt --per-word --tsv --log 2
        apus perplexity tales books.test.jsonl.zst --compare tales-before
        apus perplexity books books.test.jsonl.zst --baseline books.train.jsonl.zst
        mpirun -n 4 apus perplexity tales books.test.jsonl.zst

      Perplexity is given per token, per word (between white space) and per byte, with bits per \
      byte; only the last three compare models with different tokenizers. A window slides over \
      each document; every token but a document's first is scored once, with at least \
      context − stride tokens before it. Intervals are at 95%, over documents or, when there are \
      few, over blocks of text.
      """)

  @OptionGroup var model: ModelOptions

  @Argument(
    help: ArgumentHelp(
      "Files (.txt, .jsonl, either with .zst), folders or globs (default: standard input).",
      valueName: "text"))
  var texts: [String] = []

  @OptionGroup var form: TextOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Only the share of the documents that training holds out, as the plan of apus train says it.",
      valueName: "x"))
  var validationFraction: Double?

  @Option(
    name: .long, help: ArgumentHelp("Tokens in a window (default: the model's).", valueName: "n"))
  var context: Int?

  @Option(
    name: .long,
    help: ArgumentHelp("Tokens by which it moves (default: half a window).", valueName: "n"))
  var stride: Int?

  @OptionGroup(title: "Lines") var lines: ScoreLines

  @Flag(name: .long, help: "Show how the loss falls with the number of tokens before.")
  var byPosition = false

  @Flag(name: .long, help: "Check that probabilities sum to 1 in every context.")
  var checkSum = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Measure a second model on the same text, pair by pair.", valueName: "model"),
    completion: .directory)
  var compare: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Measure a Kneser-Ney 5-gram of this corpus on the same tokens; repeatable.",
      valueName: "corpus"))
  var baseline: [String] = []

  @Flag(name: .long, help: "Put the beginning-of-text token in front of each document.")
  var bos = false

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if let validationFraction, !(validationFraction > 0 && validationFraction < 1) {
      throw ValidationError("--validation-fraction lies between 0 and 1")
    }
    if lines.isAny, report.json {
      throw ValidationError("--json and lines of scores exclude each other")
    }
    if lines.isAny, compare != nil || !baseline.isEmpty {
      throw ValidationError("--compare and --baseline exclude lines of scores")
    }
  }

  func run() throws {
    let processes = try Cooperation.join(reading: texts)
    threads.apply()
    if texts.isEmpty || texts == ["-"] { try Input.requireData(for: Self.self) }
    let loaded = try model.load()
    let corpus = try Corpus(
      texts.isEmpty ? ["-"] : texts, textField: form.textField, lines: form.lines)
    let options = try options(for: loaded)
    var measurement = Perplexity(
      model: SharedModel(model: loaded.transformer, processes: processes),
      tokenizer: loaded.tokenizer, options: options)
    let second = try compare.map { try model.load(another: $0) }
    var otherMeasurement = try second.map {
      Perplexity(
        model: SharedModel(model: $0.transformer, processes: processes), tokenizer: $0.tokenizer,
        options: try self.options(for: $0))
    }
    let ngrams =
      baseline.isEmpty || processes.rank > 0
      ? nil
      : try Baseline(baseline, form: form, tokenizer: loaded.tokenizer, messages: messages)
    let windows = [loaded, second].compactMap { $0?.transformer.contextLength }.max() ?? 1
    // Of several processes the first one speaks, and alone keeps what it has to say.
    let collector =
      processes.rank > 0
      ? nil
      : ScoreCollector(
        positions: byPosition,
        difference: second == nil ? nil : PairedDifference(blockBytes: 4 * windows),
        baseline: ngrams)
    let reader = try corpus.makeReader(
      from: .start,
      split: validationFraction.map { .validation(validationFraction: $0) } ?? .all)
    let progress = Progress("measuring", unit: .bytes, options: messages)
    // Processes that share a measurement end when mpirun ends them.
    if processes.size == 1 { Interruption.observe() }
    var failure: (any Error)?
    let emit = { (document: ScoredDocument) in
      guard let collector else { return }
      do {
        if lines.isAny { try Console.write(lines.lines(of: document, with: loaded.tokenizer)) }
        collector.add(document)
      } catch {
        failure = failure ?? error
      }
    }
    if lines.isAny, processes.rank == 0 { try Console.write(lines.heading) }
    var bytes = 0
    while let document = try reader.next() {
      if ngrams != nil { collector?.remember(document.bytes) }
      measurement.add(document.bytes, emit: emit)
      otherMeasurement?.add(document.bytes) { collector?.addOther($0) }
      bytes += document.bytes.count
      if let failure { throw failure }
      try Interruption.check()
      progress.update(
        done: Double(bytes), total: nil,
        share: corpus.isRereadable
          ? Double(reader.compressedBytesRead) / Double(max(1, corpus.compressedBytes)) : nil)
    }
    let result = measurement.finish(emit: emit)
    let otherResult = otherMeasurement?.finish { collector?.addOther($0) }
    if let failure { throw failure }
    progress.clear()
    if result.tokens == 0 {
      throw Failure(
        "there is nothing to predict: no document has two tokens", status: .badData,
        hint: "give a longer text, or --bos")
    }
    guard let collector else { return }
    var findings = PerplexityFindings(
      report: result, precision: loaded.transformer.readingPrecision,
      positions: collector.positions, baseline: ngrams)
    if let otherResult, let compare, let difference = collector.difference {
      findings.comparison = (compare, otherResult, difference)
    }
    if lines.totals { try Console.write(findings.totals) }
    if lines.isAny {
      messages.say(findings.words(Style.standardError))
    } else {
      try report.print(findings.json, findings.words(Style.standardOutput))
    }
    if let sum = result.worstSum, !(abs(sum - 1) <= 1e-4) {
      throw Failure(
        "the probabilities of all tokens add up to \(sum) in some context", status: .failure,
        hint: "the model's weights are damaged, or its logits are out of range")
    }
  }

  private func options(for loaded: LoadedModel) throws -> PerplexityOptions {
    var options = PerplexityOptions()
    options.batchTokens *= Cooperation.current.communicator.size
    options.context = context
    options.stride = stride
    options.scoresWords = lines.perWord
    options.checksSums = checkSum
    if bos {
      guard let token = loaded.tokenizer.beginningOfText ?? loaded.tokenizer.endOfText else {
        throw Failure(
          "the tokenizer has no token that begins a document", status: .usage,
          hint: "leave out --bos")
      }
      options.prefix = token
    }
    let longest = loaded.transformer.contextLength
    if let problem = options.problem(longest: longest) {
      throw Failure(
        problem, status: .usage,
        hint: "--context is 2 to \(longest), and --stride 1 to the context; half of it is usual")
    }
    return options
  }
}

/// Brings together what the parts of a measurement say about the same documents.
private final class ScoreCollector {
  private(set) var positions: PositionProfile?
  private(set) var difference: PairedDifference?
  private let baseline: Baseline?
  private var texts: [[UInt8]] = []
  private var first: [ScoredDocument] = []
  private var second: [ScoredDocument] = []

  init(positions: Bool, difference: PairedDifference?, baseline: Baseline?) {
    self.positions = positions ? PositionProfile() : nil
    self.difference = difference
    self.baseline = baseline
  }

  /// Keeps the text of a document until it is scored.
  func remember(_ text: [UInt8]) { texts.append(text) }

  func add(_ document: ScoredDocument) {
    positions?.add(document)
    if let baseline { baseline.add(document, text: texts.removeFirst()) }
    if difference != nil {
      first.append(document)
      pair()
    }
  }

  func addOther(_ document: ScoredDocument) {
    second.append(document)
    pair()
  }

  private func pair() {
    while !first.isEmpty, !second.isEmpty {
      difference?.add(first.removeFirst(), second.removeFirst())
    }
  }
}
