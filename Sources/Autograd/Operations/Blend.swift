/// Sums of tensors by learnt factors: the embedding's shortcut to every block, and a learnt scale.

import Kernels
import Machine

extension Tensor {
  /// `y = residual · self + shortcut · first`, each factor one learnt number.
  ///
  /// The embedding shortcut of modded-nanogpt and nanochat, where `first` is the residual stream before
  /// the first block. On a tape that does not record, the result overwrites this tensor (unless it is
  /// `first`) and shares its memory.
  public func blended(with first: Tensor, residual: Parameter, shortcut: Parameter) -> Tensor {
    precondition(first.count == count, "A shortcut has the shape of its stream.")
    let x = self
    let y = tape.isRecording || first === self ? tape.tensor(rows: rows, columns: columns) : self
    let (kept, added) = (residual.value[0], shortcut.value[0])
    tape.measure("shortcut", floats: 3 * count) {
      Workers.shared.divide(count, alignment: 1024) { range, _ in
        let start = range.lowerBound
        kernels.scale(x.value + start, by: kept, into: y.value + start, count: range.count)
        kernels.move(
          y.value + start, along: first.value + start, by: added, decay: 0, isCautious: false,
          count: range.count)
      }
    }
    tape.willContribute(to: residual, shortcut)
    tape.record(y) { dy in
      let tape = x.tape
      tape.measure("shortcut", floats: 5 * x.count) {
        tape.addParts(
          to: [residual.startedGradient(), shortcut.startedGradient()], counts: [1, 1],
          over: x.rows
        ) { range, sums in
          let (start, length) = (range.lowerBound * x.columns, range.count * x.columns)
          sums[0][0] += kernels.dot(dy + start, x.value + start, count: length)
          sums[1][0] += kernels.dot(dy + start, first.value + start, count: length)
        }
        x.receive(dy, times: kept)
        first.receive(dy, times: added)
      }
      tape.didContribute(to: residual, shortcut)
    }
    return y
  }

  /// `y = factor · self`, with one learnt number.
  public func scaled(by factor: Parameter) -> Tensor {
    let x = self
    let y = tape.tensor(rows: rows, columns: columns)
    let value = factor.value[0]
    Workers.shared.divide(count, alignment: 1024) { range, _ in
      let start = range.lowerBound
      kernels.scale(x.value + start, by: value, into: y.value + start, count: range.count)
    }
    x.putAside()
    tape.willContribute(to: factor)
    tape.record(y) { dy in
      let tape = x.tape
      tape.addParts(to: [factor.startedGradient()], counts: [1], over: x.rows) { range, sums in
        let start = range.lowerBound * x.columns
        sums[0][0] += kernels.dot(dy + start, x.value + start, count: range.count * x.columns)
      }
      x.putAside()
      x.receive(dy, times: value)
      tape.didContribute(to: factor)
    }
    return y
  }

  /// Adds `factor · dy` to the gradient.
  private func receive(_ dy: Floats, times factor: Float) {
    receive { dx, keep in
      Workers.shared.divide(count, alignment: 1024) { range, _ in
        let start = range.lowerBound
        if keep {
          kernels.move(
            dx + start, along: dy + start, by: factor, decay: 0, isCautious: false,
            count: range.count)
        } else {
          kernels.scale(dy + start, by: factor, into: dx + start, count: range.count)
        }
      }
    }
  }
}
