import Kernels
import Machine
import Testing

@Suite("Compact weights")
struct CompactWeightsTests {
  typealias Format = CompactWeights.Format

  /// Rounds random weights; returns what they became.
  private static func compact(
    _ rows: Int, _ columns: Int, _ format: Format
  ) -> (weights: CompactWeights, before: [Float], after: [Float]) {
    var noise = Noise(rows + columns)
    let before = noise.floats(rows * columns)
    var after = before
    let weights = CompactWeights(rounding: &after, rows: rows, columns: columns, to: format)
    return (weights, before, after)
  }

  @Test("bf16 keeps eight bits of precision, rounding ties to even")
  func halves() {
    let (_, before, after) = Self.compact(9, 45, .bf16)
    for (old, new) in zip(before, after) {
      #expect(new.bitPattern & 0xffff == 0)
      #expect(abs(new - old) <= abs(old) / 256)
    }
    var ties = [Float(bitPattern: 0x3f80_8000), Float(bitPattern: 0x3f81_8000), 0, -1]
    _ = CompactWeights(rounding: &ties, rows: 1, columns: 4, to: .bf16)
    #expect(ties.map(\.bitPattern) == [0x3f80_0000, 0x3f82_0000, 0, 0xbf80_0000])
  }

  @Test(
    "products are those of rounded floats on both sides",
    arguments: Format.allCases, [1, 2, 8, 9, 16, 17, 32])
  func products(_ format: Format, _ rows: Int) {
    let (outputs, inner) = (131, 77)
    let (weights, _, rounded) = Self.compact(outputs, inner, format)
    var noise = Noise(rows)
    let x = noise.floats(rows * inner)
    let bias = noise.floats(outputs)
    let addend = noise.floats(rows * outputs)
    var c = noise.floats(rows * outputs)
    weights.multiply(
      x, stride: inner, into: &c, rows: rows, inner: inner, addend: addend, bias: bias)
    var inputs = x
    if format == .bf16, Processor.hasBFloat16 {
      _ = CompactWeights(rounding: &inputs, rows: rows, columns: inner, to: .bf16)
    }
    let truth = Reference.product(
      rows: rows, columns: outputs, inner: inner,
      { Double(inputs[$0 * inner + $1]) }, { Double(rounded[$1 * inner + $0]) })
    expectClose(
      c, truth.indices.map { truth[$0] + Double(bias[$0 % outputs]) + Double(addend[$0]) },
      tolerance: format == .int8 ? 0.02 : 1e-5)
  }

  @Test("every set of kernels reads halves alike", arguments: KernelCase.all)
  func kernelSets(_ set: KernelCase) {
    let (_, _, rounded) = Self.compact(10, 96, .bf16)
    let halves = rounded.map { UInt16($0.bitPattern >> 16) }
    halves.withUnsafeBufferPointer { halves in
      guard let values = halves.baseAddress else { return }
      let matrix = CompactMatrix(rows: 10, columns: 96, values: values)
      var noise = Noise(3)
      let x = noise.floats(96)
      var y = noise.floats(10)
      let old = y
      set.kernels.matrixVector(matrix, rows: 2..<9, x, into: &y, keep: true)
      #expect(y[0] == old[0] && y[9] == old[9])
      for row in 2..<9 {
        let part = rounded[row * 96..<(row + 1) * 96]
        let truth = zip(part, x).reduce(Double(old[row])) { $0 + Double($1.0) * Double($1.1) }
        expectClose([y[row]], [truth], tolerance: 1e-5)
      }
      var wide = [Float](repeating: 0, count: 3 * 96)
      set.kernels.widen(matrix, rows: 4..<7, into: &wide)
      #expect(wide == Array(rounded[4 * 96..<7 * 96]))
    }
  }

  @Test("int8 reads a little more than a byte a weight, and leaves the floats as they are")
  func bytes() {
    let (weights, before, after) = Self.compact(64, 128, .int8)
    #expect(before == after)
    #expect(weights.byteCount == 64 * 128 * 17 / 16)
    #expect(Self.compact(64, 128, .bf16).weights.byteCount == 64 * 128 * 2)
  }
}
