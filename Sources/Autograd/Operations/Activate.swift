/// The activations of feed-forward parts.

import Kernels
import Machine

extension Tensor {
  /// GELU in its tanh form (arXiv 1606.08415).
  public func gelu() -> Tensor {
    elementwise(
      "gelu", { x, y, count in kernels.gelu(x, into: y, count: count) },
      { dy, x, dx, count in kernels.geluBackward(dy, x: x, into: dx, count: count) })
  }

  /// `max(x, 0)²` (arXiv 2109.08668).
  public func squaredReLU() -> Tensor {
    elementwise(
      "squared ReLU", { x, y, count in kernels.squaredReLU(x, into: y, count: count) },
      { dy, x, dx, count in kernels.squaredReLUBackward(dy, x: x, into: dx, count: count) })
  }

  /// SwiGLU (arXiv 2002.05202): rows `(gate | up)` become `silu(gate) · up`, half as wide.
  public func swiGLU() -> Tensor {
    let x = self
    let width = columns / 2
    let y = tape.tensor(rows: rows, columns: width) { y in
      x.tape.measure("SwiGLU", floats: x.count + x.rows * width) {
        Workers.shared.divide(x.rows) { range, _ in
          kernels.swiGLU(
            x.value + range.lowerBound * x.columns, rows: range.count, width: width,
            into: y + range.lowerBound * width)
        }
      }
    }
    tape.record(y) { dy in
      x.receive { dx, keep in
        precondition(!keep, "The input of an activation has no other reader.")
        x.tape.measure("SwiGLU", floats: 2 * x.count + x.count / 2) {
          Workers.shared.divide(x.rows) { range, _ in
            kernels.swiGLUBackward(
              dy + range.lowerBound * width, x: x.value + range.lowerBound * x.columns,
              rows: range.count, width: width, into: dx + range.lowerBound * x.columns)
          }
        }
      }
    }
    return y
  }

  private func elementwise(
    _ name: String,
    _ forward: @escaping (Floats, MutableFloats, Int) -> Void,
    _ backward: @escaping (Floats, Floats, MutableFloats, Int) -> Void
  ) -> Tensor {
    let x = self
    let y = tape.tensor(rows: rows, columns: columns) { y in
      x.tape.measure(name, floats: 2 * x.count) {
        Workers.shared.divide(x.count, alignment: 1024) { range, _ in
          forward(x.value + range.lowerBound, y + range.lowerBound, range.count)
        }
      }
    }
    tape.record(y) { dy in
      x.receive { dx, keep in
        precondition(!keep, "The input of an activation has no other reader.")
        x.tape.measure(name, floats: 3 * x.count) {
          Workers.shared.divide(x.count, alignment: 1024) { range, _ in
            let start = range.lowerBound
            backward(dy + start, x.value + start, dx + start, range.count)
          }
        }
      }
    }
    return y
  }
}
