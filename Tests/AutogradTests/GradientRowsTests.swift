/// Tables whose gradient is known to be zero in most rows.

import Autograd
import Testing

struct GradientRowsTests {
  private func store() -> ParameterStore {
    let store = ParameterStore([
      .init("vector", columns: 5, role: .vector),
      .init("table", rows: 40, columns: 6, role: .embedding),
      .init("head", rows: 40, columns: 6, role: .embedding),
    ])
    var random = SystemlessRandom(seed: 11)
    for parameter in store.parameters {
      for index in 0..<parameter.count { parameter.value[index] = random.float() }
    }
    return store
  }

  /// Forward and back over some tokens; the sample always has token 30.
  private func step(_ store: ParameterStore, _ tokens: [UInt32]) {
    let tape = Tape(recording: true)
    _ = tape.embedding(of: tokens, in: store.known("table"), length: tokens.count)
      .crossEntropy(
        head: store.known("head"), targets: tokens.map { $0 + 1 }, softCap: 0, gradientScale: 1,
        sample: VocabularySample(tokens: [30], probabilities: [0.5]))
    tape.backward()
  }

  private func gradient(_ parameter: Parameter) -> [Float] {
    (0..<parameter.count).map { parameter.gradient[$0] }
  }

  @Test("a step clears the rows of the step before, and its gradient is that of a cleared table")
  func clearing() {
    let (known, cleared) = (store(), store())
    for tokens: [UInt32] in [[7, 3, 7, 9], [3, 20], [38, 0, 1]] {
      known.restartGradients()
      step(known, tokens)
      cleared.zeroGradients()
      step(cleared, tokens)
      for name in ["table", "head"] {
        #expect(gradient(known.known(name)) == gradient(cleared.known(name)))
        #expect(cleared.known(name).gradientRows == nil, "started before")
      }
    }
    #expect(known.known("table").gradientRows == [0, 1, 38])
    #expect(known.known("head").gradientRows == [1, 2, 30, 39])
  }

  @Test("two contributions have the rows of both")
  func union() {
    let store = store()
    store.restartGradients()
    step(store, [5, 3])
    step(store, [4, 5])
    #expect(store.known("table").gradientRows == [3, 4, 5])
  }

  @Test("what may be in any row, or in another array, is not known")
  func unknown() {
    let store = store()
    store.restartGradients()
    step(store, [5])
    store.known("table").willHaveAllRows()
    #expect(store.known("table").gradientRows == nil)
    #expect(store.known("head").gradientRows == [6, 30])
    store.sumGradients(into: store.gradients)
    #expect(store.known("head").gradientRows == nil)
    store.restartGradients()
    step(store, [8])
    #expect(store.known("table").gradientRows == [8])
    #expect(gradient(store.known("table")).enumerated().allSatisfy { $1 == 0 || $0 / 6 == 8 })
  }

  @Test("stretches hold all that is not zero, cut where asked, neighbours joined")
  func stretches() {
    let store = store()
    #expect(store.gradientStretches(in: 0..<store.count) == [0..<store.count], "nothing is known")
    store.restartGradients()
    step(store, [4, 5, 9])
    let (table, head) = (store.known("table").offset, store.known("head").offset)
    let all = store.gradientStretches(in: 0..<store.count)
    let rows = { (start: Int, range: Range<Int>) in
      start + range.lowerBound * 6..<start + range.upperBound * 6
    }
    #expect(
      all == [
        0..<16, rows(table, 4..<6), rows(table, 9..<10), rows(head, 5..<7), rows(head, 10..<11),
        rows(head, 30..<31),
      ])
    for (index, value) in (0..<store.count).map({ ($0, store.gradients[$0]) }) where value != 0 {
      #expect(all.contains { $0.contains(index) })
    }
    #expect(
      store.gradientStretches(in: table + 27..<table + 56) == [
        table + 27..<table + 36, table + 54..<table + 56,
      ])
    #expect(store.gradientStretches(in: table + 60..<table + 70) == [])
  }
}
