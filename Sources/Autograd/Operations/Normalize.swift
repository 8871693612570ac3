/// RMSNorm and LayerNorm over the rows of a tensor.

import Kernels
import Machine

extension Tensor {
  /// RMSNorm: `y = x / √(mean x² + ε) · weight` (arXiv 1910.07467).
  ///
  /// - Parameters:
  ///   - weight: `columns` factors, or nil for ones.
  ///   - isStream: whether the result is a residual stream, which many read and none puts aside.
  public func rmsNorm(weight: Parameter?, epsilon: Float, isStream: Bool = false) -> Tensor {
    let x = self
    let inverseRMS = tape.floats(rows)
    let y = tape.tensor(rows: rows, columns: columns, isKept: isStream) { y in
      x.tape.measure("RMSNorm", floats: 2 * x.count) {
        Workers.shared.divide(x.rows) { range, _ in
          let start = range.lowerBound * x.columns
          kernels.rmsNorm(
            x.value + start, weight: weight.map { Floats($0.value) }, epsilon: epsilon,
            rows: range.count, width: x.columns, into: y + start,
            inverseRMS: inverseRMS + range.lowerBound)
        }
      }
    }
    tape.willContribute(to: weight)
    tape.record(y) { dy in
      x.receive { dx, keep in
        let targets = weight.map { [$0.startedGradient()] } ?? []
        x.tape.measure("RMSNorm", floats: 3 * x.count) {
          x.tape.addParts(
            to: targets, counts: targets.map { _ in x.columns }, over: x.rows
          ) { range, sums in
            let start = range.lowerBound * x.columns
            kernels.rmsNormBackward(
              dy + start, x: x.value + start, weight: weight.map { Floats($0.value) },
              inverseRMS: inverseRMS + range.lowerBound, rows: range.count, width: x.columns,
              into: dx + start, keep: keep, dWeight: sums.first)
          }
        }
      }
      x.tape.didContribute(to: weight)
    }
    return y
  }

  /// LayerNorm: `y = (x − mean) / √(variance + ε) · weight + bias` (arXiv 1607.06450).
  public func layerNorm(weight: Parameter, bias: Parameter, epsilon: Float) -> Tensor {
    let x = self
    let mean = tape.floats(rows)
    let inverseDeviation = tape.floats(rows)
    let y = tape.tensor(rows: rows, columns: columns) { y in
      x.tape.measure("LayerNorm", floats: 2 * x.count) {
        Workers.shared.divide(x.rows) { range, _ in
          let start = range.lowerBound * x.columns
          kernels.layerNorm(
            x.value + start, weight: weight.value, bias: bias.value, epsilon: epsilon,
            rows: range.count, width: x.columns, into: y + start,
            mean: mean + range.lowerBound, inverseDeviation: inverseDeviation + range.lowerBound)
        }
      }
    }
    tape.willContribute(to: weight, bias)
    tape.record(y) { dy in
      x.receive { dx, keep in
        x.tape.measure("LayerNorm", floats: 3 * x.count) {
          x.tape.addParts(
            to: [weight.startedGradient(), bias.startedGradient()],
            counts: [x.columns, x.columns], over: x.rows
          ) { range, sums in
            let start = range.lowerBound * x.columns
            kernels.layerNormBackward(
              dy + start, x: x.value + start, weight: weight.value, mean: mean + range.lowerBound,
              inverseDeviation: inverseDeviation + range.lowerBound,
              rows: range.count, width: x.columns, into: dx + start, keep: keep,
              dWeight: sums[0], dBias: sums[1])
          }
        }
      }
      x.tape.didContribute(to: weight, bias)
    }
    return y
  }
}
