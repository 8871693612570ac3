import Kernels
import Testing

@Suite("Compact weights")
struct CompactWeightsTests {
  typealias Format = CompactMatrix.Format

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

  @Test("int8 is off by half a 127th of the largest of 32 numbers at most")
  func bytes() {
    let (_, before, after) = Self.compact(5, 64, .int8)
    for start in stride(from: 0, to: before.count, by: 32) {
      let group = start..<start + 32
      let largest = before[group].lazy.map(abs).max() ?? 0
      for index in group {
        #expect(abs(after[index] - before[index]) <= largest / 254 * 1.0001)
      }
    }
    var zeros = [Float](repeating: 0, count: 40)
    _ = CompactWeights(rounding: &zeros, rows: 1, columns: 40, to: .int8)
    #expect(zeros.allSatisfy { $0 == 0 })
    var broken = [Float](repeating: 1, count: 64)
    broken[40] = .infinity
    _ = CompactWeights(rounding: &broken, rows: 1, columns: 64, to: .int8)
    #expect(broken[..<32].allSatisfy { $0 == 1 } && broken[32...].allSatisfy(\.isNaN))
  }

  @Test(
    "products are those of the rounded floats; with int8, the other side is rounded as well",
    arguments: Format.allCases, [1, 2, 8, 9, 16])
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
    let truth = Reference.product(
      rows: rows, columns: outputs, inner: inner,
      { Double(x[$0 * inner + $1]) }, { Double(rounded[$1 * inner + $0]) })
    expectClose(
      c, truth.indices.map { truth[$0] + Double(bias[$0 % outputs]) + Double(addend[$0]) },
      tolerance: format == .int8 ? 0.02 : 1e-5)
  }

  @Test("every set of kernels reads both formats alike", arguments: KernelCase.all)
  func kernelSets(_ set: KernelCase) {
    for format in Format.allCases {
      let (weights, _, rounded) = Self.compact(10, 96, format)
      var noise = Noise(3)
      let x = noise.floats(96)
      var y = noise.floats(10)
      let old = y
      set.kernels.matrixVector(weights.matrix, rows: 2..<9, x, into: &y, keep: true)
      #expect(y[0] == old[0] && y[9] == old[9])
      for row in 2..<9 {
        let part = rounded[row * 96..<(row + 1) * 96]
        let truth = zip(part, x).reduce(Double(old[row])) { $0 + Double($1.0) * Double($1.1) }
        expectClose([y[row]], [truth], tolerance: 1e-5)
      }
      var wide = [Float](repeating: 0, count: 3 * 96)
      set.kernels.widen(weights.matrix, rows: 4..<7, into: &wide)
      #expect(wide == Array(rounded[4 * 96..<7 * 96]))
    }
  }
}
