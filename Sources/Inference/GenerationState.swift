/// The samples of a run while they grow.

import Tokenizers

/// Each sample with its sampler, its place in the grammar, and the text that is certain so far.
struct GenerationState {
  private(set) var samples: [GeneratedText]
  private(set) var history: [[Token]]
  private(set) var isOpen: [Bool]
  /// Which sample each sequence of the cache belongs to.
  var alive: [Int] = []
  private var samplers: [Sampler]
  private var streams: [TextStream]
  /// Bytes of the prompt that the first tokens still have to spell.
  private var uncovered: [Int]
  private var places: [GrammarPlace?]
  private let grammar: GrammarMachine?
  private let options: GenerationOptions
  private let endOfText: Token?
  private let bytes: @Sendable (Token) -> [UInt8]

  init(prompt: Prompt, options: GenerationOptions, tokenizer: some TextTokenizer) {
    let count = options.count
    self.options = options
    endOfText = tokenizer.endOfText
    bytes = { tokenizer.bytes(of: $0) }
    grammar = options.grammar.map { GrammarMachine($0, tokenizer: tokenizer) }
    samples = [GeneratedText](repeating: GeneratedText(), count: count)
    let bytes = bytes
    samplers = (0..<count).map {
      Sampler(
        options.chain, seed: options.seed, stream: UInt64($0), prompt: prompt.tokens, bytes: bytes)
    }
    streams = [TextStream](repeating: TextStream(stops: options.stops), count: count)
    history = [[Token]](repeating: prompt.tokens, count: count)
    isOpen = [Bool](repeating: true, count: count)
    uncovered = [Int](repeating: prompt.cover.count, count: count)
    places = [GrammarPlace?](repeating: grammar?.start, count: count)
  }

  /// Takes a token that was chosen for what it spells, with the probability `share`; false if the
  /// caller has had enough.
  mutating func adopt(
    _ token: Token, _ share: Double, _ sample: Int, _ logits: ArraySlice<Float>,
    _ report: (GenerationEvent) -> Bool
  ) -> Bool {
    let drawn = samplers[sample].adopt(token, probability: Float(share), logits: logits)
    history[sample].append(token)
    let spelt = bytes(token)
    let new = Array(spelt.dropFirst(uncovered[sample]))
    uncovered[sample] = max(0, uncovered[sample] - spelt.count)
    if new.isEmpty {
      samples[sample].promptTokens.append(token)
      return true
    }
    return take(drawn, new, sample, report)
  }

  /// Draws a token for a sample; false if the caller has had enough.
  mutating func draw(
    _ sample: Int, from logits: ArraySlice<Float>, _ report: (GenerationEvent) -> Bool
  ) -> Bool {
    var allowed: [Bool]?
    if let grammar, let place = places[sample] {
      switch grammar.choice(at: place, known: logits.count) {
      case .complete: return close(sample, .complete, report)
      case .stuck: return close(sample, .stuck, report)
      case .tokens(let flags): allowed = flags
      }
    }
    let drawn = samplers[sample].sample(logits, among: allowed)
    history[sample].append(drawn.token)
    if let grammar, let place = places[sample] {
      places[sample] = grammar.place(after: drawn.token, from: place)
    }
    let isEnd = drawn.token == endOfText && !options.ignoresEndOfText
    return take(drawn, isEnd ? nil : bytes(drawn.token), sample, report)
  }

  /// Adds a token and the text it brings, nil for the end of the text.
  private mutating func take(
    _ drawn: SampledToken, _ text: [UInt8]?, _ sample: Int, _ report: (GenerationEvent) -> Bool
  ) -> Bool {
    samples[sample].tokens.append(drawn)
    var isWanted = report(.token(sample: sample, drawn))
    guard let text else { return close(sample, .endOfText, report) && isWanted }
    isWanted = show(streams[sample].append(text), sample, report) && isWanted
    if streams[sample].isStopped { return close(sample, .stop, report) && isWanted }
    if samples[sample].tokens.count >= options.maximumTokens {
      return close(sample, .length, report) && isWanted
    }
    return isWanted
  }

  /// Ends a sample; false if the caller has had enough.
  @discardableResult
  mutating func close(
    _ sample: Int, _ ending: GenerationEnding, _ report: (GenerationEvent) -> Bool
  ) -> Bool {
    samples[sample].ending = ending
    isOpen[sample] = false
    return show(streams[sample].finish(), sample, report)
  }

  private mutating func show(
    _ text: String, _ sample: Int, _ report: (GenerationEvent) -> Bool
  ) -> Bool {
    samples[sample].text += text
    return text.isEmpty || report(.text(sample: sample, text))
  }
}
