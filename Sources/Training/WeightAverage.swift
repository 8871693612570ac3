/// The average of the weights over the latest part of a run, kept beside them.

import Autograd
import Glibc
import Kernels
import Machine

/// A running average whose memory is a share of the run so far, not a number of steps.
///
/// After update `n` the average takes in the weights by `1 − (1 − 1/n)^(1/share)`: the weights after
/// update `i` then count as `(i/n)^(1/share − 1)` (Karras et al., arXiv 2312.02696), so that the
/// average lags behind by about `share` of the run, whenever the run ends. No horizon need be known.
///
/// Memory: one float a parameter. Cost: one pass over 12 bytes a parameter and update.
final class WeightAverage {
  private let parameters: ParameterStore
  private let share: Double
  private let arena = Arena()
  private let values: MutableFloats

  /// An average of `parameters`; nothing until the first `add`.
  init(_ parameters: ParameterStore, share: Double) {
    precondition(share > 0 && share <= 1, "The memory of an average is a share of the run.")
    self.parameters = parameters
    self.share = share
    values = arena.floats(max(parameters.count, 1))
  }

  /// The weight of the newest weights after `updates` updates.
  static func weight(updates: Int, share: Double) -> Double {
    updates > 1 ? 1 - pow(1 - 1 / Double(updates), 1 / share) : 1
  }

  /// Takes in the weights after so many updates.
  func add(updates: Int) {
    let weight = Float(Self.weight(updates: updates, share: share))
    Workers.shared.divide(parameters.count, alignment: 1024) { range, _ in
      let start = range.lowerBound
      kernels.move(
        values + start, along: parameters.values + start, by: weight, decay: weight,
        isCautious: false, count: range.count)
    }
  }

  /// Puts the average in place of the weights, and the weights in its place.
  func exchange() {
    Workers.shared.divide(parameters.count, alignment: 1024) { range, _ in
      for index in range {
        let value = values[index]
        values[index] = parameters.values[index]
        parameters.values[index] = value
      }
    }
  }

  /// The average of every parameter.
  var state: [StateTensor] {
    parameters.parameters.map { parameter in
      StateTensor(
        name: "\(parameter.name).average", rows: parameter.rows, columns: parameter.columns,
        values: values + parameter.offset, offset: parameter.offset)
    }
  }
}
