/// Looking tokens up in a table, with learned positions added.

import Kernels
import Machine

extension Tape {
  /// Row `i` is `table[tokens[i]]`, plus `positions[firstPosition + i mod length]` if given.
  ///
  /// - Parameters:
  ///   - tokens: `sequences × length` rows of `table`, sequence after sequence.
  ///   - length: tokens of a sequence.
  ///   - part: the tokens of `table`, where processes divide the vocabulary, or nil. Rows that a
  ///     process lacks are zero, and then summed.
  public func embedding(
    of tokens: [UInt32], in table: Parameter, positions: Parameter? = nil, firstPosition: Int = 0,
    length: Int, part: VocabularyPart? = nil
  ) -> Tensor {
    let width = table.columns
    let y = tensor(rows: tokens.count, columns: width)
    let own = part?.tokens ?? 0..<table.rows
    for token in tokens {
      precondition(
        Int(token) < part?.vocabulary ?? table.rows, "Token \(token) is outside the embedding.")
    }
    // What is added to a sum over processes, one of them adds.
    let addsPositions = (part?.group.rank ?? 0) == 0
    measure("embedding", floats: (positions == nil ? 2 : 3) * y.count) {
      Workers.shared.divide(tokens.count) { range, _ in
        for row in range {
          let token = Int(tokens[row])
          let target = y.value + row * width
          if own.contains(token) {
            target.update(from: table.value + (token - own.lowerBound) * width, count: width)
          } else {
            target.update(repeating: 0, count: width)
          }
          if let positions, addsPositions {
            let position = positions.value + (firstPosition + row % length) * width
            kernels.add(position, to: target, count: width)
          }
        }
      }
    }
    part?.group.sum(y.value, count: y.count)
    willContribute(to: table, positions)
    record(y) { [unowned self] dy in
      let tableGradient = table.startedGradient(
        of: tokens.lazy.map { Int($0) }.filter(own.contains).map { $0 - own.lowerBound })
      let positionGradient = positions?.startedGradient()
      // Threads divide the width, not the rows: tokens repeat, columns do not.
      measure("embedding", floats: (positions == nil ? 3 : 5) * tokens.count * width) {
        Workers.shared.divide(width, alignment: 16) { range, _ in
          let start = range.lowerBound
          for (row, token) in tokens.enumerated() {
            let gradient = dy + row * width + start
            if own.contains(Int(token)) {
              kernels.add(
                gradient, to: tableGradient + (Int(token) - own.lowerBound) * width + start,
                count: range.count)
            }
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
