/// Every operation against central differences, from one table.

import Autograd
import Testing

/// One row of the table: an operation as a function of parameters.
///
/// The input of the operation is a parameter too, brought onto the tape by looking all its rows up,
/// so that the gradient of the input is checked like the others.
struct OperationCase: Sendable, CustomTestStringConvertible {
  var name: String
  var rows: Int
  var columns: Int
  var others: [Parameter.Declaration] = []
  var apply: @Sendable (Tensor, ParameterStore) -> Tensor

  var testDescription: String { name }

  static let all: [OperationCase] = [
    .init(
      name: "linear", rows: 5, columns: 6,
      others: [
        .init("w", rows: 7, columns: 6, role: .matrix), .init("b", columns: 7, role: .vector),
      ]
    ) { x, store in x.linear(store.known("w"), bias: store.known("b")) },
    .init(
      name: "linear without bias", rows: 3, columns: 4,
      others: [.init("w", rows: 9, columns: 4, role: .matrix)]
    ) { x, store in x.linear(store.known("w")) },
    .init(
      name: "linear with residual", rows: 5, columns: 6,
      others: [
        .init("w", rows: 6, columns: 6, role: .matrix), .init("b", columns: 6, role: .vector),
      ]
    ) { x, store in x.linear(store.known("w"), bias: store.known("b"), residual: x) },
    .init(
      name: "two readers of one tensor", rows: 4, columns: 8,
      others: [.init("w", rows: 8, columns: 8, role: .matrix)]
    ) { x, store in
      let y = x.linear(store.known("w"), residual: x)
      return y.rmsNorm(weight: nil, epsilon: 1e-5).linear(store.known("w"), residual: y)
    },
    .init(
      name: "RMSNorm", rows: 5, columns: 16, others: [.init("w", columns: 16, role: .vector)]
    ) { x, store in x.rmsNorm(weight: store.known("w"), epsilon: 1e-5) },
    .init(name: "RMSNorm without weight", rows: 3, columns: 10) { x, _ in
      x.rmsNorm(weight: nil, epsilon: 1e-5)
    },
    .init(
      name: "LayerNorm", rows: 5, columns: 16,
      others: [.init("w", columns: 16, role: .vector), .init("b", columns: 16, role: .vector)]
    ) { x, store in x.layerNorm(weight: store.known("w"), bias: store.known("b"), epsilon: 1e-5) },
    .init(name: "GELU", rows: 4, columns: 9) { x, _ in x.gelu() },
    .init(name: "squared ReLU", rows: 4, columns: 9) { x, _ in x.squaredReLU() },
    .init(name: "SwiGLU", rows: 4, columns: 12) { x, _ in x.swiGLU() },
    .init(
      name: "scale", rows: 4, columns: 9, others: [.init("a", columns: 1, role: .vector)]
    ) { x, store in x.scaled(by: store.known("a")) },
    .init(
      name: "shortcut", rows: 70, columns: 6,
      others: [
        .init("w", rows: 6, columns: 6, role: .matrix), .init("a", columns: 1, role: .vector),
        .init("b", columns: 1, role: .vector),
      ]
    ) { x, store in
      let y = x.blended(with: x, residual: store.known("a"), shortcut: store.known("b"))
      let z = y.linear(store.known("w"), residual: y)
      return z.blended(with: x, residual: store.known("b"), shortcut: store.known("a"))
    },
    .init(
      name: "gated value embedding", rows: 5, columns: 4 + 6,
      others: [
        .init("gate", rows: 2, columns: 3, role: .vector),
        .init("table", rows: 3, columns: 6, role: .embedding),
      ]
    ) { x, store in
      let gate = x.gates(store.known("gate"))
      return x.addingValues(of: [0, 2, 2, 1, 0], in: store.known("table"), gate: gate)
    },
    .init(name: "attention", rows: 12, columns: 3 * 16) { x, _ in
      x.attend(AttentionShape(sequences: 2, length: 6, heads: 2, keyValueHeads: 2, headWidth: 8))
    },
    .init(name: "grouped attention with rotation", rows: 10, columns: (4 + 2 * 2) * 8) { x, _ in
      x.attend(
        AttentionShape(
          sequences: 2, length: 5, heads: 4, keyValueHeads: 2, headWidth: 8,
          rotary: RotaryTable(positions: 8, headWidth: 8, theta: 10_000)))
    },
    .init(
      name: "attention with normed heads", rows: 10, columns: (4 + 2 * 2) * 8,
      others: [.init("q", columns: 8, role: .vector), .init("k", columns: 8, role: .vector)]
    ) { x, store in
      x.attend(
        AttentionShape(
          sequences: 1, length: 10, heads: 4, keyValueHeads: 2, headWidth: 8,
          rotary: RotaryTable(positions: 16, headWidth: 8, theta: 100), normalizes: true,
          queryNorm: store.known("q"), keyNorm: store.known("k")))
    },
    .init(name: "attention, rotated backwards, normed without weights", rows: 6, columns: 3 * 16) {
      x, _ in
      x.attend(
        AttentionShape(
          sequences: 2, length: 3, heads: 2, keyValueHeads: 2, headWidth: 8,
          rotary: RotaryTable(positions: 4, headWidth: 8, theta: 100, direction: -1),
          normalizes: true))
    },
  ]
}

struct OperationsTests {
  @Test(
    "the gradient of every operation is that of central differences", arguments: OperationCase.all)
  func gradient(_ operation: OperationCase) {
    let input = Parameter.Declaration(
      "input", rows: operation.rows, columns: operation.columns, role: .embedding)
    let store = ParameterStore([input] + operation.others)
    var random = SystemlessRandom(seed: 7)
    for parameter in store.parameters {
      for index in 0..<parameter.count { parameter.value[index] = random.float() }
    }
    let rows = (0..<UInt32(operation.rows)).map { $0 }
    func forward(_ tape: Tape) -> Tensor {
      let x = tape.embedding(of: rows, in: store.known("input"), length: operation.rows)
      return operation.apply(x, store)
    }
    let tape = Tape(recording: true)
    let output = forward(tape)
    let direction = (0..<output.count).map { _ in random.float() }
    tape.backward(from: output, gradient: direction)

    let plain = Tape(recording: false)
    func loss() -> Double {
      let y = forward(plain)
      defer { plain.reset() }
      return (0..<y.count).reduce(0) { $0 + Double(y.value[$1]) * Double(direction[$1]) }
    }
    for parameter in store.parameters {
      let scale = (0..<parameter.count).reduce(Float(0)) { max($0, abs(parameter.gradient[$1])) }
      #expect(scale > 0, "\(parameter.name) has no gradient")
      for index in 0..<parameter.count {
        let start = parameter.value[index]
        let step: Float = 4e-3
        parameter.value[index] = start + step
        let above = loss()
        parameter.value[index] = start - step
        let below = loss()
        parameter.value[index] = start
        let numeric = (above - below) / Double(2 * step)
        let difference = abs(numeric - Double(parameter.gradient[index]))
        #expect(
          difference < 3e-3 * Double(max(scale, 1)),
          "\(parameter.name)[\(index)]: \(numeric) against \(parameter.gradient[index])")
      }
    }
  }

  @Test("positions get the sum of the gradients of their tokens, repeated tokens theirs")
  func embedding() {
    let store = ParameterStore([
      .init("table", rows: 3, columns: 2, role: .embedding),
      .init("positions", rows: 4, columns: 2, role: .embedding),
    ])
    for index in 0..<6 { store.known("table").value[index] = Float(index) }
    for index in 0..<8 { store.known("positions").value[index] = 10 * Float(index) }
    let tape = Tape(recording: true)
    let y = tape.embedding(
      of: [2, 0, 2, 1], in: store.known("table"), positions: store.known("positions"),
      firstPosition: 1,
      length: 2)
    #expect((0..<8).map { y.value[$0] } == [24, 35, 40, 51, 24, 35, 42, 53])
    tape.backward(from: y, gradient: [1, 2, 3, 4, 5, 6, 7, 8])
    #expect((0..<6).map { store.known("table").gradient[$0] } == [3, 4, 7, 8, 6, 8])
    #expect((0..<8).map { store.known("positions").gradient[$0] } == [0, 0, 6, 8, 10, 12, 0, 0])
  }

  @Test("an output that nothing reads leaves no gradient behind")
  func unread() {
    let store = ParameterStore([.init("w", rows: 4, columns: 4, role: .matrix)])
    let tape = Tape(recording: true)
    let x = tape.embedding(of: [0, 1], in: store.known("w"), length: 2)
    _ = x.gelu()
    tape.backward()
    #expect((0..<16).allSatisfy { store.known("w").gradient[$0] == 0 })
  }
}
