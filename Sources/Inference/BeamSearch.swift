/// Beam search: the likeliest texts instead of random ones.

import Glibc
import Models
import Tokenizers

/// How to search for likely texts.
public struct BeamOptions: Sendable {
  /// Texts that are kept side by side.
  public var beams = 4
  /// Texts to return, at most `beams`.
  public var count = 1
  /// Tokens a text may have.
  public var maximumTokens = 256
  /// The power of a text's length by which its log-probability is divided: 0 compares
  /// log-probabilities, 1 means per token; above, longer texts gain.
  public var lengthPenalty = 1.0

  /// Four beams, one text, compared per token.
  public init() {}
}

/// A text that beam search found.
public struct Beam: Sendable, Equatable {
  /// The text behind the prompt.
  public var text: String
  /// Its tokens, the end of the text included.
  public var tokens: [Token]
  /// Σ ln p of the tokens, nats.
  public var logProbability: Double
  /// That divided by a power of the length; texts are compared by it.
  public var score: Double
  /// Whether the model ended the text.
  public var isEnded: Bool
}

extension Generator {
  /// The best texts behind `prompt` that a search with `beams` finds, in falling order of score.
  ///
  /// Every step extends every kept text by every token and keeps the best; a text that ends, if it is
  /// among them, is set aside. The search is over when `beams` texts have ended that none of those kept
  /// can overtake, since further tokens only lower a log-probability. Of the prompt's cover the
  /// likeliest spelling is taken. A text is at most as long as the window leaves room for.
  ///
  /// Cost: one decoding step of `beams` sequences a token, and a copy of their caches.
  public func beams(after prompt: Prompt, options: BeamOptions) -> [Beam] {
    precondition(!prompt.tokens.isEmpty, "A prompt needs a token to start from.")
    precondition(
      options.beams > 0 && options.count <= options.beams, "There must be beams to return.")
    let longest = model.contextLength
    let room = min(options.maximumTokens + prompt.cover.count, longest / 2)
    let read = Array(prompt.tokens.suffix(longest - room))
    let capacity = min(longest, read.count + prompt.cover.count + options.maximumTokens)
    var cache = model.makeCache(sequences: 1, capacity: capacity)
    var logits = model.nextLogits(after: read, cache: cache)
    var extra: [UInt8] = []
    if !prompt.cover.isEmpty {
      let covering = Covering(
        of: prompt.cover, model: model, tokenizer: tokenizer, prefix: cache, logits: logits,
        longest: prompt.cover.count)
      let spelling = covering.path(at: nil)?.tokens ?? tokenizer.tokens(of: prompt.cover)
      logits = model.nextLogits(after: spelling, cache: cache)
      extra = Array(spelling.flatMap { tokenizer.bytes(of: $0) }.dropFirst(prompt.cover.count))
    }
    let limit = min(options.maximumTokens, capacity - cache.count + 1)
    var open = [Beam(text: "", tokens: [], logProbability: 0, score: 0, isEnded: false)]
    var ended: [Beam] = []
    for step in 1...max(limit, 1) {
      var next: [(beam: Beam, origin: Int)] = []
      for candidate in extensions(of: open, logits: logits, count: 2 * options.beams) {
        var beam = open[candidate.origin]
        beam.tokens.append(candidate.token)
        beam.logProbability = candidate.score
        beam.score = score(candidate.score, length: step, options)
        if candidate.token == tokenizer.endOfText {
          beam.isEnded = true
          if next.count < options.beams { ended.append(beam) }
        } else if next.count < options.beams {
          next.append((beam, candidate.origin))
        }
      }
      ended.sort { $0.score > $1.score }
      ended = Array(ended.prefix(options.beams))
      open = next.map(\.beam)
      guard step < limit, let best = open.map(\.logProbability).max() else { break }
      if ended.count == options.beams,
        ended[options.beams - 1].score
          >= max(
            score(best, length: step, options), score(best, length: limit, options))
      {
        open = []
        break
      }
      cache = cache.selecting(next.map(\.origin), capacity: capacity)
      logits = model.nextLogits(after: open.map { $0.tokens[step - 1] }, cache: cache)
    }
    let best = (ended + open).sorted { $0.score > $1.score }.prefix(options.count)
    return best.map { beam in
      var beam = beam
      let spelt = beam.tokens.dropLast(beam.isEnded ? 1 : 0).flatMap { tokenizer.bytes(of: $0) }
      beam.text = String(decoding: extra + spelt, as: UTF8.self)
      return beam
    }
  }

  private func score(_ logProbability: Double, length: Int, _ options: BeamOptions) -> Double {
    logProbability / pow(Double(length), options.lengthPenalty)
  }

  /// The `count` best extensions of beams by one token, best first.
  private func extensions(
    of beams: [Beam], logits: [Float], count: Int
  ) -> [(score: Double, origin: Int, token: Token)] {
    let width = model.vocabularySize
    let known = min(width, tokenizer.vocabularySize)
    var found: [(score: Double, origin: Int, token: Token)] = []
    for (origin, beam) in beams.enumerated() {
      let own = logits[origin * width..<(origin + 1) * width]
      let all = Candidates(logits: own).logOfTotal()
      var candidates = Candidates(logits: own.prefix(known))
      candidates.keepTopK(count)
      for element in candidates.elements {
        found.append(
          (beam.logProbability + Double(element.logit) - all, origin, element.token))
      }
    }
    found.sort { ($0.score, $1.origin, $1.token) > ($1.score, $0.origin, $0.token) }
    return Array(found.prefix(count))
  }
}
