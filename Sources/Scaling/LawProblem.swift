/// A fit as a problem in the logarithms of its numbers, where all of them are free.

import Glibc

/// Residuals of ln L as a function of θ = (ln E)?, then (ln coefficient, exponent) for each variable.
///
/// Variables enter divided by their geometric mean, so that coefficients and exponents are nearly
/// independent of each other. A bootstrap solves some thousand of these, so nothing is allocated
/// inside the steps.
struct LawProblem {
  let form: LawForm
  let points: [LossPoint]
  /// ln(variable / its geometric mean), `points × variables`.
  private let logs: [Double]
  private let centers: [Double]
  private let targets: [Double]
  private let roots: [Double]
  private let variables: Int
  /// Where the first variable's numbers stand in θ: behind the offset, if there is one.
  private let first: Int

  init(form: LawForm, points: [LossPoint]) {
    self.form = form
    self.points = points
    variables = form.variables.count
    first = form.hasOffset ? 1 : 0
    let count = Double(points.count)
    var centers = [Double](repeating: 0, count: form.variables.count)
    var logs: [Double] = []
    logs.reserveCapacity(points.count * form.variables.count)
    for point in points {
      for (index, variable) in form.variables.enumerated() {
        guard let value = point.values[variable] else {
          preconditionFailure("Every point needs a value of \(variable.rawValue).")
        }
        logs.append(log(value))
        centers[index] += logs[logs.count - 1] / count
      }
    }
    for index in logs.indices { logs[index] -= centers[index % centers.count] }
    self.centers = centers
    self.logs = logs
    targets = points.map { log($0.loss) }
    let mean = points.reduce(0) { $0 + $1.weight } / count
    roots = points.map { ($0.weight / mean).squareRoot() }
  }

  /// The law of `theta`, with the variables as they are.
  func law(_ theta: [Double]) -> ScalingLaw {
    let first = form.hasOffset ? 1 : 0
    let terms = form.variables.indices.map { index in
      let exponent = theta[first + 2 * index + 1]
      return ScalingLaw.Term(
        variable: form.variables[index],
        coefficient: exp(theta[first + 2 * index] + exponent * centers[index]), exponent: exponent)
    }
    return ScalingLaw(offset: form.hasOffset ? exp(theta[0]) : 0, terms: terms)
  }

  /// The numbers of a law of the same form.
  func theta(of law: ScalingLaw) -> [Double] {
    var theta: [Double] = form.hasOffset ? [log(max(law.offset, 1e-300))] : []
    for (index, term) in law.terms.enumerated() {
      theta += [log(term.coefficient) - term.exponent * centers[index], term.exponent]
    }
    return theta
  }

  /// Weighted residuals ln L(θ) − ln L.
  func residuals(_ theta: [Double]) -> [Double] {
    points.indices.map { roots[$0] * (logLoss(theta, $0) - targets[$0]) }
  }

  /// Σ of Huber's loss of the residuals: half their squares, linear beyond `delta`.
  func cost(_ theta: [Double], _ delta: Double) -> Double {
    var sum = 0.0
    for point in points.indices {
      let size = abs(roots[point] * (logLoss(theta, point) - targets[point]))
      guard size.isFinite else { return .infinity }
      sum += size <= delta ? size * size / 2 : delta * (size - delta / 2)
    }
    return sum
  }

  @inline(__always)
  private func logTerm(_ theta: [Double], _ point: Int, _ variable: Int) -> Double {
    theta[first + 2 * variable]
      - theta[first + 2 * variable + 1] * logs[point * variables + variable]
  }

  private func logLoss(_ theta: [Double], _ point: Int) -> Double {
    if first == 0, variables == 1 { return logTerm(theta, point, 0) }
    var largest = first == 1 ? theta[0] : -Double.infinity
    for index in 0..<variables { largest = max(largest, logTerm(theta, point, index)) }
    var total = first == 1 ? exp(theta[0] - largest) : 0
    for index in 0..<variables { total += exp(logTerm(theta, point, index) - largest) }
    return largest + log(total)
  }

  /// Points of a grid over the exponents with the linear numbers that suit them, the best first.
  func starts() -> [[Double]] {
    let grid = (1...40).map { 0.02 * pow(1.12, Double($0 - 1)) }
    var exponents: [[Double]] = [[]]
    for _ in form.variables {
      exponents = exponents.flatMap { row in grid.map { row + [$0] } }
    }
    var found: [(cost: Double, theta: [Double])] = []
    for row in exponents {
      guard let theta = linearStart(row) else { continue }
      let cost = cost(theta, .infinity)
      if cost.isFinite { found.append((cost, theta)) }
    }
    found.sort { $0.cost < $1.cost }
    return found.map(\.theta)
  }

  /// The offset and the coefficients that fit best in least squares of L, relative to L.
  private func linearStart(_ exponents: [Double]) -> [Double]? {
    let columns = first + exponents.count
    var matrix = [Double](repeating: 0, count: columns * columns)
    var right = [Double](repeating: 0, count: columns)
    var row = [Double](repeating: 1, count: columns)
    for point in points.indices {
      let weight = roots[point] * roots[point] / (points[point].loss * points[point].loss)
      for index in exponents.indices {
        row[first + index] = exp(-exponents[index] * logs[point * variables + index])
      }
      for i in 0..<columns {
        right[i] += weight * row[i] * points[point].loss
        for j in 0..<columns { matrix[i * columns + j] += weight * row[i] * row[j] }
      }
    }
    guard solve(&matrix, &right) else { return nil }
    // A coefficient below 0 has no logarithm: a tiny one lets the steps decide.
    let scale = points.reduce(0) { max($0, $1.loss) }
    let linear = right.map { max($0, 1e-3 * scale) }
    var theta: [Double] = first == 1 ? [log(linear[0])] : []
    for index in exponents.indices {
      theta += [log(linear[first + index]), exponents[index]]
    }
    return theta
  }

  /// Levenberg-Marquardt steps with Huber's weights until nothing is gained.
  func minimize(from start: [Double], delta: Double) -> [Double] {
    var theta = start
    var cost = cost(theta, delta)
    var damping = 1e-4
    let count = theta.count
    var slope = [Double](repeating: 0, count: count)
    var matrix = [Double](repeating: 0, count: count * count)
    var right = slope
    var damped = matrix
    var step = slope
    for _ in 0..<200 {
      for index in matrix.indices { matrix[index] = 0 }
      for index in right.indices { right[index] = 0 }
      for point in points.indices {
        let whole = logLoss(theta, point)
        let residual = whole - targets[point]
        if first == 1 { slope[0] = exp(theta[0] - whole) }
        for index in 0..<variables {
          let share = exp(logTerm(theta, point, index) - whole)
          slope[first + 2 * index] = share
          slope[first + 2 * index + 1] = -share * logs[point * variables + index]
        }
        let size = roots[point] * abs(residual)
        let weight = roots[point] * roots[point] * (size <= delta ? 1 : delta / size)
        for i in 0..<count {
          right[i] -= weight * slope[i] * residual
          for j in 0..<count { matrix[i * count + j] += weight * slope[i] * slope[j] }
        }
      }
      var gain = 0.0
      while damping < 1e12 {
        for index in matrix.indices { damped[index] = matrix[index] }
        for i in 0..<count {
          damped[i * count + i] += damping * max(matrix[i * count + i], 1e-12)
          step[i] = right[i]
        }
        if solve(&damped, &step) {
          for i in 0..<count { step[i] += theta[i] }
          let next = self.cost(step, delta)
          if next < cost {
            gain = cost - next
            swap(&theta, &step)
            cost = next
            damping = max(damping / 10, 1e-12)
            break
          }
        }
        damping *= 10
      }
      if gain <= 1e-10 * cost { break }
    }
    return theta
  }
}

/// Puts x of a · x = b in place of b, by elimination with pivots; false if a is singular.
private func solve(_ a: inout [Double], _ b: inout [Double]) -> Bool {
  let count = b.count
  for column in 0..<count {
    var pivot = column
    for row in column..<count where abs(a[row * count + column]) > abs(a[pivot * count + column]) {
      pivot = row
    }
    guard abs(a[pivot * count + column]) > 1e-300 else { return false }
    if pivot != column {
      for other in 0..<count { a.swapAt(column * count + other, pivot * count + other) }
      b.swapAt(column, pivot)
    }
    for row in column + 1..<max(count, column + 1) {
      let factor = a[row * count + column] / a[column * count + column]
      if factor == 0 { continue }
      for other in column..<count { a[row * count + other] -= factor * a[column * count + other] }
      b[row] -= factor * b[column]
    }
  }
  for row in stride(from: count - 1, through: 0, by: -1) {
    for other in row + 1..<max(count, row + 1) { b[row] -= a[row * count + other] * b[other] }
    b[row] /= a[row * count + row]
    if !b[row].isFinite { return false }
  }
  return true
}
