import Glibc
import Kernels
import Testing

@Suite("Sums and products of buffers")
struct VectorsTests {
  @Test("adding, scaling and dot products work at every length", arguments: KernelCase.all)
  func elementwise(_ set: KernelCase) {
    for count in [0] + edgeSizes {
      var noise = Noise(count)
      let (x, y) = (noise.floats(count), noise.floats(count))
      var z = [Float](repeating: 9, count: count + 1)
      set.kernels.add(x, y, into: &z, count: count)
      #expect(Array(z[..<count]) == zip(x, y).map { $0 + $1 })
      #expect(z[count] == 9, "wrote past the end")
      z = y + [9]
      set.kernels.add(x, to: &z, count: count)
      #expect(Array(z[..<count]) == zip(x, y).map { $0 + $1 })
      z = x + [9]
      z.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        set.kernels.scale(start, by: 2.5, into: start, count: count)
      }
      #expect(Array(z[..<count]) == x.map { 2.5 * $0 })
      #expect(z[count] == 9, "wrote past the end")
      expectClose(
        [set.kernels.dot(x, y, count: count)], [Reference.dot(doubles(x), doubles(y))],
        tolerance: 1e-4)
      expectClose(
        [Float(set.kernels.sumOfSquares(x, count: count))], [Reference.dot(doubles(x), doubles(x))],
        tolerance: 1e-6)
    }
  }

  @Test("the sum of a million squares keeps six digits", arguments: KernelCase.all)
  func longSum(_ set: KernelCase) {
    var noise = Noise(1)
    let x = noise.floats(1_000_003)
    let truth = x.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(set.kernels.sumOfSquares(x, count: x.count) / truth - 1) < 1e-6)
  }

  @Test("one bad number makes the sum of squares not finite", arguments: KernelCase.all)
  func badNumber(_ set: KernelCase) {
    for bad in [Float.nan, .infinity, -.infinity] {
      for place in [0, 37, 4095, 4096, 5000] {
        var x = [Float](repeating: 1, count: 5001)
        x[place] = bad
        #expect(!set.kernels.sumOfSquares(x, count: x.count).isFinite)
      }
    }
  }

  @Test("a matrix times a vector, replacing or adding", arguments: KernelCase.all)
  func matrixVector(_ set: KernelCase) {
    for rows in [1, 2, 3, 4, 5, 9] {
      for columns in edgeSizes {
        var noise = Noise(rows * 1000 + columns)
        let (matrix, x) = (noise.floats(rows * columns), noise.floats(columns))
        let old = noise.floats(rows)
        let truth = (0..<rows).map { row in
          Reference.dot(doubles(Array(matrix[row * columns..<(row + 1) * columns])), doubles(x))
        }
        var y = old
        set.kernels.matrixVector(
          matrix, rows: rows, columns: columns, x, into: &y, keep: false)
        expectClose(y, truth, tolerance: 1e-5)
        y = old
        set.kernels.matrixVector(matrix, rows: rows, columns: columns, x, into: &y, keep: true)
        expectClose(y, zip(old, truth).map { Double($0) + $1 }, tolerance: 1e-5)
      }
    }
  }

  @Test("column sums are added to what is there", arguments: KernelCase.all)
  func columnSums(_ set: KernelCase) {
    for rows in [0, 1, 3, 4, 11] {
      for columns in edgeSizes {
        var noise = Noise(rows * 1000 + columns)
        let (x, old) = (noise.floats(rows * columns), noise.floats(columns))
        var sums = old
        set.kernels.addColumnSums(of: x, rows: rows, columns: columns, to: &sums)
        let truth = (0..<columns).map { column in
          (0..<rows).reduce(Double(old[column])) { $0 + Double(x[$1 * columns + column]) }
        }
        expectClose(sums, truth)
      }
    }
  }
}
