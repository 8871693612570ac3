import Glibc
import Kernels
import Machine
import Testing
import Training

@Suite("Adam on the rows that an update met") struct LazyAdamTests {
  private static let (rows, width) = (9, 21)

  /// Adam in double precision on one row, as often as it was met.
  private func expected(start: [Float], gradients: [[Float]], rates: [Double]) -> [Double] {
    var (values, first, second) = (start.map(Double.init), [Double](), [Double]())
    first = values.map { _ in 0 }
    second = first
    for (time, (gradient, rate)) in zip(gradients, rates).enumerated() {
      for index in values.indices {
        let slope = Double(gradient[index])
        first[index] = 0.8 * first[index] + 0.2 * slope
        second[index] = 0.95 * second[index] + 0.05 * slope * slope
        let mean = first[index] / (1 - pow(0.8, Double(time + 1)))
        let square = second[index] / (1 - pow(0.95, Double(time + 1)))
        values[index] -= rate * mean / (square.squareRoot() + 1e-12)
      }
    }
    return values
  }

  @Test("every row moves by Adam with its own count of updates, the others not at all")
  func rowsOfTheirOwn() {
    let (rows, width) = (Self.rows, Self.width)
    let arena = Arena()
    let (table, gradient) = (arena.floats(rows * width), arena.floats(rows * width))
    var random = RandomSource(seed: 5, stream: 0)
    for index in 0..<rows * width { table[index] = Float(random.nextNormal()) }
    let start = (0..<rows).map { row in (0..<width).map { table[row * width + $0] } }
    var adam = LazyAdam(table, rows: rows, width: width, in: arena)
    // Row 4 is met every time, 0 and 8 sometimes, in any order; the rest never.
    let updates = [[4, 0], [8, 4], [4], [0, 4, 8], [4, 8]]
    var history = [[[Float]]](repeating: [], count: rows)
    var rates = [[Double]](repeating: [], count: rows)
    for (time, met) in updates.enumerated() {
      let rate = 0.1 / Double(time + 1)
      for (place, row) in met.enumerated() {
        for index in 0..<width { gradient[place * width + index] = Float(random.nextNormal()) }
        history[row].append((0..<width).map { gradient[place * width + $0] })
        rates[row].append(rate)
      }
      adam.move(met, along: gradient, rate: rate)
    }
    for row in 0..<rows {
      let truth = expected(start: start[row], gradients: history[row], rates: rates[row])
      for index in 0..<width {
        let value = table[row * width + index]
        if history[row].isEmpty {
          #expect(value == start[row][index])
        } else {
          #expect(abs(Double(value) - truth[index]) < 2e-6, "row \(row), column \(index)")
        }
      }
    }
    #expect(history[4].count == 5 && history[8].count == 3 && history[1].isEmpty)
  }
}
