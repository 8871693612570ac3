/// The loss without gradients, against the one that has them, over several stretches of a vocabulary.

import Autograd
import Testing

struct StreamedCrossEntropyTests {
  private let store: ParameterStore

  /// Twelve rows, and 2,500 tokens: two whole stretches and a part.
  init() {
    store = ParameterStore([
      .init("input", rows: 12, columns: 16, role: .embedding),
      .init("head", rows: 2_500, columns: 16, role: .embedding),
    ])
    var random = SystemlessRandom(seed: 8)
    for parameter in store.parameters {
      for index in 0..<parameter.count { parameter.value[index] = 2 * random.float() }
    }
  }

  private func losses(
    _ rows: Range<Int>, _ targets: [UInt32], softCap: Float, isRecording: Bool
  ) -> [Float] {
    let tape = Tape(recording: isRecording)
    let x = tape.embedding(
      of: rows.map { UInt32($0) }, in: store.known("input"), length: rows.count)
    return x.crossEntropy(
      head: store.known("head"), targets: Array(targets[rows]), softCap: softCap, gradientScale: 1)
  }

  private let targets: [UInt32] = [
    0, 1_055, 1_056, 2_111, 2_112, 2_499, .max, 7, 1_500, 2_200, .max, 999,
  ]

  @Test("losses are those of the loss with gradients", arguments: [Float(0), 3])
  func agreement(softCap: Float) {
    let streamed = losses(0..<12, targets, softCap: softCap, isRecording: false)
    let whole = losses(0..<12, targets, softCap: softCap, isRecording: true)
    for (a, b) in zip(streamed, whole) { #expect(abs(a - b) < 2e-5 * max(1, b)) }
    #expect(streamed[6] == 0 && streamed[10] == 0 && streamed[0] > 1)
  }

  @Test("the likeliest tokens may stand in any stretch, however far above the others")
  func largeLogits() {
    for token in [3, 1_100, 2_400] {
      let head = store.known("head")
      for column in 0..<16 {
        head.value[token * 16 + column] = 40 * store.known("input").value[column]
      }
      let streamed = losses(0..<12, targets, softCap: 0, isRecording: false)
      let whole = losses(0..<12, targets, softCap: 0, isRecording: true)
      #expect(whole[0] > 100)
      for (a, b) in zip(streamed, whole) { #expect(abs(a - b) < 2e-5 * max(1, b)) }
    }
  }

  @Test("a loss comes out again, and is the same beside fewer rows")
  func alone() {
    let all = losses(0..<12, targets, softCap: 0, isRecording: false)
    #expect(losses(0..<12, targets, softCap: 0, isRecording: false) == all)
    let some = losses(3..<9, targets, softCap: 0, isRecording: false)
    for (a, b) in zip(some, all[3..<9]) { #expect(abs(a - b) < 1e-5 * max(1, b)) }
  }

  @Test("rows beyond the first four thousand meet their own targets")
  func manyRows() {
    let many = (0..<4_109).map { UInt32($0 * 7 % 2_500) }
    let inputs = (0..<4_109).map { UInt32($0 * 5 % 12) }
    func losses(isRecording: Bool) -> [Float] {
      let tape = Tape(recording: isRecording)
      return tape.embedding(of: inputs, in: store.known("input"), length: inputs.count)
        .crossEntropy(head: store.known("head"), targets: many, softCap: 0, gradientScale: 1)
    }
    let pairs = zip(losses(isRecording: false), losses(isRecording: true))
    #expect(pairs.allSatisfy { abs($0 - $1) < 2e-5 * max(1, $1) })
  }

  @Test("what is not a number is seen", arguments: [Float(0), 3])
  func notFinite(softCap: Float) {
    store.known("head").value[1_700 * 16] = .nan
    let streamed = losses(0..<12, targets, softCap: softCap, isRecording: false)
    for (loss, target) in zip(streamed, targets) where target != .max { #expect(loss.isNaN) }
  }
}
