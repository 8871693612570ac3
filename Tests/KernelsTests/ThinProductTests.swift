import Kernels
import Testing

@Suite("Products of few rows with a big matrix")
struct ThinProductTests {
  @Test(
    "every count of samples and every edge agrees with a triple loop", arguments: KernelCase.all)
  func product(_ set: KernelCase) {
    for count in [1, 2, set.kernels.blockColumns / 2 + 1, set.kernels.blockColumns] {
      for (rows, columns) in [(1, 5), (6, 8), (11, 33), (24, 64)] {
        var noise = Noise(count + rows)
        let stride = columns + 3
        let matrix = noise.floats(rows * stride)
        let x = noise.floats(count * columns)
        let bias = noise.floats(rows)
        let addend = noise.floats(count * rows)
        var samples = noise.floats(columns * set.kernels.blockColumns)
        var scratch = noise.floats(2 * set.kernels.blockRows * set.kernels.blockColumns)
        var c = noise.floats(count * rows)
        set.kernels.packRight(
          x, stride: columns, isTransposed: true, columns: count, inner: columns, into: &samples)
        set.kernels.multiplyThin(
          matrix, stride: stride, rows: rows, columns: columns, samples: samples, count: count,
          bias: bias, addend: addend, into: &c, stride: rows, scratch: &scratch)
        let truth = Reference.product(
          rows: count, columns: rows, inner: columns,
          { Double(x[$0 * columns + $1]) }, { Double(matrix[$1 * stride + $0]) })
        expectClose(
          c, truth.indices.map { truth[$0] + Double(bias[$0 % rows]) + Double(addend[$0]) },
          tolerance: 1e-5)
      }
    }
  }
}
