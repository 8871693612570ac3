/// Writes on: a prompt goes in as one batch, then tokens come one by one, several samples together.

import Models
import Tokenizers

/// Generates text with a model.
///
/// All samples of a run are decoded as one batch that starts from copies of the prompt's cache.
/// Sample i draws from random stream i, so it does not matter how many others there are. When the
/// window is full, the last half of it is read again as a new window and decoding goes on: the text
/// has no length limit, but what is older than the window is forgotten.
public struct Generator<Model: LanguageModel, Coder: TextTokenizer> {
  let model: Model
  let tokenizer: Coder

  /// A generator over a model and the tokenizer it was trained with.
  public init(model: Model, tokenizer: Coder) {
    self.model = model
    self.tokenizer = tokenizer
  }

  /// The tokens that stand for `prompt`: those of the text; for an empty one the end of the text
  /// before it, which begins every document in training, or nothing if the tokenizer has none.
  public func tokens(ofPrompt prompt: String) -> [Token] {
    let tokens = tokenizer.tokens(of: Array(prompt.utf8))
    return tokens.isEmpty ? tokenizer.endOfText.map { [$0] } ?? [] : tokens
  }

  /// Continues `prompt`, which must not be empty; of a prompt longer than the window the end counts.
  ///
  /// `report` hears of tokens and text as they come, and ends the run by returning false.
  public func generate(
    after prompt: [Token], options: GenerationOptions = GenerationOptions(),
    report: (GenerationEvent) -> Bool = { _ in true }
  ) -> [GeneratedText] {
    precondition(!prompt.isEmpty, "A prompt needs a token to start from.")
    precondition(options.count > 0, "There must be a sample to draw.")
    var state = State(prompt: prompt, options: options)
    guard options.maximumTokens > 0 else { return state.samples }
    let capacity = min(model.contextLength, prompt.count + options.maximumTokens)
    let start = model.makeCache(sequences: 1, capacity: capacity)
    let first = model.nextLogits(after: Array(prompt.suffix(capacity)), cache: start)
    var cache =
      options.count == 1
      ? start : start.replicated(sequences: options.count, capacity: capacity)
    var logits = [Float]()
    for _ in 0..<options.count { logits += first }
    while true {
      let isWanted = draw(from: logits, options: options, state: &state, report: report)
      let alive = state.alive.indices.filter { state.isOpen[state.alive[$0]] }
      guard isWanted, !alive.isEmpty else { break }
      if alive.count < state.alive.count {
        state.alive = alive.map { state.alive[$0] }
        cache = cache.selecting(alive, capacity: capacity)
      }
      logits = advance(state: state, cache: &cache)
    }
    for index in state.samples.indices where state.isOpen[index] {
      state.samples[index].ending = .interrupted
      let rest = state.streams[index].finish()
      state.samples[index].text += rest
      if !rest.isEmpty { _ = report(.text(sample: index, rest)) }
    }
    return state.samples
  }

  private struct State {
    var samples: [GeneratedText]
    var samplers: [Sampler]
    var streams: [TextStream]
    var history: [[Token]]
    var isOpen: [Bool]
    /// Which sample each sequence of the cache belongs to.
    var alive: [Int]

    init(prompt: [Token], options: GenerationOptions) {
      let count = options.count
      samples = [GeneratedText](repeating: GeneratedText(), count: count)
      samplers = (0..<count).map {
        Sampler(options.chain, seed: options.seed, stream: UInt64($0), prompt: prompt)
      }
      streams = [TextStream](repeating: TextStream(stops: options.stops), count: count)
      history = [[Token]](repeating: prompt, count: count)
      isOpen = [Bool](repeating: true, count: count)
      alive = Array(0..<count)
    }
  }

  /// Draws a token for every sequence; false if the caller has had enough.
  private func draw(
    from logits: [Float], options: GenerationOptions, state: inout State,
    report: (GenerationEvent) -> Bool
  ) -> Bool {
    let width = model.vocabularySize
    // A model may have more rows than the tokenizer has tokens; those stand for nothing.
    let known = min(width, tokenizer.vocabularySize)
    var isWanted = true
    for (row, sample) in state.alive.enumerated() {
      let drawn = state.samplers[sample].sample(logits[row * width..<row * width + known])
      state.history[sample].append(drawn.token)
      state.samples[sample].tokens.append(drawn)
      isWanted = report(.token(sample: sample, drawn)) && isWanted
      var ending: GenerationEnding?
      var text = ""
      if drawn.token == tokenizer.endOfText, !options.ignoresEndOfText {
        ending = .endOfText
      } else {
        text = state.streams[sample].append(tokenizer.bytes(of: drawn.token))
        if state.streams[sample].isStopped {
          ending = .stop
        } else if state.samples[sample].tokens.count >= options.maximumTokens {
          ending = .length
        }
      }
      if let ending {
        text += state.streams[sample].finish()
        state.samples[sample].ending = ending
        state.isOpen[sample] = false
      }
      state.samples[sample].text += text
      if !text.isEmpty { isWanted = report(.text(sample: sample, text)) && isWanted }
    }
    return isWanted
  }

  /// Feeds the last token of every sequence, or the last half window if the cache is full.
  private func advance(state: State, cache: inout Model.Cache) -> [Float] {
    if cache.count < cache.capacity {
      return model.nextLogits(
        after: state.alive.map { state.history[$0][state.history[$0].count - 1] }, cache: cache)
    }
    cache.rewind(to: 0)
    let kept = max(cache.capacity / 2, 1)
    return model.nextLogits(
      after: state.alive.flatMap { state.history[$0].suffix(kept) }, cache: cache)
  }
}
