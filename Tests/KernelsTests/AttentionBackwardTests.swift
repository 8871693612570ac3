import Kernels
import Testing

@Suite("The gradient of attention")
struct AttentionBackwardTests {
  @Test("the reference gradient equals central differences of the reference")
  func reference() {
    var noise = Noise(3)
    let (length, width) = (5, 4)
    let inputs = doubles(noise.floats(3 * length * width))
    let dOutput = doubles(noise.floats(length * width))
    func matrices(_ x: [Double]) -> [[[Double]]] {
      (0..<3).map { part in
        (0..<length).map { row in
          let start = (part * length + row) * width
          return Array(x[start..<start + width])
        }
      }
    }
    let slope = centralDifferences(at: inputs) { x in
      let parts = matrices(x)
      let result = Reference.attention(query: parts[0], key: parts[1], value: parts[2], scale: 0.7)
      return Reference.dot(result.output.flatMap { $0 }, dOutput)
    }
    let parts = matrices(inputs)
    let gradient = Reference.attentionBackward(
      dOutput: matrices(dOutput + dOutput + dOutput)[0], query: parts[0], key: parts[1],
      value: parts[2], scale: 0.7)
    let all = [gradient.dQuery, gradient.dKey, gradient.dValue].flatMap { $0.flatMap { $0 } }
    for (a, b) in zip(all, slope) { #expect(abs(a - b) < 1e-8) }
  }

  @Test("every length up to 130 follows the formula", arguments: AttentionCase.all)
  func lengths(_ set: AttentionCase) {
    for length in 1...130 { check(set, length: length, headWidth: 8, heads: 1) }
  }

  @Test("every even head width does", arguments: AttentionCase.all)
  func widths(_ set: AttentionCase) {
    for headWidth in [2, 6, 10, 16, 24, 32, 48, 64, 80, 128] {
      check(set, length: 70, headWidth: headWidth, heads: 1)
    }
    check(set, length: 200, headWidth: 64, heads: 1)
  }

  @Test("heads that share keys and values add up their gradients", arguments: AttentionCase.all)
  func groupedHeads(_ set: AttentionCase) {
    check(set, length: 70, headWidth: 16, heads: 3)
    check(set, length: 9, headWidth: 10, heads: 2)
  }

  /// `heads` query heads on one head of keys and values.
  private func check(_ set: AttentionCase, length: Int, headWidth: Int, heads: Int) {
    var noise = Noise(length * 1000 + headWidth)
    func matrix(_ gap: Int) -> StridedMatrix {
      StridedMatrix(rows: length, width: headWidth, gap: gap, noise: &noise)
    }
    let (key, value) = (matrix(8), matrix(1))
    var (dKey, dValue) = (matrix(2), matrix(3))
    let scale = 1 / Float(headWidth).squareRoot()
    var truthKey = [Double](repeating: 0, count: length * headWidth)
    var truthValue = truthKey
    let name = "length \(length), width \(headWidth)"
    var scratch = Scratch(
      set.kernels.attentionScratchCount(queries: length, keys: length, headWidth: headWidth))
    for head in 0..<heads {
      let (query, dOutput) = (matrix(3), matrix(4))
      var (output, dQuery) = (matrix(5), matrix(6))
      let gaps = dQuery.parts.gaps
      var logSumExp = [Float](repeating: 0, count: length)
      set.kernels.attention(
        query: query.values, queryStride: query.stride, key: key.values, keyStride: key.stride,
        value: value.values, valueStride: value.stride, output: &output.values,
        outputStride: output.stride, queries: length, keys: length, headWidth: headWidth,
        scale: scale, logSumExp: &logSumExp, scratch: &scratch.values)
      set.kernels.attentionBackward(
        dOutput: dOutput.values, dOutputStride: dOutput.stride,
        output: output.values, outputStride: output.stride,
        query: query.values, queryStride: query.stride, key: key.values, keyStride: key.stride,
        value: value.values, valueStride: value.stride, logSumExp: logSumExp,
        dQuery: &dQuery.values, dQueryStride: dQuery.stride,
        dKey: &dKey.values, dKeyStride: dKey.stride,
        dValue: &dValue.values, dValueStride: dValue.stride, keepKeyValue: head > 0,
        length: length, headWidth: headWidth, scale: scale, scratch: &scratch.values)
      let truth = Reference.attentionBackward(
        dOutput: dOutput.matrix, query: query.matrix, key: key.matrix, value: value.matrix,
        scale: Double(scale))
      // A single key has weight 1 whatever the query: the truth is 0, so nothing to compare with.
      expectClose(
        dQuery.parts.rows + [1], Array(truth.dQuery.joined()) + [1], tolerance: set.tolerance(5e-6),
        name)
      #expect(dQuery.parts.gaps == gaps, "wrote between the rows")
      #expect(scratch.isWithinBounds, "wrote beyond the scratch memory, \(name)")
      truthKey = zip(truthKey, truth.dKey.joined()).map { $0 + $1 }
      truthValue = zip(truthValue, truth.dValue.joined()).map { $0 + $1 }
    }
    expectClose(dKey.parts.rows + [1], truthKey + [1], tolerance: set.tolerance(5e-6), name)
    expectClose(dValue.parts.rows, truthValue, tolerance: set.tolerance(5e-6), name)
  }
}
