/// Laws come back from the losses that they made.

import Glibc
import Machine
import Scaling
import Testing

@Suite("Fitting laws of the loss")
struct LawFitTests {
  private let sizes = (0..<6).map { 30_000 * pow(3, Double($0)) }

  @Test("a pure power law without noise is recovered to the last digits")
  func pureLaw() throws {
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 21.5, exponent: 0.095)])
    let points = sizes.map { LossPoint([.tokens: $0], loss: law.loss(at: $0)) }
    let fit = try #require(LawFit.fit(.pure(.tokens), to: points))
    #expect(abs(fit.law.terms[0].exponent - 0.095) < 1e-9)
    #expect(abs(fit.law.terms[0].coefficient / 21.5 - 1) < 1e-8)
    #expect(fit.rSquared > 0.999_999)
    let scale = try #require(fit.law.criticalScale)
    #expect(abs(pow(scale / 1e6, 0.095) / law.loss(at: 1e6) - 1) < 1e-8)
  }

  @Test("a power law with a floor is recovered to the last digits")
  func lawWithOffset() throws {
    let law = ScalingLaw(
      offset: 1.7, terms: [.init(variable: .tokens, coefficient: 90, exponent: 0.31)])
    let points = sizes.map { LossPoint([.tokens: $0], loss: law.loss(at: $0)) }
    let fit = try #require(LawFit.fit(.withOffset(.tokens), to: points))
    #expect(abs(fit.law.offset - 1.7) < 1e-5)
    #expect(abs(fit.law.terms[0].exponent - 0.31) < 1e-5)
    #expect(abs(fit.law.localSlope(at: 1e6) - law.localSlope(at: 1e6)) < 1e-6)
  }

  @Test("the law of parameters and tokens is recovered on a grid")
  func jointLaw() throws {
    let law = ScalingLaw(
      offset: 1.8,
      terms: [
        .init(variable: .parameters, coefficient: 482, exponent: 0.348),
        .init(variable: .tokens, coefficient: 2_085, exponent: 0.366),
      ])
    var points: [LossPoint] = []
    for n in [5e7, 2e8, 1e9, 5e9] {
      for d in [1e9, 4e9, 2e10, 1e11] {
        let values: [ScalingVariable: Double] = [.parameters: n, .tokens: d]
        points.append(LossPoint(values, loss: law.loss(values)))
      }
    }
    let fit = try #require(LawFit.fit(.joint, to: points, huber: .fixed(1e-3)))
    #expect(abs(fit.law.offset - 1.8) < 1e-4)
    #expect(abs(fit.law.terms[0].exponent - 0.348) < 1e-4)
    #expect(abs(fit.law.terms[1].exponent - 0.366) < 1e-4)
  }

  @Test("one wild point moves a robust fit little and least squares much")
  func outlier() throws {
    let law = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    var random = RandomSource(seed: 3, stream: 0)
    var points = (0..<3).flatMap { _ in
      sizes.map { size in
        LossPoint([.tokens: size], loss: law.loss(at: size) * exp(0.002 * random.nextNormal()))
      }
    }
    points[17].loss *= 1.2
    let robust = try #require(LawFit.fit(.pure(.tokens), to: points))
    let squares = try #require(LawFit.fit(.pure(.tokens), to: points, huber: .none))
    #expect(abs(robust.law.terms[0].exponent - 0.1) < 0.003)
    #expect(abs(squares.law.terms[0].exponent - 0.1) > 0.004)
  }

  @Test("the corrected criterion prefers a floor only where there is one")
  func criterion() throws {
    let straight = ScalingLaw(terms: [.init(variable: .tokens, coefficient: 20, exponent: 0.1)])
    let bent = ScalingLaw(
      offset: 2, terms: [.init(variable: .tokens, coefficient: 100, exponent: 0.3)])
    for (law, isBent) in [(straight, false), (bent, true)] {
      var random = RandomSource(seed: 5, stream: 0)
      let points = (0..<3).flatMap { _ in
        sizes.map { size in
          LossPoint([.tokens: size], loss: law.loss(at: size) * exp(0.004 * random.nextNormal()))
        }
      }
      let pure = try #require(LawFit.fit(.pure(.tokens), to: points))
      let offset = try #require(LawFit.fit(.withOffset(.tokens), to: points))
      #expect((offset.criterion < pure.criterion) == isBent)
    }
  }

  @Test("a form with more numbers than points is not fitted")
  func tooFewPoints() {
    let points = [1e5, 1e6].map { LossPoint([.tokens: $0], loss: 20 * pow($0, -0.1)) }
    #expect(LawFit.fit(.withOffset(.tokens), to: points) == nil)
    #expect(LawFit.fit(.pure(.tokens), to: points) != nil)
  }
}
