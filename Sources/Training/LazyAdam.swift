/// Adam on the rows of a table that an update met, and on no others.

import Glibc
import Kernels
import Machine

/// Adam (arXiv 1412.6980) for a table of which an update meets some rows: the others keep their values and
/// moments, and every row has its bias corrected by how often it was met itself, not by how often the table was.
///
/// Memory: two floats a value, and a count a row. An update costs what AdamW does on the rows that it met; equal
/// gradients give equal bits on any number of threads.
package struct LazyAdam {
  private static let (beta1, beta2, epsilon) = (0.8, 0.95, Float(1e-12))

  private let table: MutableFloats
  private let width: Int
  private let (firstMoments, secondMoments): (MutableFloats, MutableFloats)
  /// How often every row was met.
  private var visits: [Int]

  /// Moments of zeros for a `rows × width` table, which must live as long, in fresh memory of an arena.
  package init(_ table: MutableFloats, rows: Int, width: Int, in arena: Arena) {
    self.table = table
    self.width = width
    firstMoments = arena.floats(max(rows * width, 1))
    secondMoments = arena.floats(max(rows * width, 1))
    visits = [Int](repeating: 0, count: rows)
  }

  /// Moves the rows `met`, all different, against their gradients, which lie side by side in that order.
  package mutating func move(_ met: [Int], along gradient: MutableFloats, rate: Double) {
    for row in met { visits[row] += 1 }
    Workers.shared.divide(met.count) { [self] range, _ in
      for index in range { move(row: met[index], along: gradient + index * width, rate: rate) }
    }
  }

  private func move(row: Int, along gradient: MutableFloats, rate: Double) {
    let start = row * width
    kernels.adamW(
      table + start, gradient: gradient, firstMoment: firstMoments + start,
      secondMoment: secondMoments + start, count: width, gradientScale: 1, rate: Float(rate),
      beta1: Float(Self.beta1), beta2: Float(Self.beta2), epsilon: Self.epsilon, decay: 0,
      isCautious: false, skipsUntouched: false,
      correction1: Float(1 - pow(Self.beta1, Double(visits[row]))),
      correction2: Float(1 - pow(Self.beta2, Double(visits[row]))))
  }
}
