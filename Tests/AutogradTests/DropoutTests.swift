/// Dropout: how much, which, and the same on the way back.

import Autograd
import Kernels
import Machine
import Testing

@Suite("Dropout") struct DropoutTests {
  private let rows = 64
  private let columns = 96

  /// A tape with dropout and a tensor of ones, times a table with those values.
  private func drop(share: Float, seed: UInt64, step: Int) -> (values: [Float], gradient: [Float]) {
    let store = ParameterStore([.init("x", rows: rows, columns: columns, role: .matrix)])
    let x = store.known("x")
    for index in 0..<x.count { x.value[index] = 1 }
    let tape = Tape(recording: true)
    tape.dropout = Dropout(share: share, seed: seed, step: step)
    let input = tape.embedding(
      of: (0..<rows).map { UInt32($0) }, in: x, positions: nil, firstPosition: 0, length: rows)
    let y = input.dropped()
    let values = (0..<y.count).map { y.value[$0] }
    tape.backward(from: y, gradient: [Float](repeating: 1, count: y.count))
    return (values, (0..<x.count).map { x.gradient[$0] })
  }

  @Test("the share is dropped, the rest grows so that the mean stays", arguments: [0.1, 0.5])
  func share(_ share: Double) {
    let values = drop(share: Float(share), seed: 1, step: 0).values
    let dropped = Double(values.count { $0 == 0 }) / Double(values.count)
    // Five standard deviations of a binomial share.
    let tolerance = 5 * (share * (1 - share) / Double(values.count)).squareRoot()
    #expect(abs(dropped - share) < tolerance)
    #expect(values.allSatisfy { $0 == 0 || abs($0 - 1 / Float(1 - share)) < 1e-6 })
  }

  @Test("the gradient passes where the value passed")
  func gradient() {
    let (values, gradient) = drop(share: 0.3, seed: 2, step: 7)
    #expect(values == gradient)
  }

  @Test("masks follow from seed and step, and neighbours are independent")
  func masks() {
    let first = drop(share: 0.5, seed: 3, step: 1).values
    #expect(first == drop(share: 0.5, seed: 3, step: 1).values)
    for other in [drop(share: 0.5, seed: 3, step: 2), drop(share: 0.5, seed: 4, step: 1)] {
      let same = zip(first, other.values).count { ($0 == 0) == ($1 == 0) }
      #expect(abs(Double(same) / Double(first.count) - 0.5) < 0.04)
    }
    for distance in [1, 8, columns] {
      let same = zip(first, first.dropFirst(distance)).count { ($0 == 0) == ($1 == 0) }
      #expect(abs(Double(same) / Double(first.count - distance) - 0.5) < 0.04)
    }
  }

  @Test("every set of kernels drops the same places, whole or in parts")
  func kernelSetsAgree() {
    let count = 1_003
    let x = (0..<count).map { Float($0) + 1 }
    var results: [[Float]] = []
    for set in kernelSets {
      for parts in [[0, count], [0, 17, 512, count]] {
        var y = [Float](repeating: -1, count: count)
        for (start, end) in zip(parts, parts.dropFirst()) {
          x.withUnsafeBufferPointer { x in
            y.withUnsafeMutableBufferPointer { y in
              guard let x = x.baseAddress, let y = y.baseAddress else { return }
              set.dropout(
                x + start, residual: nil, into: y + start, count: end - start,
                first: UInt32(start), key: 77, share: 0.25)
            }
          }
        }
        results.append(y)
      }
    }
    #expect(results.allSatisfy { $0 == results[0] })
    #expect(results[0].contains(0))
  }

  @Test("a part that is computed again drops the same places again")
  func recomputed() {
    var gradients: [[Float]] = []
    for recomputes in [false, true] {
      let store = ParameterStore([
        .init("x", rows: 8, columns: 16, role: .matrix),
        .init("w", rows: 16, columns: 16, role: .matrix),
      ])
      let (x, w) = (store.known("x"), store.known("w"))
      var random = SystemlessRandom(seed: 5)
      for index in 0..<store.count { store.values[index] = random.float() }
      let tape = Tape(recording: true)
      tape.dropout = Dropout(share: 0.4, seed: 6, step: 0)
      let input = tape.embedding(
        of: (0..<8).map { UInt32($0) }, in: x, positions: nil, firstPosition: 0, length: 8)
      let part = { (x: Tensor) in
        x.rmsNorm(weight: nil, epsilon: 1e-5).linear(w).dropped(residual: x)
      }
      let y = recomputes ? tape.recomputed(input, part) : part(input)
      let z = recomputes ? tape.recomputed(y, part) : part(y)
      tape.backward(from: z, gradient: (0..<z.count).map { Float($0 % 7) - 3 })
      gradients.append((0..<store.count).map { store.gradients[$0] })
    }
    #expect(gradients[0] == gradients[1])
    #expect(gradients[0].contains { $0 != 0 })
  }
}
