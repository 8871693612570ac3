import Kernels
import Machine
import Testing

/// A random matrix whose rows are `stride` apart.
struct StridedMatrix {
  let rows: Int
  let width: Int
  let stride: Int
  var values: [Float]

  /// - Parameter rounds: whether all numbers are cut to what bf16 holds exactly.
  init(
    rows: Int, width: Int, gap: Int, noise: inout Noise, size: Float = 1, rounds: Bool = false
  ) {
    self.rows = rows
    self.width = width
    stride = width + gap
    values = noise.floats(rows * (width + gap), size: size)
    if rounds { values = values.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) } }
  }

  /// The rows without the gaps between them.
  var matrix: [[Double]] {
    (0..<rows).map { doubles(Array(values[$0 * stride..<$0 * stride + width])) }
  }

  /// All floats of the rows, and then those of the gaps.
  var parts: (rows: [Float], gaps: [Float]) {
    let inside = (0..<rows).flatMap { values[$0 * stride..<$0 * stride + width] }
    let gaps = (0..<rows).flatMap { values[$0 * stride + width..<($0 + 1) * stride] }
    return (inside, gaps)
  }
}

/// Scratch memory that holds no number, with a margin that nobody may write to.
struct Scratch {
  private static let margin = [Float](repeating: 12_345, count: 64)
  var values: [Float]

  init(_ count: Int) { values = [Float](repeating: .nan, count: count) + Self.margin }

  var isWithinBounds: Bool { values.suffix(Self.margin.count).elementsEqual(Self.margin) }
}

/// Attention in one format of numbers, as an argument of a test.
struct AttentionCase: Sendable, CustomTestStringConvertible {
  let kernels: any AttentionKernels.Type
  let testDescription: String
  /// The error that is allowed where float32 is allowed `exact`.
  let rounded: Double?
  /// Whether sums are rounded, too, and with them the largest scores.
  var roundsSums = false

  static let all: [AttentionCase] = {
    var cases = kernelSets.map {
      AttentionCase(kernels: tiledAttention($0), testDescription: $0.name, rounded: nil)
    }
    #if arch(x86_64)
    func add<Products: AttentionProducts>(
      _: Products.Type, _ name: String, _ rounded: Double, roundsSums: Bool = false
    ) {
      cases.append(
        AttentionCase(
          kernels: TiledAttention<Products>.self, testDescription: name, rounded: rounded,
          roundsSums: roundsSums))
    }
    if Processor.hasBFloat16 {
      add(BFloat16Attention.self, "bf16", 0.012)
      add(PanelAttention<EmulatedBFloat16TileKernels>.self, "bf16, tiles, emulated", 0.012)
    }
    if Processor.hasBFloat16Tiles {
      add(PanelAttention<BFloat16TileKernels>.self, "bf16, tiles", 0.012)
    }
    // Attention in fp16 is not faster than in fp32 and used by no program: here every processor with
    // AVX-512 runs what the formats share.
    if Processor.hasWideVectors {
      add(PanelAttention<EmulatedFloat16Kernels>.self, "fp16, emulated", 0.005, roundsSums: true)
    }
    #endif
    return cases
  }()

  /// - Parameters:
  ///   - exact: the error that float32 is allowed.
  ///   - largest: about the largest score, of which sums in fp16 keep eleven bits.
  func tolerance(_ exact: Double, largest: Double = 1) -> Double {
    guard let rounded else { return exact }
    return roundsSums ? rounded * max(1, largest / 64) : rounded
  }
}

@Suite("Attention")
struct AttentionTests {
  private func check(
    _ set: AttentionCase, queries: Int, keys: Int, headWidth: Int, size: Float = 1,
    rounds: Bool = false,
    tolerance: Double = 5e-6
  ) {
    var noise = Noise(queries * 1000 + keys + headWidth)
    let query = StridedMatrix(
      rows: queries, width: headWidth, gap: 3, noise: &noise, size: size, rounds: rounds)
    let key = StridedMatrix(
      rows: keys, width: headWidth, gap: 8, noise: &noise, size: size, rounds: rounds)
    let value = StridedMatrix(rows: keys, width: headWidth, gap: 1, noise: &noise)
    var output = StridedMatrix(rows: queries, width: headWidth, gap: 5, noise: &noise)
    let gaps = output.parts.gaps
    var logSumExp = [Float](repeating: 0, count: queries)
    let count = set.kernels.attentionScratchCount(
      queries: queries, keys: keys, headWidth: headWidth)
    var scratch = Scratch(count)
    let scale = 1 / Float(headWidth).squareRoot()
    set.kernels.attention(
      query: query.values, queryStride: query.stride, key: key.values, keyStride: key.stride,
      value: value.values, valueStride: value.stride, output: &output.values,
      outputStride: output.stride, queries: queries, keys: keys, headWidth: headWidth,
      scale: scale, logSumExp: &logSumExp, scratch: &scratch.values)
    let truth = Reference.attention(
      query: query.matrix, key: key.matrix, value: value.matrix, scale: Double(scale))
    let name = "\(queries) queries, \(keys) keys, width \(headWidth)"
    expectClose(
      output.parts.rows, truth.output.flatMap { $0 },
      tolerance: set.tolerance(
        tolerance, largest: Double(size * size) * Double(headWidth).squareRoot()),
      name)
    expectClose(logSumExp, truth.logSumExp, tolerance: set.tolerance(5e-6), name)
    #expect(output.parts.gaps == gaps, "wrote between the rows")
    #expect(scratch.isWithinBounds, "wrote beyond the scratch memory, \(name)")
  }

  @Test("every length up to 130 follows the formula", arguments: AttentionCase.all)
  func lengths(_ set: AttentionCase) {
    for length in 1...130 { check(set, queries: length, keys: length, headWidth: 8) }
  }

  @Test("every even head width does", arguments: AttentionCase.all)
  func widths(_ set: AttentionCase) {
    for headWidth in [2, 6, 10, 16, 24, 32, 48, 64, 80, 128] {
      check(set, queries: 70, keys: 70, headWidth: headWidth)
      check(set, queries: 1, keys: 33, headWidth: headWidth)
    }
  }

  @Test("a cached prefix is visible to every query", arguments: AttentionCase.all)
  func cachedPrefix(_ set: AttentionCase) {
    for queries in [1, 2, 4, 5, 6, 63, 64, 65, 100] {
      for cached in [1, 3, 16, 63, 64, 65, 300] {
        check(set, queries: queries, keys: queries + cached, headWidth: 16)
      }
    }
    check(set, queries: 1, keys: 1025, headWidth: 64)
  }

  @Test("large scores neither overflow nor lose the smaller ones", arguments: AttentionCase.all)
  func largeScores(_ set: AttentionCase) {
    check(set, queries: 150, keys: 150, headWidth: 16, size: 12, rounds: true, tolerance: 2e-5)
    check(set, queries: 1, keys: 600, headWidth: 16, size: 12, rounds: true, tolerance: 2e-5)
  }

  @Test("a bad number in the past reaches the output", arguments: AttentionCase.all)
  func badNumber(_ set: AttentionCase) {
    for queries in [3, 80] {
      var key = [Float](repeating: 1, count: queries * 8)
      key[8] = .nan
      let value = [Float](repeating: 1, count: queries * 8)
      var output = [Float](repeating: 0, count: queries * 8)
      var scratch = [Float](
        repeating: 0,
        count: set.kernels.attentionScratchCount(queries: queries, keys: queries, headWidth: 8))
      set.kernels.attention(
        query: value, queryStride: 8, key: key, keyStride: 8, value: value, valueStride: 8,
        output: &output, outputStride: 8, queries: queries, keys: queries, headWidth: 8,
        scale: 1, logSumExp: nil, scratch: &scratch)
      #expect(output[8...].allSatisfy { $0.isNaN })
    }
  }
}
