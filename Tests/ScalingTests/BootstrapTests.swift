/// Intervals hold what they promise, over many simulated studies.

import Glibc
import Machine
import Scaling
import Testing

@Suite("Intervals of laws")
struct BootstrapTests {
  private let sizes = (0..<6).map { 30_000 * pow(2.5, Double($0)) }

  /// A study of 3 seeds a size, measured on clusters that all runs share.
  private func study(
    _ law: ScalingLaw, sizes: [Double], seedNoise: Double, random: inout RandomSource
  )
    -> [[LossSample]]
  {
    let clusters = (0..<40).map { _ in exp(0.03 * random.nextNormal()) }
    return sizes.map { size in
      (0..<3).map { _ in
        let loss = law.loss(at: size) * exp(seedNoise * random.nextNormal())
        return LossSample(
          [.tokens: size], nats: clusters.map { 100 * loss * $0 },
          counts: clusters.map { _ in 100 })
      }
    }
  }

  @Test("95% intervals of the exponent hold 93 to 97% of the time, over 1,000 studies")
  func exponentCoverage() throws {
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    var random = RandomSource(seed: 11, stream: 0)
    var held = 0
    for index in 0..<1_000 {
      let groups = study(law, sizes: sizes, seedNoise: 0.006, random: &random)
      let bootstrap = try #require(
        Bootstrap(groups, form: .pure(.tokens), draws: 400, seed: UInt64(index)))
      let interval = bootstrap.exponent(of: .tokens)
      if interval.low <= 0.1, 0.1 <= interval.high { held += 1 }
    }
    #expect((930...970).contains(held), "\(held) of 1,000")
  }

  @Test("95% predictions of a larger size hold 92 to 99% of the time, with a floor or without")
  func predictionCoverage() throws {
    for (stream, offset) in [(UInt64(0), 0.0), (1, 2.0)] {
      let law = ScalingLaw(
        offset: offset,
        terms: [
          .init(
            variable: .tokens, coefficient: offset == 0 ? 20 : 100,
            exponent: offset == 0 ? 0.1 : 0.3)
        ])
      var random = RandomSource(seed: 13, stream: stream)
      var held = 0
      for index in 0..<250 {
        let all = study(
          law, sizes: sizes + [sizes[5] * 2.5], seedNoise: 0.005, random: &random)
        let known = Array(all.dropLast())
        let bootstraps = [LawForm.pure(.tokens), .withOffset(.tokens)].compactMap {
          Bootstrap(
            known, form: $0, draws: 160, resamplesClusters: false, seed: UInt64(index))
        }
        let prediction = Prediction(
          bootstraps, at: [.tokens: sizes[5] * 2.5], seeds: 3, seed: UInt64(index))
        let measured = all[6].reduce(0) { $0 + $1.loss } / 3
        if prediction.contains(measured) { held += 1 }
      }
      #expect((230...247).contains(held), "\(held) of 250 with a floor of \(offset)")
    }
  }

  @Test("losses that bend away from both forms widen the prediction to what the bend is worth")
  func misfit() throws {
    // Ripples of 3% in ln L around a power law, and seeds that agree to 0.1%.
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    var random = RandomSource(seed: 23, stream: 0)
    var held = 0
    for index in 0..<100 {
      let phase = 2 * Double.pi * random.nextDouble()
      let known = sizes.enumerated().flatMap { place, size -> [[LossSample]] in
        let bent = ScalingLaw(terms: [
          .init(
            variable: .tokens, coefficient: 20 * exp(0.03 * sin(phase + 2 * Double(place))),
            exponent: 0.1)
        ])
        return study(bent, sizes: [size], seedNoise: 0.001, random: &random)
      }
      let bootstrap = try #require(
        Bootstrap(
          known, form: .pure(.tokens), draws: 160, resamplesClusters: false, seed: UInt64(index)))
      #expect((0.01...0.05).contains(bootstrap.lackOfFit))
      let next = sizes[5] * 2.5
      let measured = law.loss(at: next) * exp(0.03 * sin(phase + 12))
      let prediction = Prediction(
        [bootstrap], at: [.tokens: next], seeds: 3, seed: UInt64(index))
      if prediction.contains(measured) { held += 1 }
    }
    #expect(held >= 90, "\(held) of 100")
  }

  @Test("noise of the test set that all runs share hardly widens the exponent's interval")
  func sharedNoise() throws {
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    var random = RandomSource(seed: 17, stream: 0)
    let groups = study(law, sizes: sizes, seedNoise: 0.003, random: &random)
    let with = try #require(Bootstrap(groups, form: .pure(.tokens), draws: 1_000))
    let without = try #require(
      Bootstrap(groups, form: .pure(.tokens), draws: 1_000, resamplesClusters: false))
    func width(_ bootstrap: Bootstrap) -> Double {
      let interval = bootstrap.exponent(of: .tokens)
      return interval.high - interval.low
    }
    #expect(width(with) < 1.2 * width(without))
    let level = with.interval { $0.loss(at: 1e6) }
    let levelWithout = without.interval { $0.loss(at: 1e6) }
    #expect(level.high - level.low > 1.5 * (levelWithout.high - levelWithout.low))
  }

  @Test("an interval is as wide as the law's own variable asks for, whatever else is known of runs")
  func freedom() throws {
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    var random = RandomSource(seed: 23, stream: 0)
    let groups = study(law, sizes: sizes, seedNoise: 0.003, random: &random)
    // Compute, the largest number of a run, is the same for all but one.
    let rich = groups.enumerated().map { index, runs in
      runs.map {
        LossSample(
          $0.values.merging([.compute: index == 2 ? 2e15 : 1e15]) { old, _ in old },
          nats: $0.nats, counts: $0.counts)
      }
    }
    let plain = try #require(Bootstrap(groups, form: .pure(.tokens), draws: 100))
    let byTokens = try #require(Bootstrap(rich, form: .pure(.tokens), draws: 100))
    #expect(byTokens.exponent(of: .tokens) == plain.exponent(of: .tokens))
    #expect(byTokens.tail == plain.tail)
    let byCompute = try #require(Bootstrap(rich, form: .pure(.compute), draws: 100))
    #expect(byCompute.tail < plain.tail)
  }

  @Test("the same seed gives the same interval")
  func determinism() throws {
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    var random = RandomSource(seed: 19, stream: 0)
    let groups = study(law, sizes: sizes, seedNoise: 0.003, random: &random)
    let once = try #require(Bootstrap(groups, form: .pure(.tokens), draws: 50, seed: 4))
    let again = try #require(Bootstrap(groups, form: .pure(.tokens), draws: 50, seed: 4))
    #expect(once.draws == again.draws)
  }
}
