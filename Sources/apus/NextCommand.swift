/// `apus next`: what word comes next, with bounds that hold.

import ArgumentParser
import Inference
import Machine
import Models
import Tokenizers

struct NextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next",
    abstract: "Show the distribution of the next word.",
    discussion: """
      EXAMPLES
        apus next tales "Once upon a time there was a"
        apus next tales "The fox opened the" --top 5 --json
        apus next tales "The fox opened the" --tokens
        apus next tales --watch --json < contexts.txt

      A word may be several tokens, and several token sequences may spell it. The likeliest \
      sequences are extended first, and what is not yet settled bounds every word from above: the \
      probability of a word lies between low and high, and all outcomes and what remains add up \
      to 1. With --tokens: the next token's distribution.
      """)

  @OptionGroup var model: ModelOptions

  @Argument(help: "The text before the word (default: standard input).")
  var context: String?

  @Option(name: .long, help: ArgumentHelp("How many to list.", valueName: "n"))
  var top = 20

  @Flag(name: .long, help: "List tokens, not words.")
  var tokens = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Go on until this much probability is settled (default: until the list is certain).",
      valueName: "p"))
  var mass: Double?

  @Option(
    name: .long,
    help: ArgumentHelp("Token sequences to ask the model about at most.", valueName: "n"))
  var budget = 4_096

  @Flag(name: .long, help: "The context ends inside the word that is asked for.")
  var inside = false

  @Flag(name: .long, help: "Read a context a line from standard input and answer each in turn.")
  var watch = false

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top is at least 1") }
    if watch, context != nil {
      throw ValidationError("--watch takes its contexts from standard input")
    }
    if budget < 1 { throw ValidationError("--budget is at least 1") }
    if let mass, !(mass > 0 && mass <= 1) {
      throw ValidationError("--mass lies above 0 and is at most 1")
    }
  }

  func run() throws {
    if watch { return try answerLines() }
    let text = try Input.text(context, for: Self.self)
    threads.apply()
    let loaded = try model.load()
    let answer = answerer(loaded)
    try answer(context == nil || context == "-" ? text.droppingLineEnd : text)
  }

  /// Answers every line as soon as it is there.
  private func answerLines() throws {
    threads.apply()
    let loaded = try model.load()
    let answer = answerer(loaded)
    let input = try Input(nil)
    var rest: [UInt8] = []
    Interruption.observe()
    func answerLine(_ bytes: ArraySlice<UInt8>) throws {
      let line = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
      guard let text = String(validating: line, as: UTF8.self) else {
        throw Failure(
          "a context is not valid UTF-8", status: .badData,
          hint: "convert it first, for example: iconv -f latin1 -t utf-8")
      }
      try answer(text)
      if !report.json { try Console.write("\n") }
    }
    while let piece = try input.next() {
      rest += piece
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        try answerLine(rest[..<end])
        rest.removeSubrange(...end)
        try Interruption.check()
      }
    }
    if !rest.isEmpty { try answerLine(rest[...]) }
  }

  /// What prints the answer to a context; the vocabulary is looked at once.
  private func answerer(_ loaded: LoadedModel) -> (String) throws -> Void {
    if tokens { return { try showTokens(after: $0, loaded) } }
    let predictor = NextWordPredictor(model: loaded.transformer, tokenizer: loaded.tokenizer)
    return { try showWords(after: $0, predictor) }
  }

  private func showTokens(after text: String, _ loaded: LoadedModel) throws {
    let generator = Generator(model: loaded.transformer, tokenizer: loaded.tokenizer)
    let prompt = generator.tokens(ofPrompt: text)
    if prompt.isEmpty { throw NextWordError.noStart }
    let list = generator.nextTokens(after: prompt, top: top)
    let objects = list.map { token in
      JSON.object([
        "id": .integer(Int(token.id)), "text": .string(token.text),
        "probability": .number(token.probability), "logprob": .number(token.logProbability),
      ])
    }
    let rows = list.map { token in
      Row(
        name: TokenText.quoted(loaded.tokenizer.bytes(of: token.id)),
        probability: token.probability, note: "\(token.id)")
    }
    try report.print(
      .object(["context": .string(text), "tokens": .array(objects)]), table(rows))
  }

  private func showWords(
    after text: String, _ predictor: NextWordPredictor<Transformer, Tokenizer>
  ) throws {
    var options = NextWordOptions()
    options.top = top
    options.mass = mass
    options.budget = budget
    options.end = inside ? .inside : .word
    let begin = Progress.now
    let result = try predictor.predict(after: text, options: options)
    let seconds = Progress.now - begin
    if result.isTruncated {
      messages.warn("the context is longer than the model's window; its end counts")
    }
    try report.print(object(for: result, text), words(for: result, seconds: seconds))
  }

  private func object(for result: NextWordDistribution, _ text: String) -> JSON {
    let list = result.words.map { word in
      JSON.object([
        "word": .string(word.word), "probability": .number(word.probability),
        "low": .number(word.low), "high": .number(word.high),
        "tokens": .array(word.tokens.map { .integer(Int($0)) }),
      ])
    }
    return .object([
      "context": .string(text), "words": .array(list), "certified": .integer(result.certified),
      "other_words": .number(result.otherWords), "punctuation": .number(result.punctuation),
      "line_break": .number(result.lineBreak), "end_of_text": .number(result.endOfText),
      "remaining": .number(result.remaining), "entropy": .number(result.entropy),
      "context_mass": .number(result.contextMass), "expansions": .integer(result.expansions),
      "truncated": .boolean(result.isTruncated),
    ])
  }

  private func words(for result: NextWordDistribution, seconds: Double) -> String {
    let rows = result.words.map { word in
      Row(
        name: word.word, probability: word.probability,
        note: word.high - word.low < 5e-6 ? "" : "to \(percent(word.high))")
    }
    let others = [
      ("(other words)", result.otherWords), ("(punctuation)", result.punctuation),
      ("(line break)", result.lineBreak), ("(end of text)", result.endOfText),
      ("(not settled)", result.remaining),
    ].filter { $0.1 > 0 }.map { Row(name: $0.0, probability: $0.1, note: "", isWord: false) }
    let certain =
      result.certified == result.words.count
      ? "these are certainly the likeliest"
      : "the first \(result.certified) are certainly the likeliest"
    let summary =
      "\(certain); entropy at least \(Format.fixed(result.entropy, 2)) nats; "
      + "\(Format.plural(result.expansions, "sequence")) asked about in "
      + "\(Format.fixed(seconds, 2)) s"
    return table(rows + others) + "\n" + summary
  }

  /// A line of the table.
  private struct Row {
    var name: String
    var probability: Double
    var note: String
    var isWord = true
  }

  /// Names, probabilities, and on a terminal bars as long as they are.
  private func table(_ rows: [Row]) -> String {
    let width = rows.map(\.name.count).max() ?? 0
    let largest = rows.filter(\.isWord).map(\.probability).max() ?? 1
    return rows.map { row in
      var line =
        row.name + String(repeating: " ", count: width - row.name.count)
        + Format.padded(percent(row.probability), 10)
      if Console.isTerminal(1) {
        let length = Int((min(1, row.probability / max(largest, 1e-12)) * 160).rounded())
        let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let bar = String(repeating: "█", count: length / 8) + eighths[length % 8]
        let blank = row.note.isEmpty ? "" : String(repeating: " ", count: 20 - bar.count)
        line += "  " + Style.standardOutput.hint(bar) + blank
      }
      return row.note.isEmpty ? line : line + "  " + row.note
    }.joined(separator: "\n")
  }

  private func percent(_ probability: Double) -> String {
    Format.fixed(100 * probability, 3) + "%"
  }
}
