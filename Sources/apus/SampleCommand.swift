/// `apus sample`: text from a model, as it comes.

import ArgumentParser
import Inference
import Machine
import Models
import Tokenizers

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Continue a text.",
    discussion: """
      EXAMPLES
        apus sample tales "Once upon a time"
        apus sample tales "The fox" -n 3 --temperature 1 --top-p 0.9 --seed 7
        apus sample tales "The fox" --chain temperature,top-p --top-p 0.9 --dry-run
        apus sample tales "The fox" --beam 8
        apus sample people "A person: " --json-schema-file person.json
        echo "Dear Anna," | apus sample letters --stop "Yours"

      Without a prompt, and nothing piped in, the model begins a document of its own. One line \
      end at the end of a piped prompt is dropped. A prompt may end inside a word or with a space: \
      its last tokens are drawn anew, among all that spell it. The same seed gives the same text.
      """)

  @OptionGroup var model: ModelOptions

  @Argument(help: "The text to continue (default: what is piped in, if anything).")
  var prompt: String?

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp("A file that holds the prompt.", valueName: "file"), completion: .file())
  var promptFile: String?

  @Flag(name: .long, help: "Take the prompt's last word as ended where the prompt ends.")
  var wholePrompt = false

  @Option(
    name: [.customShort("n"), .long], help: ArgumentHelp("How many samples.", valueName: "count"))
  var count = 1

  @Option(name: .long, help: ArgumentHelp("Tokens in a sample at most.", valueName: "n"))
  var tokens = Count(256)

  @OptionGroup(title: "Choosing tokens") var chain: ChainOptions

  @OptionGroup(title: "Keeping to a form") var grammar: GrammarOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Search for the likeliest text with k beams instead.", valueName: "k"))
  var beam: Int?

  @Option(
    name: .long, help: "Divide log-probabilities of beams by this power of their lengths.")
  var lengthPenalty = 1.0

  @Flag(name: .long, help: "Print the chain with the values in force, and stop.")
  var dryRun = false

  @Option(name: .long, help: "The seed of all that is random.")
  var seed: UInt64 = 42

  @Option(
    name: .long, help: ArgumentHelp("End before this text appears; repeatable.", valueName: "text"))
  var stop: [String] = []

  @Flag(name: .long, help: "Go on after the end-of-text token.")
  var ignoreEndOfText = false

  @Flag(name: .long, help: "Leave the prompt out.")
  var noPrompt = false

  @Flag(
    name: .long,
    help: "Print one JSON line a token, with its log-probability and rank, instead of text.")
  var logprobs = false

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if count < 1 { throw ValidationError("-n is at least 1") }
    if tokens.value < 1 { throw ValidationError("--tokens is at least 1") }
    if prompt != nil, promptFile != nil {
      throw ValidationError("the prompt is either an argument or in a file")
    }
    if let beam {
      if beam < count { throw ValidationError("--beam is at least 1, and at least -n") }
      if grammar.isGiven || logprobs || !stop.isEmpty {
        throw ValidationError("--beam goes with no grammar, no --logprobs and no --stop")
      }
    }
  }

  func run() throws {
    var options = GenerationOptions()
    options.chain = try chain.sampler()
    options.count = count
    options.maximumTokens = tokens.value
    options.stops = stop
    options.ignoresEndOfText = ignoreEndOfText
    options.seed = seed
    if dryRun {
      let chain = chainReport(options.chain)
      return try report.print(chain.json, chain.words)
    }
    options.grammar = try grammar.load()
    let prompt = try promptText()
    threads.apply()
    let loaded = try model.load()
    let generator = Generator(model: loaded.transformer, tokenizer: loaded.tokenizer)
    // A grammar describes what stands behind the prompt, so that the prompt's tokens must stay.
    let start = Prompt(
      prompt, tokenizer: loaded.tokenizer, isWhole: wholePrompt || options.grammar != nil)
    if start.tokens.isEmpty {
      throw Failure(
        "the prompt is empty, and the tokenizer has no token that begins a document",
        status: .usage, hint: "give a prompt")
    }
    if let beam { return try search(generator, start, prompt: prompt, beams: beam) }
    let streams = !report.json && !logprobs
    let echo = noPrompt ? "" : prompt
    if streams { try Console.write(echo) }
    Interruption.observe()
    let begin = Progress.now
    var failure: (any Error)?
    let samples = generator.generate(after: start, options: options) { event in
      do {
        switch event {
        case .text(0, let text) where streams: try Console.write(text)
        case .token(let sample, let token) where logprobs:
          try Console.write(line(for: token, of: sample, with: loaded.tokenizer).text + "\n")
        default: break
        }
      } catch {
        failure = error
      }
      return failure == nil && !Interruption.isRequested
    }
    if let failure { throw failure }
    let seconds = Progress.now - begin
    if samples.contains(where: { $0.ending == .stuck }) {
      messages.warn("the grammar asks for bytes that no token of this model begins with")
    }
    if streams {
      var last = echo + (samples.first?.text ?? "")
      for sample in samples.dropFirst() {
        try Console.write(last.hasSuffix("\n") ? "---\n" : "\n---\n")
        last = echo + sample.text
        try Console.write(last)
      }
      if !last.hasSuffix("\n") { try Console.write("\n") }
    } else if report.json {
      try Console.write(object(for: samples, prompt: prompt).text + "\n")
    }
    let drawn = samples.reduce(0) { $0 + $1.tokens.count }
    messages.say(
      "\(Format.plural(drawn, "token")), \(Format.short(Double(drawn) / max(seconds, 1e-9))) "
        + "tokens/s, seed \(seed), \(options.chain)")
    try Interruption.check()
  }

  private func search(
    _ generator: Generator<Transformer, Tokenizer>, _ start: Prompt, prompt: String, beams: Int
  ) throws {
    var options = BeamOptions()
    options.beams = beams
    options.count = count
    options.maximumTokens = tokens.value
    options.lengthPenalty = lengthPenalty
    let begin = Progress.now
    let found = generator.beams(after: start, options: options)
    let echo = noPrompt ? "" : prompt
    let texts = found.map { echo + $0.text + ($0.text.hasSuffix("\n") ? "" : "\n") }
    try report.print(
      object(for: found, prompt: prompt), String(texts.joined(separator: "---\n").dropLast()))
    let best = found.first.map { Format.fixed($0.logProbability, 3) } ?? "none"
    messages.say(
      "beam search, width \(beams), length penalty \(lengthPenalty): best ln p \(best), "
        + Format.time(Progress.now - begin))
  }

  private func promptText() throws -> String {
    if let promptFile, promptFile != "-" {
      try Input.requireExists(promptFile, what: "prompt")
      return try Input(promptFile).text().droppingLineEnd
    }
    if let prompt, prompt != "-" { return prompt }
    if prompt == nil, Console.isTerminal(0) { return "" }
    return try Input(nil).text().droppingLineEnd
  }
}

extension String {
  /// The text without one line end at its end.
  var droppingLineEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}
