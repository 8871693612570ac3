import Kernels
import Testing

@Suite("Matrix products")
struct MatrixProductTests {
  typealias Layout = MatrixProduct.Layout

  @Test(
    "every layout, odd sizes, sums and factors agree with a triple loop",
    arguments: [Layout.plain, .transposed], [Layout.plain, .transposed])
  func layouts(_ aLayout: Layout, _ bLayout: Layout) {
    let sizes = [
      (1, 1, 1), (1, 7, 3), (1, 150, 64), (5, 1, 9), (17, 33, 5), (64, 96, 31), (97, 50, 128),
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
        MatrixProduct.multiply(
          a, aLayout, stride: aStride, b, bLayout, stride: bStride, into: &c, stride: cStride,
          rows: rows, columns: columns, inner: inner, alpha: alpha, keep: keep)
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

  @Test("a core is in force, and not the one that a wrong guess would give")
  func core() {
    #expect(!MatrixProduct.core.isEmpty)
    #expect(MatrixProduct.core != "Prescott")
  }
}
