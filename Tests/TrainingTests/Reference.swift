/// Slow truths: the optimizers in double precision, one number after another.

import FoundationEssentials
import Glibc

/// A matrix of doubles, row-major.
struct Matrix {
  var rows: Int
  var columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ value: (Int) -> Double = { _ in 0 }) {
    self.rows = rows
    self.columns = columns
    values = (0..<rows * columns).map(value)
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  var transposed: Matrix { Matrix(columns, rows) { self[$0 % rows, $0 / rows] } }

  static func * (a: Matrix, b: Matrix) -> Matrix {
    Matrix(a.rows, b.columns) { index in
      (0..<a.columns).reduce(0) { $0 + a[index / b.columns, $1] * b[$1, index % b.columns] }
    }
  }

  static func + (a: Matrix, b: Matrix) -> Matrix {
    Matrix(a.rows, a.columns) { a.values[$0] + b.values[$0] }
  }

  static func * (factor: Double, a: Matrix) -> Matrix {
    Matrix(a.rows, a.columns) { factor * a.values[$0] }
  }
}

/// Muon on one matrix, as its author wrote it.
struct ReferenceMuon {
  var value: Matrix
  var momentum: Matrix
  var updates = 0

  init(_ value: Matrix) {
    self.value = value
    momentum = Matrix(value.rows, value.columns)
  }

  mutating func update(_ gradient: Matrix, rate: Double) {
    updates += 1
    let beta = 0.85 + 0.1 * min(1, Double(updates) / 300)
    momentum = beta * momentum + (1 - beta) * gradient
    var x = (1 - beta) * gradient + beta * momentum
    let norm = x.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    x = (1 / (norm + 1e-7)) * x
    for _ in 0..<5 {
      let gram = x * x.transposed
      x = 3.4445 * x + (-4.7750 * gram + 2.0315 * (gram * gram)) * x
    }
    let shape = max(1, Double(value.rows) / Double(value.columns)).squareRoot()
    value = value + (-rate * shape) * x
  }
}
