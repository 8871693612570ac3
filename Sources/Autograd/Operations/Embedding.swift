/// Looking tokens up in a table, with learned positions added.

import Kernels
import Machine

extension Tape {
  /// Row `i` is `table[tokens[i]]`, plus `positions[firstPosition + i mod length]` if given.
  ///
  /// - Parameters:
  ///   - tokens: `sequences × length` rows of `table`, sequence after sequence.
  ///   - length: tokens of a sequence.
  public func embedding(
    of tokens: [UInt32], in table: Parameter, positions: Parameter? = nil, firstPosition: Int = 0,
    length: Int
  ) -> Tensor {
    let width = table.columns
    let y = tensor(rows: tokens.count, columns: width)
    for token in tokens {
      precondition(Int(token) < table.rows, "Token \(token) is outside the embedding.")
    }
    measure("embedding", floats: (positions == nil ? 2 : 3) * y.count) {
      Workers.shared.divide(tokens.count) { range, _ in
        for row in range {
          let source = table.value + Int(tokens[row]) * width
          let target = y.value + row * width
          if let positions {
            let position = positions.value + (firstPosition + row % length) * width
            kernels.add(source, position, into: target, count: width)
          } else {
            target.update(from: source, count: width)
          }
        }
      }
    }
    willContribute(to: table, positions)
    record(y) { [unowned self] dy in
      let tableGradient = table.startedGradient()
      let positionGradient = positions?.startedGradient()
      // Threads divide the width, not the rows: tokens repeat, columns do not.
      measure("embedding", floats: (positions == nil ? 3 : 5) * tokens.count * width) {
        Workers.shared.divide(width, alignment: 16) { range, _ in
          let start = range.lowerBound
          for (row, token) in tokens.enumerated() {
            let gradient = dy + row * width + start
            kernels.add(
              gradient, to: tableGradient + Int(token) * width + start, count: range.count)
            if let positionGradient {
              let target = positionGradient + (firstPosition + row % length) * width + start
              kernels.add(gradient, to: target, count: range.count)
            }
          }
        }
      }
      didContribute(to: table, positions)
    }
    return y
  }
}
