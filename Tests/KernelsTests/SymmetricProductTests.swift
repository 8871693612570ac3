import Kernels
import Testing

@Suite("Symmetric products")
struct SymmetricProductTests {
  @Test("a matrix times its transpose, whichever way it lies, agrees with a triple loop")
  func gram() {
    for (side, inner) in [(1, 1), (7, 5), (16, 48), (33, 400), (64, 64), (101, 37)] {
      var noise = Noise(side + inner)
      let plain = noise.floats(side * inner + 1)
      let transposed = noise.floats(side * inner + 1)
      for isTransposed in [false, true] {
        let a = isTransposed ? transposed : plain
        let stride = isTransposed ? side : inner
        var c = noise.floats(side * side)
        SymmetricProduct.multiply(
          a, isTransposed ? .transposed : .plain, stride: stride,
          a, isTransposed ? .plain : .transposed, stride: stride,
          into: &c, side: side, inner: inner, alpha: 0.5)
        func element(_ row: Int, _ k: Int) -> Double {
          Double(isTransposed ? a[k * stride + row] : a[row * stride + k])
        }
        let truth = Reference.product(
          rows: side, columns: side, inner: inner, { element($0, $1) }, { element($1, $0) })
        expectClose(c, truth.map { $0 / 2 }, tolerance: 2e-6, "\(side) × \(inner)")
      }
    }
  }

  @Test("what lies below the diagonal is mirrored exactly", arguments: KernelCase.all)
  func mirror(_ set: KernelCase) {
    for side in edgeSizes where side < 101 {
      var noise = Noise(side)
      var matrix = noise.floats(side * side)
      let before = matrix
      set.kernels.mirror(&matrix, side: side)
      for row in 0..<side {
        for column in 0..<side {
          let source = row >= column ? row * side + column : column * side + row
          #expect(matrix[row * side + column] == before[source])
        }
      }
    }
  }
}
