/// Value embeddings: attention's values take in a vector of their own for every token, gated by head.

import Glibc
import Kernels
import Machine

extension Tensor {
  /// `y = self[:, ..<weight.columns] · Wᵀ`: a small linear map of a row's first columns.
  ///
  /// - Parameter weight: `heads × columns`, few of each.
  public func gates(_ weight: Parameter) -> Tensor {
    precondition(weight.columns <= columns, "\(weight.name) reads \(weight.columns) columns.")
    let x = self
    let y = tape.tensor(rows: rows, columns: weight.rows)
    weight.multiply(value, stride: columns, rows: rows, into: y.value)
    tape.willContribute(to: weight)
    tape.record(y) { dy in
      MatrixProduct.multiply(
        dy, .transposed, stride: weight.rows, x.value, stride: x.columns,
        into: weight.gradient, stride: weight.columns,
        rows: weight.rows, columns: weight.columns, inner: x.rows,
        addend: weight.keepsGradient() ? Floats(weight.gradient) : nil)
      x.putAside()
      x.tape.didContribute(to: weight)
      x.receive { dx, keep in
        if !keep { dx.update(repeating: 0, count: x.count) }
        MatrixProduct.multiply(
          dy, stride: weight.rows, weight.value, stride: weight.columns,
          into: dx, stride: x.columns, rows: x.rows, columns: weight.columns, inner: weight.rows,
          addend: Floats(dx))
      }
    }
    return y
  }

  /// Adds `2σ(gate) · table[token]` to the values of every head, in this tensor's memory.
  ///
  /// Rows are `(queries | keys | values)` as attention reads them; the values are the last
  /// `table.columns` columns, as many heads as `gate` has columns. The values this tensor had are lost;
  /// nothing but attention may read it. (Zhou et al., arXiv 2410.17897; gated as in nanochat.)
  ///
  /// - Parameters:
  ///   - tokens: one a row.
  ///   - table: `vocabulary × (heads · headWidth)`.
  ///   - gate: `rows × heads`, before the sigmoid.
  public func addingValues(of tokens: [UInt32], in table: Parameter, gate: Tensor) -> Tensor {
    precondition(tokens.count == rows && gate.rows == rows, "Every row has a token and gates.")
    for token in tokens {
      precondition(Int(token) < table.rows, "Token \(token) is outside the value embedding.")
    }
    let x = self
    let heads = gate.columns
    let width = table.columns / heads
    let firstColumn = columns - table.columns
    let y = Tensor(rows: rows, columns: columns, value: value, tape: tape)
    tape.measure("value embedding", floats: 3 * rows * table.columns) {
      Workers.shared.divide(rows) { range, _ in
        for row in range {
          for head in 0..<heads {
            kernels.move(
              y.value + row * columns + firstColumn + head * width,
              along: table.value + Int(tokens[row]) * table.columns + head * width,
              by: doubleSigmoid(gate.value[row * heads + head]), decay: 0, isCautious: false,
              count: width)
          }
        }
      }
    }
    tape.willContribute(to: table)
    tape.record(y) { [unowned y] dy in
      let tape = x.tape
      let tableGradient = table.startedGradient(of: tokens.lazy.map { Int($0) })
      tape.measure("value embedding", floats: 5 * x.rows * table.columns) {
        gate.receive { dGate, keep in
          precondition(!keep, "Gates have no other reader.")
          // Threads divide the heads, not the rows: tokens repeat, columns do not.
          Workers.shared.share(heads) { (head: Int) in
            for (row, token) in tokens.enumerated() {
              let place = Int(token) * table.columns + head * width
              let gradient = dy + row * x.columns + firstColumn + head * width
              let factor = doubleSigmoid(gate.value[row * heads + head])
              let change = kernels.dot(gradient, table.value + place, count: width)
              dGate[row * heads + head] = change * factor * (1 - factor / 2)
              kernels.move(
                tableGradient + place, along: gradient, by: factor, decay: 0, isCautious: false,
                count: width)
            }
          }
        }
      }
      tape.didContribute(to: table)
      x.adoptGradient(of: y)
    }
    return y
  }
}

/// `2σ(x)`: 1 at 0.
private func doubleSigmoid(_ x: Float) -> Float { 2 / (1 + exp(-x)) }
