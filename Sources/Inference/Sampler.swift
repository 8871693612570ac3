/// Draws tokens from a model's logits by a chain of rules, repeatably.

import Glibc
import Machine
import Tokenizers

/// A token that was drawn, and what the model thought of it.
public struct SampledToken: Sendable, Equatable {
  /// The token.
  public var token: Token
  /// ln p of the token in the model's own distribution, before the chain; nats.
  public var logProbability: Float
  /// The probability with which the chain drew it.
  public var probability: Float
  /// 1 for the model's likeliest token, 2 for the next, …
  public var rank: Int
  /// Entropy of the model's own distribution, before the chain; nats.
  public var entropy: Float
}

/// A source of tokens for one sequence: the chain, its random numbers, and the recent tokens.
///
/// The same seed and stream give the same tokens for the same logits. One draw costs a few passes
/// over the vocabulary; it is never sorted as a whole unless typical sampling comes first.
public struct Sampler: Sendable {
  /// The rules.
  public let chain: SamplerChain
  private var random: RandomSource
  private var recent: [Token]

  /// A sampler for the sequence that starts with `prompt`; sample i of a run takes stream i.
  public init(_ chain: SamplerChain, seed: UInt64, stream: UInt64 = 0, prompt: [Token] = []) {
    precondition(chain.problem == nil, "A chain must be checked before it is used.")
    self.chain = chain
    random = RandomSource(seed: seed, stream: stream)
    recent = Array(prompt.suffix(max(chain.penaltyWindow, 0)))
  }

  /// Draws a token from `logits`, one a token of the vocabulary, and remembers it as recent.
  public mutating func sample(_ logits: ArraySlice<Float>) -> SampledToken {
    precondition(!logits.isEmpty, "There must be a token to draw.")
    var candidates = Candidates(logits: logits)
    for stage in chain.order where chain.isActive(stage) { apply(stage, to: &candidates) }
    let probabilities = candidates.probabilities()
    let index = draw(from: probabilities)
    let token = candidates.elements[index].token
    recent.append(token)
    if recent.count > 2 * max(chain.penaltyWindow, 64) {
      recent.removeFirst(recent.count - chain.penaltyWindow)
    }
    return describe(token, probability: Float(probabilities[index]), logits: logits)
  }

  /// Draws a token from `logits`, one a token of the vocabulary, and remembers it as recent.
  public mutating func sample(_ logits: [Float]) -> SampledToken { sample(logits[...]) }

  private func apply(_ stage: SamplerChain.Stage, to candidates: inout Candidates) {
    switch stage {
    case .logitBias: candidates.add(bias: chain.logitBias)
    case .penalties:
      var counts: [Token: Int] = [:]
      for token in recent.suffix(chain.penaltyWindow) { counts[token, default: 0] += 1 }
      candidates.penalize(
        counts: counts, repetition: chain.repetitionPenalty, frequency: chain.frequencyPenalty,
        presence: chain.presencePenalty)
    case .topNSigma: candidates.keepTopNSigma(chain.topNSigma)
    case .topK: candidates.keepTopK(chain.topK)
    case .typical: candidates.keepTypical(chain.typical)
    case .topP: candidates.keepTopP(chain.topP)
    case .minP: candidates.keepMinP(chain.minP)
    case .temperature: candidates.apply(temperature: chain.temperature)
    }
  }

  private mutating func draw(from probabilities: [Double]) -> Int {
    // A draw is made even when one token is left: later draws must not depend on the chain's mercy.
    let point = random.nextDouble()
    var sum = 0.0
    var last = 0
    for (index, probability) in probabilities.enumerated() where probability > 0 {
      sum += probability
      last = index
      if point < sum { return index }
    }
    return last
  }

  private func describe(
    _ token: Token, probability: Float, logits: ArraySlice<Float>
  ) -> SampledToken {
    let own = logits[logits.startIndex + Int(token)]
    let largest = logits.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
    var total = 0.0
    var weighted = 0.0
    var rank = 1
    for (index, logit) in logits.enumerated() {
      if logit > own || (logit == own && index < Int(token)) { rank += 1 }
      let weight = Double(expf(logit - largest))
      if weight > 0 {
        total += weight
        weighted += weight * Double(logit - largest)
      }
    }
    return SampledToken(
      token: token, logProbability: Float(Double(own - largest) - log(total)),
      probability: probability, rank: rank, entropy: Float(log(total) - weighted / total))
  }
}
