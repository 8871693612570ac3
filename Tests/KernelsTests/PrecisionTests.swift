import Glibc
import Kernels
import Machine
import Testing

/// A format of rounded operands, as an argument of a test.
struct PanelCase: Sendable, CustomTestStringConvertible {
  let panels: any PanelKernels.Type
  let testDescription: String
  /// The error that is allowed, relative to the truth, rows and columns weighted equally.
  let tolerance: Double

  static let all: [PanelCase] = {
    var cases: [PanelCase] = []
    #if arch(x86_64)
    if Processor.hasBFloat16 {
      cases.append(
        PanelCase(panels: BFloat16Kernels.self, testDescription: "bf16", tolerance: 2.6e-3))
      cases.append(
        PanelCase(
          panels: EmulatedBFloat16TileKernels.self, testDescription: "bf16, tiles, emulated",
          tolerance: 2.6e-3))
    }
    if Processor.hasBFloat16Tiles {
      cases.append(
        PanelCase(
          panels: BFloat16TileKernels.self, testDescription: "bf16, tiles", tolerance: 2.6e-3))
    }
    if Processor.hasFloat16 {
      cases.append(
        PanelCase(panels: Float16Kernels.self, testDescription: "fp16", tolerance: 1.5e-3))
    }
    if Processor.hasWideVectors {
      cases.append(
        PanelCase(
          panels: EmulatedFloat16Kernels.self, testDescription: "fp16, emulated", tolerance: 1.5e-3)
      )
    }
    #endif
    return cases
  }()
}

@Suite("Products in half precision")
struct PrecisionTests {
  /// What operands are drawn from.
  enum Distribution: CaseIterable {
    /// A normal distribution.
    case normal
    /// The same, every row and column times a factor of e^−9 to e^9.
    case scaled
    /// The same, one entry in 500 sixty times as large.
    case heavyTailed
  }

  /// An operand of `rows` vectors of `inner` elements, and how large each vector is.
  private static func operand(
    _ rows: Int, _ inner: Int, _ distribution: Distribution, _ noise: inout Noise
  ) -> (values: [Float], sizes: [Double]) {
    var values: [Float] = []
    var sizes: [Double] = []
    for _ in 0..<rows {
      let size = distribution == .scaled ? exp(9 * noise.floats(1)[0]) : 1
      sizes.append(Double(size))
      for _ in 0..<inner {
        let normal = noise.floats(12).reduce(0, +) / 2
        let isLarge = distribution == .heavyTailed && noise.bits() % 500 == 0
        values.append(normal * size * (isLarge ? 60 : 1))
      }
    }
    return (values, sizes)
  }

  private static func transposed(_ values: [Float], rows: Int) -> [Float] {
    let columns = values.count / max(rows, 1)
    return (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
  }

  /// `a · bᵀ` by the packing and multiplying of `panels`.
  private static func product(
    _ a: [Float], aIsTransposed: Bool, _ b: [Float], bIsTransposed: Bool, rows: Int, columns: Int,
    inner: Int, panels: any PanelKernels.Type
  ) -> [Float] {
    let left = aIsTransposed ? transposed(a, rows: rows) : a
    let right = bIsTransposed ? b : transposed(b, rows: columns)
    var c = [Float](repeating: .nan, count: rows * columns)
    MatrixProduct.multiply(
      by: panels, left, aIsTransposed ? .transposed : .plain, stride: aIsTransposed ? rows : inner,
      right, bIsTransposed ? .transposed : .plain, stride: bIsTransposed ? inner : columns,
      into: &c, stride: columns, rows: rows, columns: columns, inner: inner)
    return c
  }

  private static let orientations = [(false, true), (false, false), (true, false)]

  @Test(
    "all orientations and edges agree with double precision, for three kinds of operands",
    arguments: PanelCase.all, Distribution.allCases)
  func accuracy(_ set: PanelCase, _ distribution: Distribution) {
    let edges = [1, 7, 8, 9, 63, 64, 65, 95, 96, 97]
    var noise = Noise(42)
    var error = 0.0
    var size = 0.0
    for (index, rows) in edges.enumerated() {
      // Every edge meets every other in some place; one sum is longer than a chunk.
      let columns = edges[(3 * index + 1) % edges.count]
      let inner = index == 4 ? 801 : edges[(7 * index + 2) % edges.count]
      let (a, rowSizes) = Self.operand(rows, inner, distribution, &noise)
      let (b, columnSizes) = Self.operand(columns, inner, distribution, &noise)
      let truth = Reference.product(
        rows: rows, columns: columns, inner: inner, { Double(a[$0 * inner + $1]) },
        { Double(b[$1 * inner + $0]) })
      for (aIsTransposed, bIsTransposed) in Self.orientations {
        let c = Self.product(
          a, aIsTransposed: aIsTransposed, b, bIsTransposed: bIsTransposed, rows: rows,
          columns: columns, inner: inner, panels: set.panels)
        for place in c.indices {
          let weight = 1 / (rowSizes[place / columns] * columnSizes[place % columns])
          let difference = (Double(c[place]) - truth[place]) * weight
          #expect(difference.isFinite, "\(rows) × \(columns) × \(inner)")
          error += difference * difference
          size += truth[place] * weight * truth[place] * weight
        }
      }
    }
    #expect((error / size).squareRoot() < set.tolerance)
  }

  @Test("a factor, a bias and another matrix count as in float32", arguments: PanelCase.all)
  func additions(_ set: PanelCase) {
    let (rows, columns, inner) = (21, 99, 70)
    var noise = Noise(3)
    let (a, _) = Self.operand(rows, inner, .normal, &noise)
    let (b, _) = Self.operand(columns, inner, .normal, &noise)
    let bias = noise.floats(columns, size: 100)
    let addend = noise.floats(rows * columns, size: 100)
    var c = [Float](repeating: .nan, count: rows * columns)
    MatrixProduct.multiply(
      by: set.panels, a, .plain, stride: inner, b, .transposed, stride: inner, into: &c,
      stride: columns, rows: rows, columns: columns, inner: inner, alpha: -0.5, addend: addend,
      bias: bias)
    let truth = Reference.product(
      rows: rows, columns: columns, inner: inner, { Double(a[$0 * inner + $1]) },
      { Double(b[$1 * inner + $0]) })
    let expected = truth.indices.map {
      -0.5 * truth[$0] + Double(bias[$0 % columns]) + Double(addend[$0])
    }
    expectClose(c, expected, tolerance: 1e-3)
  }

  @Test(
    "rows of zeros give zeros, the largest and the smallest numbers stay numbers",
    arguments: PanelCase.all)
  func extremes(_ set: PanelCase) {
    let (rows, columns, inner) = (9, 50, 130)
    var noise = Noise(5)
    var (a, _) = Self.operand(rows, inner, .normal, &noise)
    let (b, _) = Self.operand(columns, inner, .normal, &noise)
    for index in 0..<inner {
      a[2 * inner + index] = 0
      a[3 * inner + index] *= 1e35
      a[4 * inner + index] *= 1e-35
    }
    for (aIsTransposed, bIsTransposed) in Self.orientations {
      let c = Self.product(
        a, aIsTransposed: aIsTransposed, b, bIsTransposed: bIsTransposed, rows: rows,
        columns: columns, inner: inner, panels: set.panels)
      let truth = Reference.product(
        rows: rows, columns: columns, inner: inner, { Double(a[$0 * inner + $1]) },
        { Double(b[$1 * inner + $0]) })
      for row in 0..<rows {
        let part = row * columns..<(row + 1) * columns
        expectClose(Array(c[part]), Array(truth[part]), tolerance: 6e-3, "row \(row)")
      }
      #expect(c[2 * columns..<3 * columns].allSatisfy { $0 == 0 })
    }
  }

  @Test(
    "sums of nothing but the largest numbers a scale leaves do not overflow",
    arguments: PanelCase.all, [192, 383, 384, 801])
  func largestSums(_ set: PanelCase, _ inner: Int) {
    let (rows, columns) = (9, 50)
    // Just below a power of two, so that every scale leaves them as large as can be.
    let value = Float(2).nextDown
    for (aIsTransposed, bIsTransposed) in Self.orientations {
      let c = Self.product(
        [Float](repeating: value, count: rows * inner), aIsTransposed: aIsTransposed,
        [Float](repeating: -value, count: columns * inner), bIsTransposed: bIsTransposed,
        rows: rows, columns: columns, inner: inner, panels: set.panels)
      let truth = -Double(inner) * Double(value) * Double(value)
      #expect(c.allSatisfy { abs(Double($0) - truth) < -4e-3 * truth })
    }
  }

  @Test(
    "an infinity or a NaN reaches its whole row or column and nothing else",
    arguments: PanelCase.all, [Float.infinity, -.infinity, .nan])
  func nonFinite(_ set: PanelCase, _ value: Float) {
    let (rows, columns, inner) = (12, 101, 70)
    var noise = Noise(6)
    var (a, _) = Self.operand(rows, inner, .normal, &noise)
    var (b, _) = Self.operand(columns, inner, .normal, &noise)
    a[5 * inner + 17] = value
    b[77 * inner + 3] = value
    for (aIsTransposed, bIsTransposed) in Self.orientations {
      let c = Self.product(
        a, aIsTransposed: aIsTransposed, b, bIsTransposed: bIsTransposed, rows: rows,
        columns: columns, inner: inner, panels: set.panels)
      for (place, result) in c.enumerated() {
        #expect(result.isFinite == (place / columns != 5 && place % columns != 77), "\(place)")
      }
    }
  }

  @Test("a wide product has the bits of its parts", arguments: PanelCase.all)
  func parts(_ set: PanelCase) {
    // As wide as no second cache holds, and narrow; so many rows that they are what is cut into pieces.
    let (rows, columns, inner) = (137, 5_200, 384)
    var noise = Noise(8)
    let (a, _) = Self.operand(rows, inner, .normal, &noise)
    let b = noise.floats(columns * inner)
    let addend = noise.floats(rows * columns)
    func product(_ part: Range<Int>) -> [Float] {
      var c = [Float](repeating: .nan, count: rows * part.count)
      MatrixProduct.multiply(
        by: set.panels, a, .plain, stride: inner,
        Array(b[part.lowerBound * inner..<part.upperBound * inner]), .transposed, stride: inner,
        into: &c, stride: part.count, rows: rows, columns: part.count, inner: inner,
        addend: (0..<rows).flatMap {
          addend[$0 * columns + part.lowerBound..<$0 * columns + part.upperBound]
        })
      return c
    }
    let whole = product(0..<columns)
    for part in [0..<192, 1_920..<2_017, 5_184..<5_200] {
      let alone = product(part)
      for row in 0..<rows {
        #expect(
          alone[row * part.count..<(row + 1) * part.count]
            == whole[row * columns + part.lowerBound..<row * columns + part.upperBound])
      }
    }
  }

  @Test("auto is a precision that this processor has, and fp32 is always there")
  func choice() {
    #expect(Precision.fp32.isAvailable)
    #expect(Precision.fastest.isAvailable)
  }
}
