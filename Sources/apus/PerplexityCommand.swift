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
      "Only the share of the documents that training holds out (apus train: 0.005).",
      valueName: "x"))
  var validationFraction: Double?

  @Option(
    name: .long, help: ArgumentHelp("Tokens in a window (default: the model's).", valueName: "n"))
  var context: Int?

  @Option(
    name: .long,
    help: ArgumentHelp("Tokens by which it moves (default: half a window).", valueName: "n"))
  var stride: Int?

  @Flag(
    name: .long,
    help: "Print one JSON line a token: id, text, logprob (natural; null without context).")
  var perToken = false

  @Flag(
    name: .long,
    help: "Print one JSON line a word: text, tokens, logprob corrected for where words end.")
  var perWord = false

  @Flag(name: .long, help: "Put the beginning-of-text token in front of each document.")
  var bos = false

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if let validationFraction, !(validationFraction > 0 && validationFraction < 1) {
      throw ValidationError("--validation-fraction lies between 0 and 1")
    }
    if [perToken, perWord, report.json].filter({ $0 }).count > 1 {
      throw ValidationError("--per-token, --per-word and --json exclude each other")
    }
  }

  func run() throws {
    let processes = try Cooperation.join(reading: texts)
    threads.apply()
    if texts.isEmpty || texts == ["-"] { try Input.requireData(for: Self.self) }
    let loaded = try model.load()
    let corpus = try Corpus(
      texts.isEmpty ? ["-"] : texts, textField: form.textField, lines: form.lines)
    var options = PerplexityOptions()
    options.context = context
    options.stride = stride
    options.scoresWords = perWord
    if bos {
      guard let token = loaded.tokenizer.beginningOfText ?? loaded.tokenizer.endOfText else {
        throw Failure("the tokenizer has no token that begins a document", status: .usage)
      }
      options.prefix = token
    }
    if let problem = options.problem(longest: loaded.transformer.contextLength) {
      throw Failure(problem, status: .usage)
    }
    options.batchTokens *= processes.size
    var measurement = Perplexity(
      model: SharedModel(model: loaded.transformer, processes: processes),
      tokenizer: loaded.tokenizer, options: options)
    let reader = try corpus.makeReader(
      from: .start,
      split: validationFraction.map { .validation(validationFraction: $0) } ?? .all)
    let progress = Progress("measuring", unit: .bytes, options: messages)
    // Processes that share a measurement end when mpirun ends them.
    if processes.size == 1 { Interruption.observe() }
    var failure: (any Error)?
    let emit = { (document: ScoredDocument) in
      if processes.rank > 0 { return }
      do {
        if perToken { try Console.write(tokenLines(of: document, with: loaded.tokenizer)) }
        if perWord { try Console.write(wordLines(of: document)) }
      } catch {
        failure = failure ?? error
      }
    }
    var bytes = 0
    while let document = try reader.next() {
      measurement.add(document.bytes, emit: emit)
      bytes += document.bytes.count
      if let failure { throw failure }
      try Interruption.check()
      progress.update(
        done: Double(bytes), total: nil,
        share: corpus.isRereadable
          ? Double(reader.compressedBytesRead) / Double(max(1, corpus.compressedBytes)) : nil)
    }
    let result = measurement.finish(emit: emit)
    if let failure { throw failure }
    progress.clear()
    if result.tokens == 0 {
      throw Failure(
        "there is nothing to predict: no document has two tokens", status: .badData,
        hint: "give a longer text, or --bos")
    }
    if processes.rank > 0 { return }
    if perToken || perWord {
      messages.say(words(of: result))
    } else {
      try report.print(object(for: result), words(of: result))
    }
  }

  private func tokenLines(of document: ScoredDocument, with tokenizer: Tokenizer) -> String {
    document.tokens.map { token in
      let line = JSON.object([
        "id": .integer(Int(token.token)),
        "text": .string(String(decoding: tokenizer.bytes(of: token.token), as: UTF8.self)),
        "logprob": token.logProbability.map(JSON.single) ?? .null,
      ])
      return line.text + "\n"
    }.joined()
  }

  private func wordLines(of document: ScoredDocument) -> String {
    document.words.map { word in
      let line = JSON.object([
        "text": .string(String(decoding: word.bytes, as: UTF8.self)),
        "tokens": .integer(word.tokens),
        "logprob": word.surprisal.map { .number(-$0) } ?? .null,
        "token_logprob": word.tokenSurprisal.map { .number(-$0) } ?? .null,
      ])
      return line.text + "\n"
    }.joined()
  }

  private func ratios(
    of result: PerplexityReport
  ) -> [(key: String, name: String, value: Double, interval: ConfidenceInterval?)] {
    [
      ("token_perplexity", "per token", result.tokenPerplexity, result.tokenPerplexityInterval),
      ("word_perplexity", "per word", result.wordPerplexity, result.wordPerplexityInterval),
      ("byte_perplexity", "per byte", result.bytePerplexity, result.bytePerplexityInterval),
      ("bits_per_byte", "bits per byte", result.bitsPerByte, result.bitsPerByteInterval),
    ]
  }

  private func object(for result: PerplexityReport) -> JSON {
    var members: [(key: String, value: JSON)] = [
      ("nats", .number(result.nats)), ("tokens", .integer(result.tokens)),
      ("words", .integer(result.words)), ("bytes", .integer(result.bytes)),
      ("documents", .integer(result.documents)),
    ]
    for ratio in ratios(of: result) {
      let ends = ratio.interval.map { JSON.array([.number($0.low), .number($0.high)]) }
      members.append((ratio.key, .number(ratio.value)))
      members.append(("\(ratio.key)_ci95", ends ?? .null))
    }
    members += [
      ("context", .integer(result.context)), ("stride", .integer(result.stride)),
      ("bos", .boolean(result.hasPrefix)),
      ("unscored_tokens", .integer(result.unscoredTokens)),
      ("unscored_bytes", .integer(result.unscoredBytes)),
      ("clusters", .string(result.clusters.rawValue)),
      ("cluster_count", .integer(result.clusterCount)),
      ("design_effect", result.designEffect.map(JSON.number) ?? .null),
    ]
    return .members(members)
  }

  private func words(of result: PerplexityReport) -> String {
    let style = report.json || perToken || perWord ? Style.standardError : Style.standardOutput
    var lines = [
      "perplexity \(style.strong(Format.fixed(result.tokenPerplexity, 2))) per token, "
        + "\(style.strong(Format.fixed(result.bitsPerByte, 4))) bits per byte"
    ]
    for ratio in ratios(of: result) {
      let name = ratio.name + String(repeating: " ", count: max(0, 14 - ratio.name.count))
      let interval = ratio.interval.map {
        "  95% interval \(number($0.low)) – \(number($0.high))"
      }
      lines.append("  \(name)\(Format.padded(number(ratio.value), 10))\(interval ?? "")")
    }
    lines.append(
      "over \(Format.plural(result.tokens, "token")), \(Format.plural(result.words, "word")), "
        + "\(Format.plural(result.bytes, "byte")) in \(Format.plural(result.documents, "document"))"
    )
    var method = "window \(result.context), stride \(result.stride)"
    if result.unscoredTokens > 0 {
      method +=
        "; \(Format.plural(result.unscoredTokens, "token")) without context not scored"
    }
    if result.clusterCount > 1 {
      method += "; intervals over \(result.clusterCount) \(result.clusters.rawValue)"
    }
    lines.append(method)
    return lines.joined(separator: "\n")
  }

  private func number(_ value: Double) -> String {
    value >= 1e6 ? Format.scientific(value) : Format.fixed(value, value < 10 ? 4 : 2)
  }
}
