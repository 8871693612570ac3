import Autograd
import FoundationEssentials
import Glibc
import Testing
import Training

@Suite("Gradients and state") struct OptimizerTests {
  @Test("the norm is that of all gradients together")
  func norm() {
    let store = ParameterStore([
      .init("a", rows: 300, columns: 400, role: .matrix), .init("b", columns: 5, role: .vector),
    ])
    store.gradients.update(repeating: 0, count: store.count)
    var sum = 0.0
    for parameter in store.parameters {
      for index in 0..<parameter.count {
        parameter.gradient[index] = Float(sin(Double(index)))
        sum += Double(parameter.gradient[index]) * Double(parameter.gradient[index])
      }
    }
    #expect(abs(store.gradientNorm() - sum.squareRoot()) < 1e-5 * sum.squareRoot())
    #expect(store.gradientNorm() == store.gradientNorm())
  }

  @Test(
    "one gradient that is no number makes the norm no number", arguments: [Float.nan, .infinity])
  func notFinite(poison: Float) {
    let store = ParameterStore([.init("a", rows: 300, columns: 400, role: .matrix)])
    store.gradients.update(repeating: 0, count: store.count)
    store.parameters[0].gradient[77_777] = poison
    #expect(!store.gradientNorm().isFinite)
  }

  @Test("clipping brings a norm down to the limit and leaves smaller ones alone")
  func clipping() {
    #expect(abs(clippingScale(norm: 4, limit: 1) - 0.25) < 1e-6)
    #expect(clippingScale(norm: 0.5, limit: 1) == 1)
    #expect(clippingScale(norm: 1e9, limit: 0) == 1)
  }
}
