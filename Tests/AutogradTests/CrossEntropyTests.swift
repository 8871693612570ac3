/// The fused loss against the textbook formula, and its gradients against central differences.

import Autograd
import Glibc
import Testing

struct CrossEntropyTests {
  private func store(rows: Int, width: Int, vocabulary: Int) -> ParameterStore {
    let store = ParameterStore([
      .init("input", rows: rows, columns: width, role: .embedding),
      .init("head", rows: vocabulary, columns: width, role: .embedding),
    ])
    var random = SystemlessRandom(seed: 3)
    for parameter in store.parameters {
      for index in 0..<parameter.count { parameter.value[index] = random.float() }
    }
    return store
  }

  private func losses(
    _ store: ParameterStore, targets: [UInt32], softCap: Float, tape: Tape, scale: Float = 1,
    sample: VocabularySample? = nil
  ) -> [Float] {
    let rows = store.known("input").rows
    let x = tape.embedding(
      of: (0..<UInt32(rows)).map { $0 }, in: store.known("input"), length: rows)
    return x.crossEntropy(
      head: store.known("head"), targets: targets, softCap: softCap, gradientScale: scale,
      sample: sample)
  }

  @Test("losses are those of the formula", arguments: [Float(0), 2])
  func formula(softCap: Float) {
    let store = store(rows: 5, width: 8, vocabulary: 11)
    let targets: [UInt32] = [0, 10, 3, 3, 7]
    let tape = Tape(recording: false)
    let computed = losses(store, targets: targets, softCap: softCap, tape: tape)
    for row in 0..<5 {
      let logits = (0..<11).map { word -> Double in
        let logit = (0..<8).reduce(0.0) {
          $0
            + Double(
              store.known("input").value[row * 8 + $1] * store.known("head").value[word * 8 + $1])
        }
        return softCap > 0 ? Double(softCap) * tanh(logit / Double(softCap)) : logit
      }
      let expected = log(logits.reduce(0) { $0 + exp($1) }) - logits[Int(targets[row])]
      #expect(abs(Double(computed[row]) - expected) < 1e-5)
    }
  }

  @Test("gradients are those of central differences", arguments: [Float(0), 3])
  func gradient(softCap: Float) {
    let store = store(rows: 5, width: 8, vocabulary: 11)
    let targets: [UInt32] = [0, 10, .max, 3, 7]
    let tape = Tape(recording: true)
    _ = losses(store, targets: targets, softCap: softCap, tape: tape, scale: 0.25)
    tape.backward()
    let plain = Tape(recording: false)
    func loss() -> Double {
      defer { plain.reset() }
      let all = losses(store, targets: targets, softCap: softCap, tape: plain)
      #expect(all[2] == 0)
      return 0.25 * all.reduce(0) { $0 + Double($1) }
    }
    for parameter in store.parameters {
      for index in 0..<parameter.count {
        let start = parameter.value[index]
        parameter.value[index] = start + 5e-3
        let above = loss()
        parameter.value[index] = start - 5e-3
        let below = loss()
        parameter.value[index] = start
        let numeric = (above - below) / 1e-2
        #expect(abs(numeric - Double(parameter.gradient[index])) < 5e-4)
      }
    }
  }

  @Test("many blocks of rows give what one gives")
  func blocks() {
    // 70 rows of 65,536 words are three blocks of 32 rows.
    let store = store(rows: 70, width: 4, vocabulary: 65_536)
    let targets = (0..<70).map { UInt32($0 * 900) }
    let tape = Tape(recording: true)
    let all = losses(store, targets: targets, softCap: 0, tape: tape)
    tape.backward()
    let sums = (0..<4).map { column in
      (0..<65_536).reduce(0.0) { $0 + Double(store.known("head").gradient[$1 * 4 + column]) }
    }
    // Softmax minus one-hot sums to zero over the vocabulary, for every row.
    #expect(sums.allSatisfy { abs($0) < 1e-3 })
    #expect(all.allSatisfy { $0 > 9 && $0 < 14 })
  }

  @Test("a sample of all tokens is the whole vocabulary")
  func wholeSample() {
    let targets: [UInt32] = [0, 10, .max, 3, 7]
    let sample = VocabularySample(
      tokens: (0..<11).map { $0 }, probabilities: [Float](repeating: 1, count: 11))
    let stores = [nil, sample].map { sample in
      let store = store(rows: 5, width: 8, vocabulary: 11)
      let tape = Tape(recording: true)
      let all = losses(store, targets: targets, softCap: 3, tape: tape, sample: sample)
      tape.backward()
      return (store, all)
    }
    for (a, b) in zip(stores[0].1, stores[1].1) { #expect(abs(a - b) < 1e-5) }
    withExtendedLifetime(stores) {
      for (a, b) in zip(stores[0].0.parameters, stores[1].0.parameters) {
        for index in 0..<a.count { #expect(abs(a.gradient[index] - b.gradient[index]) < 1e-5) }
      }
    }
  }

  @Test("over many draws, sampled gradients are those of the whole vocabulary on average")
  func unbiased() {
    let (vocabulary, rows) = (400, 6)
    let targets: [UInt32] = [0, 399, 3, 3, 77, 200]
    func gradient(_ sample: VocabularySample?) -> [Double] {
      let store = store(rows: rows, width: 8, vocabulary: vocabulary)
      let tape = Tape(recording: true)
      _ = losses(store, targets: targets, softCap: 0, tape: tape, sample: sample)
      tape.backward()
      return withExtendedLifetime(store) {
        let head = store.known("head")
        return (0..<head.count).map { Double(head.gradient[$0]) }
      }
    }
    let whole = gradient(nil)
    var random = SystemlessRandom(seed: 8)
    let draws = 400
    var mean = [Double](repeating: 0, count: whole.count)
    for _ in 0..<draws {
      // Every other token always, the rest one time in four.
      let tokens = (0..<UInt32(vocabulary)).filter { $0 % 2 == 0 || random.float() + 1 < 0.5 }
      let sample = VocabularySample(
        tokens: tokens, probabilities: tokens.map { $0 % 2 == 0 ? 1 : 0.25 })
      for (index, value) in gradient(sample).enumerated() { mean[index] += value / Double(draws) }
    }
    let norm = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let error = norm(zip(mean, whole).map { $0 - $1 })
    #expect(error < 0.04 * norm(whole), "\(error / norm(whole))")
    // Without the weights a quarter of the sum would be missing.
    let blind = VocabularySample(
      tokens: (0..<UInt32(vocabulary)).filter { $0 % 2 == 0 },
      probabilities: [Float](repeating: 1, count: 200))
    #expect(norm(zip(gradient(blind), whole).map { $0 - $1 }) > 0.08 * norm(whole))
  }
}
