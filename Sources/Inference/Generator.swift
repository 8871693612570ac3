/// Writes on: a prompt goes in as one batch, then tokens come one by one, several samples together.

import Machine
import Models
import Tokenizers

/// Generates text with a model.
///
/// All samples of a run are decoded as one batch that starts from copies of the prompt's cache (as
/// several if the tokens that spell the end of the prompt differ in number). Sample i draws from
/// random stream i, so it does not matter how many others there are. When the window is full, the last
/// half of it is read again as a new window and decoding goes on: the text has no length limit, but
/// what is older than the window is forgotten.
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
    Prompt(prompt, tokenizer: tokenizer, isWhole: true).tokens
  }

  /// Continues `prompt`, which must not be empty, as its tokens stand.
  public func generate(
    after prompt: [Token], options: GenerationOptions = GenerationOptions(),
    report: (GenerationEvent) -> Bool = { _ in true }
  ) -> [GeneratedText] {
    generate(after: Prompt(tokens: prompt), options: options, report: report)
  }

  /// Continues `prompt`, which must have a token; of a prompt longer than the window the end counts.
  ///
  /// The tokens that spell the prompt's cover are drawn from the model's own distribution given that
  /// they do (all segmentations count); the chain begins behind them. `report` hears of tokens and
  /// text as they come, and ends the run by returning false.
  public func generate(
    after prompt: Prompt, options: GenerationOptions = GenerationOptions(),
    report: (GenerationEvent) -> Bool = { _ in true }
  ) -> [GeneratedText] {
    precondition(!prompt.tokens.isEmpty, "A prompt needs a token to start from.")
    precondition(options.count > 0, "There must be a sample to draw.")
    var state = GenerationState(prompt: prompt, options: options, tokenizer: tokenizer)
    guard options.maximumTokens > 0 else { return state.samples }
    let longest = model.contextLength
    let room = min(prompt.cover.count, longest / 2)
    let read = Array(prompt.tokens.suffix(longest - room))
    let capacity = min(longest, read.count + room + options.maximumTokens)
    let start = model.makeCache(sequences: 1, capacity: capacity)
    let first = model.nextLogits(after: read, cache: start)
    for group in groups(prompt, options, start, first, room) {
      state.alive = group.samples
      var cache = start
      if group.samples != [0] || options.count > 1 {
        cache = start.replicated(sequences: group.samples.count, capacity: capacity)
      }
      var logits = [Float]()
      for _ in group.samples { logits += first }
      let width = model.vocabularySize
      let known = min(width, tokenizer.vocabularySize)
      var isWanted = true
      for step in group.paths[0].indices {
        for (row, sample) in group.samples.enumerated() {
          let (token, share) = group.paths[row][step]
          isWanted =
            state.adopt(token, share, sample, logits[row * width..<row * width + known], report)
            && isWanted
        }
        logits = advance(state: state, cache: &cache)
      }
      if !isWanted || !decode(&state, &cache, logits, options, capacity, report) { break }
    }
    for index in state.samples.indices where state.isOpen[index] {
      state.close(index, .interrupted, report)
    }
    return state.samples
  }

  /// Samples whose first tokens, which spell the cover, are equal in number.
  private typealias Group = (samples: [Int], paths: [[(token: Token, share: Double)]])

  private func groups(
    _ prompt: Prompt, _ options: GenerationOptions, _ start: Model.Cache, _ logits: [Float],
    _ room: Int
  ) -> [Group] {
    let all = Array(0..<options.count)
    if prompt.cover.isEmpty { return [(all, all.map { _ in [] })] }
    let covering = Covering(
      of: prompt.cover, model: model, tokenizer: tokenizer, prefix: start, logits: logits,
      longest: room)
    let isGreedy = options.chain.isActive(.temperature) && options.chain.temperature <= 0
    var groups: [Group] = []
    for sample in all {
      // A stream of its own: the draws behind the prompt must not depend on what the prompt ends with.
      var random = RandomSource(seed: options.seed, stream: UInt64(sample) | 1 << 63)
      guard let path = covering.path(at: isGreedy ? nil : random.nextDouble()) else {
        // No token spells the bytes; the tokenizer must have had another way.
        return [
          (all, all.map { _ in tokenizer.tokens(of: prompt.cover).map { ($0, 1) } })
        ]
      }
      let steps = Array(zip(path.tokens, covering.shares(of: path)))
        .map { (token: $0.0, share: $0.1) }
      if let index = groups.firstIndex(where: { $0.paths[0].count == steps.count }) {
        groups[index].samples.append(sample)
        groups[index].paths.append(steps)
      } else {
        groups.append(([sample], [steps]))
      }
    }
    return groups
  }

  /// Draws tokens for the sequences of `cache` until all have ended; false if the caller has had
  /// enough.
  private func decode(
    _ state: inout GenerationState, _ cache: inout Model.Cache, _ first: [Float],
    _ options: GenerationOptions, _ capacity: Int, _ report: (GenerationEvent) -> Bool
  ) -> Bool {
    let width = model.vocabularySize
    // A model may have more rows than the tokenizer has tokens; those stand for nothing.
    let known = min(width, tokenizer.vocabularySize)
    var logits = first
    while true {
      var isWanted = true
      for (row, sample) in state.alive.enumerated() where state.isOpen[sample] {
        let own = logits[row * width..<row * width + known]
        isWanted = state.draw(sample, from: own, report) && isWanted
      }
      let alive = state.alive.indices.filter { state.isOpen[state.alive[$0]] }
      guard isWanted, !alive.isEmpty else { return isWanted }
      if alive.count < state.alive.count {
        state.alive = alive.map { state.alive[$0] }
        cache = cache.selecting(alive, capacity: capacity)
      }
      logits = advance(state: state, cache: &cache)
    }
  }

  /// Feeds the last token of every sequence, or the last half window if the cache is full.
  private func advance(state: GenerationState, cache: inout Model.Cache) -> [Float] {
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
