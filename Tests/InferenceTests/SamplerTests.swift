import Glibc
import Inference
import Testing
import Tokenizers

/// The distribution that a chain leaves, measured through the probability of what it draws.
private func distribution(_ chain: SamplerChain, _ logits: [Float], prompt: [Token] = [])
  -> [Token: Float]
{
  var found: [Token: Float] = [:]
  for stream in 0..<400 as Range<UInt64> {
    var sampler = Sampler(chain, seed: 7, stream: stream, prompt: prompt)
    let drawn = sampler.sample(logits)
    found[drawn.token] = drawn.probability
  }
  return found
}

private func logits(_ probabilities: [Float]) -> [Float] { probabilities.map { logf($0) } }

/// Whether `found` has the tokens of `weights` and their shares of the whole.
private func isClose(_ found: [Token: Float], _ weights: [Token: Float]) -> Bool {
  let total = weights.values.reduce(0, +)
  return found.count == weights.count
    && found.allSatisfy { abs($0.value - (weights[$0.key] ?? -1) / total) < 1e-5 }
}

@Suite("Sampler")
struct SamplerTests {
  let fruit = logits([0.1, 0.4, 0.05, 0.3, 0.15])

  @Test("every stage off leaves the model's distribution")
  func plain() {
    #expect(
      isClose(
        distribution(.plain, fruit), [0: 0.1, 1: 0.4, 2: 0.05, 3: 0.3, 4: 0.15]))
  }

  @Test("top-k keeps the k likeliest and shares the mass among them")
  func topK() {
    var chain = SamplerChain.plain
    chain.topK = 2
    #expect(isClose(distribution(chain, fruit), [1: 0.4, 3: 0.3]))
  }

  @Test("top-p keeps the token that crosses the mass")
  func topP() {
    var chain = SamplerChain.plain
    chain.topP = 0.71
    #expect(isClose(distribution(chain, fruit), [1: 0.4, 3: 0.3, 4: 0.15]))
    chain.topP = 0
    #expect(isClose(distribution(chain, fruit), [1: 1]))
  }

  @Test("min-p measures by the likeliest token")
  func minP() {
    var chain = SamplerChain.plain
    chain.minP = 0.3
    #expect(isClose(distribution(chain, fruit), [1: 0.4, 3: 0.3, 4: 0.15]))
  }

  @Test("typical sampling begins at the entropy, not at the likeliest")
  func typical() {
    // H = 1.3923; |−ln p − H|: 0.9103, 0.4760, 1.6034, 0.1884, 0.5048, so tokens 3, 1, 4, 0, 2.
    var chain = SamplerChain.plain
    chain.typical = 0.2
    #expect(isClose(distribution(chain, fruit), [3: 1]))
    chain.typical = 0.5
    #expect(isClose(distribution(chain, fruit), [3: 0.3, 1: 0.4]))
    chain.typical = 0.75
    #expect(isClose(distribution(chain, fruit), [3: 0.3, 1: 0.4, 4: 0.15]))
  }

  @Test("top-nσ measures logits in population standard deviations and skips −∞")
  func topNSigma() {
    // The finite logits 4, 2, 0, 2 have mean 2 and standard deviation √2.
    let logits: [Float] = [4, 2, 0, 2, -.infinity]
    var chain = SamplerChain.plain
    chain.topNSigma = 1
    #expect(isClose(distribution(chain, logits), [0: 1]))
    chain.topNSigma = 1.5
    #expect(isClose(distribution(chain, logits), [0: 1, 1: expf(-2), 3: expf(-2)]))
  }

  @Test("temperature divides logits; zero takes the likeliest")
  func temperature() {
    var chain = SamplerChain.plain
    chain.temperature = 0.5
    let squares = [0.01, 0.16, 0.0025, 0.09, 0.0225] as [Float]
    let total = squares.reduce(0, +)
    let expected = Dictionary(
      uniqueKeysWithValues: squares.enumerated().map { (Token($0.offset), $0.element / total) })
    let found = distribution(chain, fruit)
    #expect(found.allSatisfy { abs($0.value - (expected[$0.key] ?? -1)) < 1e-5 })
    #expect(isClose(distribution(.greedy, fruit), [1: 1]))
  }

  @Test("temperature comes last, so truncation sees the model's probabilities")
  func order() {
    var chain = SamplerChain.plain
    chain.topP = 0.65
    chain.temperature = 0.5
    #expect(isClose(distribution(chain, fruit), [1: 0.16, 3: 0.09]))
    // Sharpened first, the likeliest token alone holds 0.16 / 0.285 = 0.56; p = 0.55 stops there.
    chain.topP = 0.55
    #expect(distribution(chain, fruit).count == 2)
    chain.order = [.temperature, .topP]
    #expect(isClose(distribution(chain, fruit), [1: 1]))
  }

  @Test("penalties shrink recent tokens' logits by sign, count and presence")
  func penalties() {
    // Token 0 twice, token 1 once among the last three; token 2 fell out of the window.
    let logits: [Float] = [2, -1, 1, 0]
    var chain = SamplerChain.plain
    chain.repetitionPenalty = 2
    chain.frequencyPenalty = 0.25
    chain.presencePenalty = 0.5
    chain.penaltyWindow = 3
    let penalized: [Float] = [2 / 2 - 0.5 - 0.5, -1 * 2 - 0.25 - 0.5, 1, 0]
    let total = penalized.reduce(0) { $0 + expf($1) }
    let expected = Dictionary(
      uniqueKeysWithValues: penalized.enumerated().map {
        (Token($0.offset), expf($0.element) / total)
      })
    let found = distribution(chain, logits, prompt: [2, 0, 1, 0])
    #expect(found.count == 4 && isClose(found, expected))
  }

  @Test("logit bias forbids and favours tokens")
  func bias() {
    var chain = SamplerChain.plain
    chain.logitBias = [1: -.infinity, 2: logf(4)]
    #expect(
      isClose(
        distribution(chain, fruit),
        [0: 0.1, 2: 0.2, 3: 0.3, 4: 0.15]))
  }

  @Test("each stage sees what the stages before it left")
  func renormalised() {
    // After top-k 3 the mass is 0.4, 0.3, 0.15 of 0.85: 0.47 + 0.35 reaches 0.8 at the second token.
    var chain = SamplerChain.plain
    chain.topK = 3
    chain.topP = 0.8
    #expect(isClose(distribution(chain, fruit), [1: 0.4, 3: 0.3]))
  }

  @Test("a draw reports the model's own log-probability, rank and entropy")
  func report() {
    var chain = SamplerChain.plain
    chain.topK = 1
    chain.logitBias = [4: 10]
    var sampler = Sampler(chain, seed: 1)
    let drawn = sampler.sample(fruit)
    #expect(drawn.token == 4 && drawn.probability == 1 && drawn.rank == 3)
    #expect(abs(drawn.logProbability - logf(0.15)) < 1e-5)
    #expect(abs(drawn.entropy - 1.39232) < 1e-4)
  }

  @Test("large vocabularies are truncated as a full sort would truncate them")
  func largeVocabulary() {
    let model = ToyModel.random(vocabularySize: 3_000, spread: 4)
    for round in 0..<20 as Range<Token> {
      var logits = model.logits([round])
      if round % 2 == 0 { logits = logits.map { ($0 * 4).rounded() / 4 } }
      let sorted = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
      let weights = sorted.map { exp(Double(logits[$0])) }
      var chain = SamplerChain.plain
      chain.topK = 100
      let kept = weights[..<100].reduce(0, +)
      var sampler = Sampler(chain, seed: UInt64(round))
      let drawn = sampler.sample(logits)
      let rank = sorted.firstIndex(of: Int(drawn.token)) ?? .max
      #expect(rank < 100 && drawn.rank == rank + 1)
      #expect(abs(Double(drawn.probability) - weights[rank] / kept) < 1e-6)
      chain.topK = 0
      chain.topP = 0.6
      let total = weights.reduce(0, +)
      var mass = 0.0
      var count = 0
      while mass / total < 0.6 {
        mass += weights[count]
        count += 1
      }
      var second = Sampler(chain, seed: UInt64(round))
      let other = second.sample(logits)
      let place = sorted.firstIndex(of: Int(other.token)) ?? .max
      #expect(place < count)
      #expect(abs(Double(other.probability) - weights[place] / mass) < 1e-5)
    }
  }

  @Test("draws follow the probabilities")
  func frequencies() {
    var sampler = Sampler(.plain, seed: 3)
    var counts = [Double](repeating: 0, count: 5)
    for _ in 0..<20_000 { counts[Int(sampler.sample(fruit).token)] += 1 }
    let expected = [0.1, 0.4, 0.05, 0.3, 0.15].map { $0 * 20_000 }
    let chiSquare = zip(counts, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) / $1.1 }
    // The 99.9th percentile of χ² with four degrees of freedom.
    #expect(chiSquare < 18.47)
  }

  @Test("the same seed and stream give the same tokens, another stream gives others")
  func seeds() {
    func tokens(_ seed: UInt64, _ stream: UInt64) -> [Token] {
      var sampler = Sampler(.plain, seed: seed, stream: stream)
      return (0..<40).map { _ in sampler.sample(fruit).token }
    }
    #expect(tokens(1, 0) == tokens(1, 0))
    #expect(tokens(1, 0) != tokens(1, 1))
    #expect(tokens(1, 0) != tokens(2, 0))
  }
}

@Suite("Sampler, the rules of llama.cpp that need memory or chance")
struct StatefulSamplerTests {
  let fruit = logits([0.1, 0.4, 0.05, 0.3, 0.15])

  @Test("XTC removes the tokens above the threshold but the least likely of them")
  func xtc() {
    var chain = SamplerChain.plain
    chain.xtcProbability = 1
    chain.xtcThreshold = 0.12
    // 0.4, 0.3 and 0.15 are above; 0.15 stays.
    #expect(isClose(distribution(chain, fruit), [0: 0.1, 2: 0.05, 4: 0.15]))
    chain.xtcThreshold = 0.35
    #expect(distribution(chain, fruit).count == 5)
    chain.xtcThreshold = 0.6
    #expect(!chain.isActive(.xtc))
  }

  @Test("XTC acts as often as it is asked to")
  func xtcChance() {
    var chain = SamplerChain.plain
    chain.xtcProbability = 0.25
    chain.xtcThreshold = 0.1
    var sampler = Sampler(chain, seed: 3)
    let likeliest = (0..<8_000).count { _ in sampler.sample(fruit).token == 1 }
    // The likeliest is drawn with 0.4 in three of four draws: 2,400 ± 41.
    #expect(abs(likeliest - 2_400) < 170)
  }

  @Test("dynamic temperature follows the share of the entropy in its maximum")
  func dynamicTemperature() {
    var chain = SamplerChain.plain
    chain.temperature = 1
    chain.temperatureRange = 0.5
    chain.temperatureExponent = 2
    // H = 1.39232 of ln 5 = 1.60944: T = 0.5 + 1 · 0.86510² = 1.24840.
    let sharpened = [0.1, 0.4, 0.05, 0.3, 0.15].map { powf($0, 1 / 1.24840) }
    let expected = Dictionary(
      uniqueKeysWithValues: sharpened.enumerated().map { (Token($0.offset), $0.element) })
    let found = distribution(chain, fruit)
    let total = sharpened.reduce(0, +)
    #expect(found.allSatisfy { abs($0.value - (expected[$0.key] ?? -1) / total) < 1e-4 })
    // Equally likely tokens have all the entropy there is: the highest temperature, no change.
    #expect(isClose(distribution(chain, [0, 0, 0]), [0: 1, 1: 1, 2: 1]))
  }

  @Test("DRY takes more off the longer the repetition that a token would go on")
  func dry() {
    var chain = SamplerChain.plain
    chain.dryMultiplier = 0.5
    chain.dryBase = 2
    chain.dryAllowedLength = 2
    // Behind "1 2 3 | 9 2 3 | 1 2 3": "1 2 3" was followed by 9, "2 3" by 9 and by 1.
    // So 9 repeats 3 tokens: 0.5 · 2¹; 1 repeats 2: 0.5 · 2⁰. The others repeat nothing.
    let prompt: [Token] = [1, 2, 3, 9, 2, 3, 1, 2, 3]
    let flat = [Float](repeating: 0, count: 10)
    var expected = Dictionary(uniqueKeysWithValues: (0..<10 as Range<Token>).map { ($0, Float(1)) })
    expected[9] = expf(-1)
    expected[1] = expf(-0.5)
    #expect(isClose(distribution(chain, flat, prompt: prompt), expected))
    chain.dryAllowedLength = 4
    #expect(distribution(chain, flat, prompt: prompt).values.allSatisfy { abs($0 - 0.1) < 1e-6 })
    chain.dryAllowedLength = 2
    // The last five tokens hold "2 3 1 2 3": only "2 3", followed by 1.
    chain.dryWindow = 5
    expected[9] = 1
    #expect(isClose(distribution(chain, flat, prompt: prompt), expected))
  }

  @Test("no repetition reaches across a breaker, whatever tokens spell it")
  func breakers() {
    var chain = SamplerChain.plain
    chain.dryMultiplier = 0.5
    chain.dryBase = 2
    chain.dryAllowedLength = 1
    chain.dryBreakers = ["; "]
    let names: [Token: String] = [0: "a", 1: "b", 2: ";", 3: " ", 4: "c"]
    let bytes: @Sendable (Token) -> [UInt8] = { Array((names[$0] ?? "").utf8) }
    func found(_ prompt: [Token]) -> [Float] {
      var result = [Float](repeating: 0, count: 5)
      for stream in 0..<400 as Range<UInt64> {
        var sampler = Sampler(chain, seed: 1, stream: stream, prompt: prompt, bytes: bytes)
        let drawn = sampler.sample([0, 0, 0, 0, 0])
        result[Int(drawn.token)] = drawn.probability
      }
      return result
    }
    // "a; b" twice: the repetition behind "; " is "b" alone, of length 1.
    let prompt: [Token] = [0, 2, 3, 1, 4, 0, 2, 3, 1]
    let shares = found(prompt)
    #expect(abs(shares[4] / shares[0] - expf(-0.5)) < 1e-5)
    // Right behind the breaker nothing is repeated.
    #expect(found(Array(prompt.dropLast())).allSatisfy { abs($0 - 0.2) < 1e-6 })
  }

  @Test("repetitions are found as comparing all ends with all places finds them")
  func repetitionSearch() {
    var state: UInt64 = 5
    for _ in 0..<300 {
      let tokens = (0..<24).map { _ in
        state = ToyModel.scrambled(state)
        return Token(state % 3)
      }
      let limit = Int(state >> 8 % 6) + 1
      var expected: [Token: Int] = [:]
      for end in 1..<tokens.count {
        var length = 0
        while length < end, tokens[end - 1 - length] == tokens[tokens.count - 1 - length] {
          length += 1
        }
        let repeated = min(length, limit)
        if repeated >= 2 { expected[tokens[end]] = max(expected[tokens[end]] ?? 0, repeated) }
      }
      #expect(Repetition.continuations(of: tokens[...], shortest: 2, limit: limit) == expected)
    }
  }

  @Test("Mirostat 2 keeps tokens of at most μ bits and moves μ by the surprise it finds")
  func mirostat2() {
    var chain = SamplerChain.plain
    chain.mirostat = 2
    chain.mirostatTarget = 1
    chain.mirostatRate = 0.5
    // μ = 2 bits: tokens of at least 0.25 stay, 0.4 and 0.3, as 4/7 and 3/7.
    var sampler = Sampler(chain, seed: 1)
    let first = sampler.sample(fruit)
    #expect(first.token == 1 || first.token == 3)
    #expect(abs(first.probability - (first.token == 1 ? 4.0 / 7 : 3.0 / 7)) < 1e-6)
    // μ = 2 − ½ · (−log₂ p − 1): about 2.096 or 1.889; 0.25 is 2 bits, 0.3 1.74, 0.15 2.74.
    let second = sampler.sample(logits([0.25, 0.5, 0.25]))
    let limit = 2 - 0.5 * (-log2(Double(first.probability)) - 1)
    #expect(second.token == 1 || limit >= 2)
    #expect(abs(second.probability - (limit >= 2 ? (second.token == 1 ? 0.5 : 0.25) : 1)) < 1e-6)
  }

  @Test("Mirostat 1 takes k from the slope of the ranks")
  func mirostat1() {
    // p ∝ 1, 1/2, 1/4 … over 8 tokens: b = ln 2 at every step; t = ln((i + 2) / (i + 1)).
    let weights = (0..<8).map { powf(0.5, Float($0)) }
    var products = 0.0
    var squares = 0.0
    for index in 0..<7 {
      let step = log(Double(index + 2) / Double(index + 1))
      products += step * log(2)
      squares += step * step
    }
    let slope = products / squares
    let excess = slope - 1
    for target in [0.5, 1, 1.5, 2.5] as [Float] {
      let power = pow(2, 2 * Double(target))
      let k = pow(excess * power / (1 - pow(8, -excess)), 1 / slope)
      var chain = SamplerChain.plain
      chain.mirostat = 1
      chain.mirostatTarget = target
      let kept = max(1, min(8, Int(k)))
      let found = distribution(chain, weights.map { logf($0) })
      let expected = Dictionary(
        uniqueKeysWithValues: (0..<kept).map { (Token($0), weights[$0]) })
      #expect(isClose(found, expected), "target \(target): k = \(k)")
    }
  }

  @Test("Mirostat leaves logit bias and temperature alone beside itself, and comes near its target")
  func mirostatAlone() {
    var chain = SamplerChain()
    chain.mirostat = 2
    chain.topK = 1
    chain.mirostatTarget = 3
    #expect(chain.activeStages == [.temperature, .mirostat])
    let model = ToyModel.random(vocabularySize: 500, spread: 5, seed: 8)
    var sampler = Sampler(chain, seed: 2)
    var tokens: [Token] = [1]
    var surprise = 0.0
    for _ in 0..<600 {
      let drawn = sampler.sample(model.logits(tokens))
      tokens.append(drawn.token)
      surprise -= log2(Double(drawn.probability))
    }
    #expect(abs(surprise / 600 - 3) < 0.15)
  }
}

@Suite("Sampler chain")
struct SamplerChainTests {
  @Test("the description names what is in force, in order")
  func description() throws {
    #expect(
      SamplerChain().description == "top-k 40 → top-p 0.95 → min-p 0.05 → temperature 0.8 → draw")
    #expect(SamplerChain.plain.description == "draw")
    #expect(SamplerChain.greedy.description == "greedy → draw")
    var chain = SamplerChain()
    chain.order = try SamplerChain.order(named: "temperature;top-k")
    #expect(chain.description == "temperature 0.8 → top-k 40 → draw")
  }

  @Test("an unknown stage is named, with the known ones as a hint")
  func unknownStage() {
    #expect(throws: SamplerChainError.unknownStage("topk")) {
      try SamplerChain.order(named: "topk")
    }
    #expect(SamplerChainError.unknownStage("topk").hint?.contains("top-k") == true)
  }

  @Test("impossible values are reported")
  func problems() {
    #expect(SamplerChain().problem == nil)
    var chain = SamplerChain()
    chain.repetitionPenalty = 0
    #expect(chain.problem != nil)
    chain = SamplerChain()
    chain.temperature = .nan
    #expect(chain.problem != nil)
    chain = SamplerChain()
    chain.mirostat = 3
    #expect(chain.problem != nil)
    chain.mirostat = 1
    #expect(chain.problem == nil)
    chain.order = [.mirostat, .temperature]
    #expect(chain.problem != nil)
  }
}
