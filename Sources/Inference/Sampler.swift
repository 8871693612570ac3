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
  /// The mass of the tokens among which a constraint let the chain choose, in the model's own
  /// distribution; 1 without a constraint.
  public var allowed: Float = 1
}

/// A source of tokens for one sequence: the chain, its random numbers, and the recent tokens.
///
/// The same seed and stream give the same tokens for the same logits. One draw costs a few passes
/// over the vocabulary; it is never sorted as a whole unless typical sampling comes first.
public struct Sampler: Sendable {
  /// The rules.
  public let chain: SamplerChain
  private let stages: [SamplerChain.Stage]
  private let breakers: [[UInt8]]
  private let bytes: @Sendable (Token) -> [UInt8]
  private var random: RandomSource
  private var recent: [Token]
  /// Mirostat's μ: the surprisal, in bits, up to which it lets tokens through.
  private var surprisalLimit: Double

  /// A sampler for the sequence that starts with `prompt`; sample i of a run takes stream i.
  ///
  /// `bytes` gives what a token stands for, in which DRY looks for its breakers.
  public init(
    _ chain: SamplerChain, seed: UInt64, stream: UInt64 = 0, prompt: [Token] = [],
    bytes: @escaping @Sendable (Token) -> [UInt8] = { _ in [] }
  ) {
    precondition(chain.problem == nil, "A chain must be checked before it is used.")
    self.chain = chain
    self.bytes = bytes
    stages = chain.activeStages
    breakers = chain.dryBreakers.map { Array($0.utf8) }
    surprisalLimit = 2 * Double(chain.mirostatTarget)
    random = RandomSource(seed: seed, stream: stream)
    recent = []
    recent = Array(prompt.suffix(remembered))
  }

  /// How many of the last tokens a stage may ask for.
  private var remembered: Int {
    let forPenalties = max(chain.penaltyWindow, 0)
    guard chain.isActive(.dry) else { return forPenalties }
    return chain.dryWindow < 0 ? .max : max(forPenalties, chain.dryWindow)
  }

  /// Draws a token from `logits`, one a token of the vocabulary, and remembers it as recent.
  ///
  /// With `allowed` the chain works on the tokens it marks, at least one.
  public mutating func sample(
    _ logits: ArraySlice<Float>, among allowed: [Bool]? = nil
  ) -> SampledToken {
    precondition(!logits.isEmpty, "There must be a token to draw.")
    var candidates = Candidates(logits: logits, among: allowed)
    precondition(!candidates.elements.isEmpty, "A constraint must leave a token to draw.")
    let possible = candidates.elements.count
    for stage in stages { apply(stage, to: &candidates, possible: possible) }
    let probabilities = candidates.probabilities()
    let index = draw(from: probabilities)
    let token = candidates.elements[index].token
    if chain.mirostat != 0 {
      let error = -log2(probabilities[index]) - Double(chain.mirostatTarget)
      surprisalLimit -= Double(chain.mirostatRate) * error
    }
    accept(token)
    return describe(token, probability: Float(probabilities[index]), logits: logits, allowed)
  }

  /// Draws a token from `logits`, one a token of the vocabulary, and remembers it as recent.
  public mutating func sample(_ logits: [Float]) -> SampledToken { sample(logits[...]) }

  /// Takes a token that was chosen by other rules, with `probability`, as if it had been drawn.
  mutating func adopt(
    _ token: Token, probability: Float, logits: ArraySlice<Float>
  ) -> SampledToken {
    accept(token)
    return describe(token, probability: probability, logits: logits, nil)
  }

  private mutating func accept(_ token: Token) {
    recent.append(token)
    let remembered = remembered
    if remembered < .max, recent.count > 2 * max(remembered, 64) {
      recent.removeFirst(recent.count - remembered)
    }
  }

  private mutating func apply(
    _ stage: SamplerChain.Stage, to candidates: inout Candidates, possible: Int
  ) {
    switch stage {
    case .logitBias: candidates.add(bias: chain.logitBias)
    case .penalties:
      var counts: [Token: Int] = [:]
      for token in recent.suffix(chain.penaltyWindow) { counts[token, default: 0] += 1 }
      candidates.penalize(
        counts: counts, repetition: chain.repetitionPenalty, frequency: chain.frequencyPenalty,
        presence: chain.presencePenalty)
    case .dry: candidates.add(bias: repetitionBias())
    case .topNSigma: candidates.keepTopNSigma(chain.topNSigma)
    case .topK: candidates.keepTopK(chain.topK)
    case .typical: candidates.keepTypical(chain.typical)
    case .topP: candidates.keepTopP(chain.topP)
    case .minP: candidates.keepMinP(chain.minP)
    case .xtc:
      // The coin is tossed whatever is left, so that later draws do not depend on it.
      if random.nextFloat() <= chain.xtcProbability {
        candidates.excludeTop(threshold: chain.xtcThreshold)
      }
    case .temperature where chain.temperatureRange > 0:
      candidates.apply(
        temperature: chain.temperature, range: chain.temperatureRange,
        exponent: chain.temperatureExponent)
    case .temperature: candidates.apply(temperature: chain.temperature)
    case .mirostat where chain.mirostat == 1:
      candidates.keepMirostat(limit: surprisalLimit, vocabulary: possible)
    case .mirostat: candidates.keepSurprisal(atMost: surprisalLimit)
    }
  }

  /// What DRY adds to the logits of tokens that would go on repeating.
  private func repetitionBias() -> [Token: Float] {
    let window = chain.dryWindow < 0 ? recent[...] : recent.suffix(chain.dryWindow)
    let limit = Repetition.tokensBehindBreaker(in: window, breakers: breakers, bytes: bytes)
    let found = Repetition.continuations(
      of: window, shortest: chain.dryAllowedLength, limit: limit)
    // Beyond this power the penalty is no number any more.
    let largest = chain.dryBase > 1.000_001 ? Int(88.722_839 / logf(chain.dryBase)) : .max
    return found.mapValues { length in
      let power = min(length - chain.dryAllowedLength, largest)
      return -chain.dryMultiplier * powf(chain.dryBase, Float(power))
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
    _ token: Token, probability: Float, logits: ArraySlice<Float>, _ allowed: [Bool]?
  ) -> SampledToken {
    let own = logits[logits.startIndex + Int(token)]
    let largest = logits.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
    var total = 0.0
    var weighted = 0.0
    var inside = 0.0
    var rank = 1
    for (index, logit) in logits.enumerated() {
      if logit > own || (logit == own && index < Int(token)) { rank += 1 }
      let weight = Double(expf(logit - largest))
      if weight > 0 {
        total += weight
        weighted += weight * Double(logit - largest)
        if let allowed, allowed[index] { inside += weight }
      }
    }
    return SampledToken(
      token: token, logProbability: Float(Double(own - largest) - log(total)),
      probability: probability, rank: rank, entropy: Float(log(total) - weighted / total),
      allowed: allowed == nil ? 1 : Float(inside / total))
  }
}
