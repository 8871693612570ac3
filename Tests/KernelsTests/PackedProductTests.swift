import Kernels
import Testing

@Suite("Products of packed operands")
struct PackedProductTests {
  private static func padded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }

  @Test(
    "packing and multiplying agree with a triple loop, whatever the layout and the edges",
    arguments: KernelCase.all)
  func product(_ set: KernelCase) {
    let sizes = [
      (1, 1, 1), (6, 16, 8), (7, 17, 9), (5, 31, 25), (12, 32, 64), (13, 70, 33), (3, 5, 0),
    ]
    for (rows, columns, inner) in sizes {
      for (aIsTransposed, bIsTransposed) in [(false, true), (false, false), (true, false)] {
        var noise = Noise(rows + columns + inner)
        let aStride = (aIsTransposed ? rows : inner) + 2
        let bStride = (bIsTransposed ? inner : columns) + 3
        // A packing walk may look ahead, but never reads what it does not have.
        let a = noise.floats((aIsTransposed ? inner : rows) * aStride + 1)
        let b = noise.floats((bIsTransposed ? columns : inner) * bStride + 1)
        let bias = noise.floats(columns)
        let addend = noise.floats(rows * columns)
        var left = noise.floats(Self.padded(rows, set.kernels.blockRows) * inner + 16)
        var right = noise.floats(Self.padded(columns, set.kernels.blockColumns) * inner + 16)
        var c = noise.floats(rows * columns)
        set.kernels.packLeft(
          a, stride: aStride, isTransposed: aIsTransposed, factor: 0.5, rows: rows, inner: inner,
          into: &left)
        set.kernels.packRight(
          b, stride: bStride, isTransposed: bIsTransposed, columns: columns, inner: inner,
          into: &right)
        set.kernels.multiplyPacked(
          left, right, rows: rows, columns: columns, inner: inner, bias: bias, addend: addend,
          addendStride: columns, into: &c, stride: columns)
        let truth = Reference.product(
          rows: rows, columns: columns, inner: inner,
          { Double(aIsTransposed ? a[$1 * aStride + $0] : a[$0 * aStride + $1]) },
          { Double(bIsTransposed ? b[$1 * bStride + $0] : b[$0 * bStride + $1]) })
        expectClose(
          c,
          truth.indices.map {
            0.5 * truth[$0] + Double(bias[$0 % columns]) + Double(addend[$0])
          }, tolerance: 1e-5, "\(rows) × \(columns) × \(inner)")
      }
    }
  }

  @Test("a round in registers leaves a number", arguments: KernelCase.all)
  func registers(_ set: KernelCase) {
    #expect(set.kernels.multiplyRegisters(rounds: 100).isFinite)
  }
}
