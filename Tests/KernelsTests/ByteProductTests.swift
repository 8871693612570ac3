import Kernels
import Machine
import Testing

@Suite("Products of bytes")
struct ByteProductTests {
  /// A set of kernels, with and without the instruction for bytes where the processor has it.
  struct Case: Sendable, CustomTestStringConvertible {
    let kernels: any KernelSet.Type
    let usesByteProducts: Bool

    var testDescription: String { kernels.name + (usesByteProducts ? " with VNNI" : "") }

    static let all =
      kernelSets.map { Case(kernels: $0, usesByteProducts: false) }
      + (Processor.hasByteProducts
        ? [Case(kernels: Kernels.kernels, usesByteProducts: true)] : [])
  }

  private static let edges = [1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 95, 96, 97]

  /// A product's operands, and what they are after rounding.
  private struct Operands {
    let (rows, outputs, inner): (Int, Int, Int)
    let x: [Float]
    let weights: [Float]
    let bias: [Float]
    let addend: [Float]
    let bytes: ByteWeights

    init(
      rows: Int, outputs: Int, inner: Int,
      change: (inout [Float], inout [Float]) -> Void = { _, _ in }
    ) {
      var noise = Noise(10_000 * rows + 100 * outputs + inner)
      var x = noise.floats(rows * inner, size: 3)
      var weights = noise.floats(outputs * inner)
      change(&x, &weights)
      (self.rows, self.outputs, self.inner, self.x, self.weights) = (
        rows, outputs, inner, x, weights
      )
      bias = noise.floats(outputs)
      addend = noise.floats(rows * outputs)
      bytes = ByteWeights(rounding: weights, rows: outputs, columns: inner)
    }

    func multiply(addend: [Float]? = nil, bias: [Float]? = nil) -> [Float] {
      var c = [Float](repeating: .nan, count: rows * outputs)
      bytes.multiply(x, stride: inner, into: &c, rows: rows, addend: addend, bias: bias)
      return c
    }

    /// The rows as a set of kernels rounds them: whole numbers and factors.
    func rounded(by kernels: any KernelSet.Type, _ row: Int) -> (
      numbers: [Int], factors: [Float], totals: [Int]
    ) {
      let memory = MutableFloats.allocate(capacity: ByteRows.floatCount(rows: 1, columns: inner))
      defer { memory.deallocate() }
      let bytes = ByteRows(rows: 1, columns: inner, in: memory)
      kernels.roundToBytes(Array(x[row * inner..<(row + 1) * inner]), into: bytes)
      return (
        (0..<bytes.stride).map { Int(bytes.values[$0]) },
        (0..<bytes.groups).map { bytes.factors[$0] },
        (0..<bytes.groups).map { Int(bytes.totals[$0]) }
      )
    }

    /// The whole number and the factor that stand for a weight.
    func weight(_ output: Int, _ k: Int) -> (number: Int, factor: Float) {
      let (panel, place) = (output / BytePanels.width, output % BytePanels.width)
      let number = bytes.panels.values(of: panel)[(k / 4 * BytePanels.width + place) * 4 + k % 4]
      let group = k / ByteRows.groupLength
      return (
        Int(number) - 128, bytes.panels.factors(of: panel)[group * BytePanels.width + place]
      )
    }

    /// The product of the rounded operands.
    func truth() -> [Double] {
      let rows = (0..<rows).map { rounded(by: kernels, $0) }
      return (0..<self.rows * outputs).map { index in
        let (row, output) = (rows[index / outputs], index % outputs)
        return (0..<inner).reduce(0.0) { sum, k in
          let weight = weight(output, k)
          return sum + Double(row.numbers[k] * weight.number)
            * Double(row.factors[k / ByteRows.groupLength]) * Double(weight.factor)
        }
      }
    }

    /// How far rounding can move an element: half a step of either side times the other.
    func bound(_ row: Int, _ output: Int) -> Double {
      let factors = rounded(by: kernels, row).factors
      return (0..<inner).reduce(0) { sum, k in
        let (f, g) = (
          Double(factors[k / ByteRows.groupLength]) / 2, Double(weight(output, k).factor) / 2
        )
        return sum + abs(Double(x[row * inner + k])) * g + abs(Double(weights[output * inner + k]))
          * f
          + f * g
      }
    }

    func unrounded() -> [Double] {
      Reference.product(
        rows: rows, columns: outputs, inner: inner,
        { Double(x[$0 * inner + $1]) }, { Double(weights[$1 * inner + $0]) })
    }
  }

  @Test("64 numbers become multiples of a 127th of the largest", arguments: KernelCase.all)
  func rounding(_ set: KernelCase) {
    for inner in Self.edges + [128, 300] {
      let operands = Operands(rows: 2, outputs: 1, inner: inner)
      for row in 0..<2 {
        let (numbers, factors, totals) = operands.rounded(by: set.kernels, row)
        let x = operands.x[row * inner..<(row + 1) * inner].map { $0 }
        for group in factors.indices {
          let part = group * 64..<min(inner, group * 64 + 64)
          let largest = x[part].lazy.map(abs).max() ?? 0
          #expect(factors[group] == largest / 127)
          #expect(totals[group] == numbers[part].reduce(0, +))
          for k in part {
            #expect(
              abs(Double(x[k]) - Double(numbers[k]) * Double(factors[group]))
                <= 0.5001 * Double(factors[group]))
          }
        }
        #expect(numbers[inner...].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test(
    "zeros and the smallest numbers become 0; what is not finite is seen", arguments: KernelCase.all
  )
  func roundingExtremes(_ set: KernelCase) {
    for (value, isSeen) in [
      (Float(0), false), (1e-31, false), (1e-40, false), (.infinity, true), (-.infinity, true),
      (.nan, true), (-.nan, true),
    ] {
      let operands = Operands(rows: 1, outputs: 1, inner: 130) { x, _ in
        for k in 64..<128 { x[k] = 0 }
        x[70] = value
      }
      let (numbers, factors, totals) = operands.rounded(by: set.kernels, 0)
      #expect(isSeen ? factors[1].isNaN : factors[1] == 0)
      #expect(numbers[64..<128].allSatisfy { $0 == 0 } && totals[1] == 0)
      #expect(factors[0] > 0 && factors[2] > 0)
    }
    let largest = Operands(rows: 1, outputs: 1, inner: 64) { x, _ in
      x[3] = .greatestFiniteMagnitude
    }
    let (numbers, factors, _) = largest.rounded(by: set.kernels, 0)
    #expect(numbers[3] == 127 && factors[0].isFinite)
  }

  @Test("at every edge, a product is that of the rounded operands and near that of the given ones")
  func edges() {
    var shapes: [(Int, Int, Int)] = []
    for first in Self.edges {
      for second in Self.edges {
        shapes += [(first, second, 65), (first, 33, second), (7, first, second)]
      }
    }
    for (rows, outputs, inner) in shapes {
      let operands = Operands(rows: rows, outputs: outputs, inner: inner)
      let truth = operands.truth()
      let name = "\(rows) × \(outputs) × \(inner)"
      expectClose(operands.multiply(), truth, tolerance: 1e-6, name)
      let c = operands.multiply(addend: operands.addend, bias: operands.bias)
      expectClose(
        c,
        truth.indices.map {
          truth[$0] + Double(operands.bias[$0 % outputs]) + Double(operands.addend[$0])
        }, tolerance: 1e-6, name)
    }
  }

  @Test("rounding moves a product by half a step of either side at most, outliers or not")
  func bounds() {
    for (rows, outputs, inner) in [(5, 33, 200), (200, 40, 64), (3, 64, 777)] {
      for outlier: Float in [1, 100, 1e6] {
        let operands = Operands(rows: rows, outputs: outputs, inner: inner) { x, weights in
          x[inner + 5] *= outlier
          weights[7 * inner + 11] *= outlier
        }
        let c = operands.multiply()
        let truth = operands.unrounded()
        var (error, size) = (0.0, 0.0)
        for index in c.indices {
          let difference = abs(Double(c[index]) - truth[index])
          let bound = operands.bound(index / outputs, index % outputs)
          #expect(difference <= 1.0001 * bound)
          error += difference * difference
          size += truth[index] * truth[index]
        }
        if outlier == 1 { #expect((error / size).squareRoot() < 0.01) }
      }
    }
  }

  @Test("a row of zeros gives the bias and the addend")
  func zeroRows() {
    let operands = Operands(rows: 9, outputs: 70, inner: 96) { x, _ in
      for k in 0..<96 { x[4 * 96 + k] = 0 }
    }
    let c = operands.multiply(addend: operands.addend, bias: operands.bias)
    for output in 0..<70 {
      #expect(c[4 * 70 + output] == operands.bias[output] + operands.addend[4 * 70 + output])
    }
  }

  @Test(
    "what is not finite makes its row, or its column of weights, not a number, and nothing else",
    arguments: [Float.infinity, -.infinity, .nan], [3, 200])
  func nonFinite(_ value: Float, _ rows: Int) {
    let (outputs, inner) = (37, 130)
    let clean = Operands(rows: rows, outputs: outputs, inner: inner).multiply()
    let inputs = Operands(rows: rows, outputs: outputs, inner: inner) { x, _ in
      x[inner + 129] = value
    }.multiply()
    let weights = Operands(rows: rows, outputs: outputs, inner: inner) { _, weights in
      weights[35 * inner + 2] = value
    }.multiply()
    for index in clean.indices {
      #expect(index / outputs == 1 ? inputs[index].isNaN : inputs[index] == clean[index])
      #expect(index % outputs == 35 ? weights[index].isNaN : weights[index] == clean[index])
    }
  }

  @Test("every set of kernels gives the same bits", arguments: Case.all)
  func sameBits(_ set: Case) {
    let width = BytePanels.width
    for (rows, inner) in [(1, 1), (2, 9), (3, 63), (4, 64), (5, 65), (6, 200), (13, 333)] {
      let operands = Operands(rows: rows, outputs: width, inner: inner) { x, weights in
        x[0] *= 1000
        weights[0] = 0
      }
      let whole = operands.multiply(addend: operands.addend, bias: operands.bias)
      let memory = MutableFloats.allocate(
        capacity: ByteRows.floatCount(rows: rows, columns: inner) + BytePanels.scratchCount)
      let c = MutableFloats.allocate(capacity: rows * width)
      defer {
        memory.deallocate()
        c.deallocate()
      }
      let bytes = ByteRows(rows: rows, columns: inner, in: memory)
      for row in 0..<rows {
        set.kernels.roundToBytes(
          Array(operands.x[row * inner..<(row + 1) * inner]), into: bytes.dropping(row))
      }
      c.update(from: operands.addend, count: rows * width)
      set.kernels.multiplyBytes(
        bytes, rows: rows, operands.bytes.panels, panel: 0, bias: operands.bias,
        addend: Floats(c), addendStride: width, into: c, stride: width,
        usesByteProducts: set.usesByteProducts,
        scratch: memory + ByteRows.floatCount(rows: rows, columns: inner))
      let found = (0..<rows * width).map { c[$0].bitPattern }
      #expect(found == whole.map(\.bitPattern), "\(rows) rows of \(inner)")
    }
  }

  @Test("the bits of a row depend on no other row, nor on where rows are cut")
  func rowsAlone() {
    let (rows, outputs, inner) = (301, 75, 150)
    let operands = Operands(rows: rows, outputs: outputs, inner: inner)
    let whole = operands.multiply()
    for first in [0, 5, 97, 190, 294] {
      var c = [Float](repeating: 0, count: 7 * outputs)
      operands.bytes.multiply(
        Array(operands.x[(first * inner)...]), stride: inner, into: &c, rows: 7)
      #expect(c == Array(whole[first * outputs..<(first + 7) * outputs]))
    }
  }
}
