/// Which rows of a table hold a gradient, where a step meets few of them.

import Kernels
import Machine

/// Some rows of a table, ascending, each once.
struct RowSet: Sendable {
  private(set) var rows: [Int] = []
  private var isMember: [Bool]

  /// No rows, of a table that has so many.
  init(of count: Int) { isMember = [Bool](repeating: false, count: count) }

  /// Adds rows, which may repeat. Cost: `k log k` for `k` rows that are new.
  mutating func insert(_ others: some Sequence<Int>) {
    let known = rows.count
    for row in others where !isMember[row] {
      isMember[row] = true
      rows.append(row)
    }
    if rows.count > known { rows.sort() }
  }

  /// Removes all rows.
  mutating func removeAll() {
    for row in rows { isMember[row] = false }
    rows.removeAll(keepingCapacity: true)
  }
}

extension Parameter {
  /// The rows outside which the gradient is zero, ascending, or nil if any may be none.
  public var gradientRows: [Int]? { knowsRows ? metRows?.rows : nil }

  /// The gradient for a contribution to some rows that can only be added.
  ///
  /// Only what the last step left is cleared. Tables are large and steps meet few of their rows: with 65,536
  /// rows of 96, a step of 2,048 tokens some thousand.
  ///
  /// - Parameter rows: in any order, and as often as they come.
  func startedGradient(of rows: some Sequence<Int>) -> MutableFloats {
    var met = metRows.take() ?? RowSet(of: self.rows)
    let knew = knowsRows
    if !keepsGradient() {
      if knew { clear(met.rows) } else { clear() }
      met.removeAll()
      knowsRows = true
    } else {
      knowsRows = knew
    }
    if knowsRows { met.insert(rows) }
    metRows = met
    return gradient
  }

  private func clear(_ rows: [Int]) {
    Workers.shared.divide(rows.count, alignment: 16) { range, _ in
      for row in rows[range] {
        (gradient + row * columns).update(repeating: 0, count: columns)
      }
    }
  }
}

extension ParameterStore {
  /// The parts of a stretch of the store outside which gradients are zero, ascending.
  public func gradientStretches(in stretch: Range<Int>) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    func append(_ part: Range<Int>) {
      if let last = parts.last, last.upperBound == part.lowerBound {
        parts[parts.count - 1] = last.lowerBound..<part.upperBound
      } else if !part.isEmpty {
        parts.append(part)
      }
    }
    for parameter in parameters {
      let padded = parameter.offset..<parameter.offset + (parameter.count + 15) & ~15
      let own = padded.clamped(to: stretch)
      if own.isEmpty { continue }
      guard let rows = parameter.gradientRows else {
        append(own)
        continue
      }
      let columns = parameter.columns
      var (low, high) = (0, rows.count)
      while low < high {
        let middle = (low + high) / 2
        if parameter.offset + (rows[middle] + 1) * columns <= own.lowerBound {
          low = middle + 1
        } else {
          high = middle
        }
      }
      for row in rows[low...] {
        let start = parameter.offset + row * columns
        if start >= own.upperBound { break }
        append((start..<start + columns).clamped(to: own))
      }
    }
    return parts
  }
}
