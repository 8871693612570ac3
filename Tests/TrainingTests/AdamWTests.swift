import Autograd
import FoundationEssentials
import Glibc
import Testing
import Training

@Suite("AdamW") struct AdamWTests {
  /// Three clipped steps of torch.optim.AdamW 2.x on sin(1…6) with gradients cos(i·t).
  private static let expected: [Float] = [
    0.7974325, 0.9986403, 0.201067, -0.6560687, -0.9362807, -0.4220243,
  ]

  private func store(_ declarations: [Parameter.Declaration]) -> ParameterStore {
    let store = ParameterStore(declarations)
    for parameter in store.parameters {
      for index in 0..<parameter.count { parameter.value[index] = Float(sin(Double(index + 1))) }
    }
    return store
  }

  private func fillGradients(_ store: ParameterStore, step: Int) {
    for parameter in store.parameters {
      for index in 0..<parameter.count {
        parameter.gradient[index] = Float(cos(Double((index + 1) * step)))
      }
    }
  }

  @Test("three clipped steps give PyTorch's numbers")
  func threeSteps() {
    let store = store([.init("a", rows: 2, columns: 3, role: .matrix)])
    let optimizer = AdamW(
      store, .adamW(learningRate: 0.05, beta1: 0.9, beta2: 0.99, weightDecay: 0.1))
    for step in 1...3 {
      fillGradients(store, step: step)
      optimizer.update(
        rateShare: 1, gradientScale: clippingScale(norm: store.gradientNorm(), limit: 1))
    }
    for (index, value) in Self.expected.enumerated() {
      #expect(abs(store.parameters[0].value[index] - value) < 1e-5)
    }
    #expect(optimizer.updates == 3)
  }

  @Test("matrices and embeddings decay, vectors never; embeddings only if asked")
  func decay() {
    for decaysEmbeddings in [true, false] {
      let store = store([
        .init("matrix", rows: 2, columns: 2, role: .matrix),
        .init("table", rows: 2, columns: 2, role: .embedding),
        .init("bias", columns: 2, role: .vector),
      ])
      let optimizer = AdamW(
        store,
        .adamW(learningRate: 0.5, weightDecay: 0.1, decaysEmbeddings: decaysEmbeddings))
      store.zeroGradients()
      optimizer.update(rateShare: 1, gradientScale: 1)
      let shares = store.parameters.map { $0.value[0] / Float(sin(1.0)) }
      #expect(abs(shares[0] - 0.95) < 1e-6)
      #expect(abs(shares[1] - (decaysEmbeddings ? 0.95 : 1)) < 1e-6)
      #expect(shares[2] == 1)
    }
  }

  @Test("a row that a step has not met stays if asked, and moves on by its momentum if not")
  func untouchedRows() {
    let moved = [false, true].map { skips -> [Bool] in
      let store = store([.init("table", rows: 2, columns: 16, role: .embedding)])
      let optimizer = AdamW(store, .adamW(weightDecay: 0), skipsUntouched: skips)
      fillGradients(store, step: 1)
      optimizer.update(rateShare: 1, gradientScale: 1)
      let table = store.parameters[0]
      let before = (0..<32).map { table.value[$0] }
      for index in 0..<16 { table.gradient[index] = 0 }
      optimizer.update(rateShare: 1, gradientScale: 1)
      return [0, 1].map { row in
        (16 * row..<16 * row + 16).contains { table.value[$0] != before[$0] }
      }
    }
    #expect(moved == [[true, true], [false, true]])
  }

  @Test("rows that are known to be met give the bits of a walk through the whole table")
  func knownRows() {
    let stores = (0..<2).map { _ in
      store([
        .init("bias", columns: 3, role: .vector),
        .init("table", rows: 50, columns: 16, role: .embedding),
      ])
    }
    for (isKnown, store) in zip([true, false], stores) {
      let optimizer = AdamW(store, .adamW(), skipsUntouched: true)
      for tokens: [UInt32] in [[1, 49, 1], [7, 8], [1, 30]] {
        store.restartGradients()
        let tape = Tape(recording: true)
        let x = tape.embedding(of: tokens, in: store.parameters[1], length: tokens.count)
        tape.backward(from: x, gradient: (0..<x.count).map { Float(cos(Double($0))) })
        if !isKnown { store.parameters[1].willHaveAllRows() }
        #expect((store.parameters[1].gradientRows != nil) == isKnown)
        optimizer.update(rateShare: 1, gradientScale: 1)
      }
    }
    #expect(
      (0..<stores[0].count).allSatisfy {
        stores[0].values[$0].bitPattern == stores[1].values[$0].bitPattern
      })
  }

  @Test("state that is saved and restored gives the same bits as no interruption")
  func restore() {
    let declarations: [Parameter.Declaration] = [
      .init("a", rows: 5, columns: 7, role: .matrix), .init("b", columns: 9, role: .vector),
    ]
    let whole = store(declarations)
    let half = store(declarations)
    let options = OptimizerOptions.adamW()
    let first = AdamW(whole, options)
    let before = AdamW(half, options)
    for step in 1...4 {
      fillGradients(whole, step: step)
      first.update(rateShare: 1, gradientScale: 1)
    }
    for step in 1...2 {
      fillGradients(half, step: step)
      before.update(rateShare: 1, gradientScale: 1)
    }
    let after = AdamW(half, options)
    after.updates = before.updates
    for (source, target) in zip(before.state, after.state) {
      #expect(source.name == target.name)
      target.values.update(from: source.values, count: source.rows * source.columns)
    }
    for step in 3...4 {
      fillGradients(half, step: step)
      after.update(rateShare: 1, gradientScale: 1)
    }
    for (a, b) in zip(whole.parameters, half.parameters) {
      for index in 0..<a.count { #expect(a.value[index] == b.value[index]) }
    }
    #expect(
      after.state.map(\.name) == [
        "a.firstMoment", "a.secondMoment", "b.firstMoment", "b.secondMoment",
      ])
  }
}
