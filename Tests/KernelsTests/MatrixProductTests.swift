import Kernels
import Testing

@Suite("Matrix products")
struct MatrixProductTests {
  typealias Layout = MatrixProduct.Layout

  @Test(
    "every layout, odd sizes, sums and factors agree with a triple loop",
    arguments: [Layout.plain, .transposed], [Layout.plain, .transposed])
  func layouts(_ aLayout: Layout, _ bLayout: Layout) {
    // More than 96 rows, 384 elements of a sum and 144 rows of a piece begin other loops.
    let sizes = [
      (1, 1, 1), (1, 7, 3), (1, 150, 64), (5, 1, 9), (17, 33, 5), (64, 96, 31), (97, 50, 128),
      (6, 300, 400), (12, 32, 8), (33, 40, 700), (150, 49, 801), (301, 20, 385), (4, 3, 0),
    ]
    for (rows, columns, inner) in sizes {
      var noise = Noise(rows + columns + inner)
      let aStride = (aLayout == .plain ? inner : rows) + 3
      let bStride = (bLayout == .plain ? columns : inner) + 1
      let cStride = columns + 2
      let a = noise.floats((aLayout == .plain ? rows : inner) * aStride)
      let b = noise.floats((bLayout == .plain ? inner : columns) * bStride)
      let truth = Reference.product(
        rows: rows, columns: columns, inner: inner,
        { Double(aLayout == .plain ? a[$0 * aStride + $1] : a[$1 * aStride + $0]) },
        { Double(bLayout == .plain ? b[$0 * bStride + $1] : b[$1 * bStride + $0]) })
      for (alpha, keep) in [(Float(1), false), (-0.5, true)] {
        let old = noise.floats(rows * cStride)
        var c = old
        c.withUnsafeMutableBufferPointer { c in
          guard let c = c.baseAddress else { return }
          MatrixProduct.multiply(
            a, aLayout, stride: aStride, b, bLayout, stride: bStride, into: c, stride: cStride,
            rows: rows, columns: columns, inner: inner, alpha: alpha,
            addend: keep ? Floats(c) : nil)
        }
        for row in 0..<rows {
          let part = row * cStride..<row * cStride + columns
          let expected = zip(truth[row * columns..<(row + 1) * columns], old[part]).map {
            Double(alpha) * $0 + (keep ? Double($1) : 0)
          }
          expectClose(Array(c[part]), expected, tolerance: 1e-5)
          #expect(
            c[part.upperBound..<(row + 1) * cStride] == old[part.upperBound..<(row + 1) * cStride])
        }
      }
    }
  }

  @Test("a bias and another matrix are added on the way out", arguments: [1, 5, 200])
  func additions(_ rows: Int) {
    let (columns, inner) = (37, 450)
    var noise = Noise(rows)
    let a = noise.floats(rows * inner)
    let b = noise.floats(columns * inner)
    let bias = noise.floats(columns)
    let addend = noise.floats(rows * columns)
    var c = noise.floats(rows * columns)
    MatrixProduct.multiply(
      a, stride: inner, b, .transposed, stride: inner, into: &c, stride: columns,
      rows: rows, columns: columns, inner: inner, addend: addend, bias: bias)
    let truth = Reference.product(
      rows: rows, columns: columns, inner: inner,
      { Double(a[$0 * inner + $1]) }, { Double(b[$1 * inner + $0]) })
    let expected = truth.indices.map {
      truth[$0] + Double(addend[$0]) + Double(bias[$0 % columns])
    }
    expectClose(c, expected, tolerance: 1e-5)
  }

  @Test("a row's bits do not depend on the rows around it, unless there are too few to pack")
  func independence() {
    let (columns, inner) = (530, 700)
    var noise = Noise(7)
    let a = noise.floats(400 * inner)
    let b = noise.floats(columns * inner)
    func product(_ rows: Range<Int>) -> [Float] {
      var c = [Float](repeating: 0, count: rows.count * columns)
      a.withUnsafeBufferPointer { a in
        guard let a = a.baseAddress else { return }
        MatrixProduct.multiply(
          a + rows.lowerBound * inner, stride: inner, b, .transposed, stride: inner,
          into: &c, stride: columns, rows: rows.count, columns: columns, inner: inner)
      }
      return c
    }
    let whole = product(0..<400)
    #expect(product(100..<350) == Array(whole[100 * columns..<350 * columns]))
    #expect(product(333..<373) == Array(whole[333 * columns..<373 * columns]))
  }

  @Test("a core is in force, and not the one that a wrong guess would give")
  func core() {
    #expect(!MatrixProduct.core.isEmpty)
    #expect(MatrixProduct.core != "Prescott")
  }
}
