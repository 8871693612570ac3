/// How a matrix is cut into parts for processes that compute a layer together, and put together again.

import Autograd
import Kernels

/// The parts of a matrix along one axis: of each of several stretches, equal shares, one a process.
///
/// Queries, keys and values lie one after another in one matrix, and each is cut by itself, so that
/// every process has whole heads of all three.
public struct Slicing: Sendable, Equatable {
  /// The axis that is cut.
  public enum Axis: Sendable {
    /// Outputs of a map, entries of a table.
    case rows
    /// Inputs of a map, values of a bias.
    case columns
  }

  /// The axis, or nil for a matrix that every process has whole.
  public let axis: Axis?
  /// Rows and columns of the whole matrix.
  public let rows: Int
  /// Rows and columns of the whole matrix.
  public let columns: Int
  /// Lengths along the axis that are cut by themselves.
  public let stretches: [Int]
  /// Processes.
  public let count: Int

  /// A matrix of `rows × columns` that `count` processes divide along `axis`.
  public init(_ axis: Axis?, rows: Int, columns: Int, stretches: [Int]? = nil, count: Int) {
    self.axis = count == 1 ? nil : axis
    self.rows = rows
    self.columns = columns
    self.count = count
    self.stretches = stretches ?? [axis == .columns ? columns : rows]
    precondition(
      axis == nil || self.stretches.reduce(0, +) == (axis == .rows ? rows : columns),
      "Stretches cover the axis.")
  }

  /// Where process `index`'s values lie along the axis.
  public func ranges(of index: Int) -> [Range<Int>] {
    var start = 0
    return stretches.map { length in
      defer { start += length }
      return start + length * index / count..<start + length * (index + 1) / count
    }
  }

  /// Rows and columns of process `index`'s part.
  public func shape(of index: Int) -> (rows: Int, columns: Int) {
    guard let axis else { return (rows, columns) }
    let length = ranges(of: index).reduce(0) { $0 + $1.count }
    return axis == .rows ? (length, columns) : (rows, length)
  }

  /// Copies process `index`'s part out of the whole matrix.
  public func cut(_ whole: Floats, into part: MutableFloats, of index: Int) {
    forEachRun(of: index) { inWhole, inPart, count in
      (part + inPart).update(from: whole + inWhole, count: count)
    }
  }

  /// Copies process `index`'s part to its places in the whole matrix.
  public func paste(_ part: Floats, into whole: MutableFloats, of index: Int) {
    forEachRun(of: index) { inWhole, inPart, count in
      (whole + inWhole).update(from: part + inPart, count: count)
    }
  }

  /// Calls `body` with the place in the whole, the place in the part and the length of every run.
  private func forEachRun(
    of index: Int, _ body: (_ inWhole: Int, _ inPart: Int, _ count: Int) -> Void
  ) {
    guard let axis else { return body(0, 0, rows * columns) }
    var done = 0
    if axis == .rows {
      for range in ranges(of: index) {
        body(range.lowerBound * columns, done, range.count * columns)
        done += range.count * columns
      }
      return
    }
    for row in 0..<rows {
      for range in ranges(of: index) {
        body(row * columns + range.lowerBound, done, range.count)
        done += range.count
      }
    }
  }
}
