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
        echo "Dear Anna," | apus sample letters --stop "Yours"

      Without a prompt, and nothing piped in, the model begins a document of its own. One line \
      end at the end of a piped prompt is dropped. The same seed gives the same text.
      """)

  @OptionGroup var model: ModelOptions

  @Argument(help: "The text to continue (default: what is piped in, if anything).")
  var prompt: String?

  @Option(
    name: [.customShort("n"), .long], help: ArgumentHelp("How many samples.", valueName: "count"))
  var count = 1

  @Option(name: .long, help: ArgumentHelp("Tokens in a sample at most.", valueName: "n"))
  var tokens = Count(256)

  @OptionGroup(title: "Choosing tokens") var chain: ChainOptions

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
  }

  func run() throws {
    var options = GenerationOptions()
    options.chain = try chain.sampler()
    options.count = count
    options.maximumTokens = tokens.value
    options.stops = stop
    options.ignoresEndOfText = ignoreEndOfText
    options.seed = seed
    let prompt = try promptText()
    threads.apply()
    let loaded = try model.load()
    let generator = Generator(model: loaded.transformer, tokenizer: loaded.tokenizer)
    let start = generator.tokens(ofPrompt: prompt)
    if start.isEmpty {
      throw Failure(
        "the prompt is empty, and the tokenizer has no token that begins a document",
        status: .usage, hint: "give a prompt")
    }
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

  private func promptText() throws -> String {
    if let prompt, prompt != "-" { return prompt }
    if prompt == nil, Console.isTerminal(0) { return "" }
    var text = try Input(nil).text()
    if text.hasSuffix("\n") { text.removeLast() }
    return text
  }

  private func line(
    for token: SampledToken, of sample: Int, with tokenizer: Tokenizer
  ) -> JSON {
    .object([
      "sample": .integer(sample), "id": .integer(Int(token.token)),
      "text": .string(String(decoding: tokenizer.bytes(of: token.token), as: UTF8.self)),
      "logprob": .single(token.logProbability), "probability": .single(token.probability),
      "rank": .integer(token.rank), "entropy": .single(token.entropy),
    ])
  }

  private func object(
    for samples: [GeneratedText], prompt: String
  ) -> JSON {
    let list = samples.map { sample -> JSON in
      let logprob = sample.tokens.reduce(0.0) { $0 + Double($1.logProbability) }
      return .object([
        "text": .string(sample.text),
        "tokens": .array(sample.tokens.map { .integer(Int($0.token)) }),
        "logprob": .number(logprob), "ending": .string(sample.ending.rawValue),
      ])
    }
    return .object([
      "prompt": .string(prompt), "seed": .unsigned(seed), "samples": .array(list),
    ])
  }
}
