import Glibc
import Kernels
import Testing

@Suite("Preparing heads: normalization and rotation")
struct RotaryEmbeddingTests {
  /// What a caller may ask for.
  struct Wish: Sendable, CustomTestStringConvertible {
    let normalize: Bool
    let weighted: Bool
    let rotate: Bool

    var testDescription: String { "normalize \(normalize) weight \(weighted) rotate \(rotate)" }

    static let all = [
      Wish(normalize: false, weighted: false, rotate: true),
      Wish(normalize: true, weighted: false, rotate: true),
      Wish(normalize: true, weighted: true, rotate: true),
      Wish(normalize: true, weighted: true, rotate: false),
      Wish(normalize: false, weighted: false, rotate: false),
    ]
  }

  /// Random heads in rows that are longer than the heads.
  struct Sample {
    let rows = 3
    let heads = 2
    let headWidth: Int
    let stride: Int
    let input: [Float]
    let weight: UnsafeMutablePointer<Float>?
    let cosine: UnsafeMutablePointer<Float>?
    let sine: UnsafeMutablePointer<Float>?
    let wish: Wish
    let weights: [Float]
    let angles: [Double]

    init(headWidth: Int, wish: Wish) {
      var noise = Noise(headWidth)
      self.headWidth = headWidth
      self.wish = wish
      stride = 2 * headWidth + 5
      input = noise.floats(3 * stride, size: 2)
      weights = noise.floats(headWidth)
      angles = noise.floats(3 * headWidth / 2, size: 3).map(Double.init)
      weight = wish.weighted ? copy(of: weights) : nil
      cosine = wish.rotate ? copy(of: angles.map { Float(cos($0)) }) : nil
      sine = wish.rotate ? copy(of: angles.map { Float(sin($0)) }) : nil
    }

    /// The heads of `input` prepared, row by row, without gaps.
    func truth(_ input: [Double], _ weights: [Double]) -> [Double] {
      let half = headWidth / 2
      return (0..<rows * heads).flatMap { index in
        let (row, head) = (index / heads, index % heads)
        let start = row * stride + head * headWidth
        let angles = angles[row * half..<(row + 1) * half]
        return Reference.prepareHead(
          Array(input[start..<start + headWidth]), normalize: wish.normalize,
          weight: wish.weighted ? weights : nil, epsilon: 1e-6,
          cosine: wish.rotate ? angles.map(cos) : nil, sine: wish.rotate ? angles.map(sin) : nil)
      }
    }
  }

  @Test("heads are normalized, then rotated", arguments: KernelCase.all, Wish.all)
  func forward(_ set: KernelCase, _ wish: Wish) {
    for headWidth in [2, 8, 10, 16, 32, 64, 96, 128] {
      let sample = Sample(headWidth: headWidth, wish: wish)
      let outputStride = 2 * headWidth + 1
      var output = [Float](repeating: 9, count: 3 * outputStride)
      var inverse = [Float](repeating: 0, count: 6)
      set.kernels.prepareHeads(
        sample.input, inputStride: sample.stride, output: &output, outputStride: outputStride,
        rows: 3, heads: 2, headWidth: headWidth, normalize: wish.normalize, weight: sample.weight,
        epsilon: 1e-6, inverseRMS: &inverse, cosine: sample.cosine, sine: sample.sine)
      let heads = (0..<3).flatMap {
        output[$0 * outputStride..<$0 * outputStride + 2 * headWidth]
      }
      expectClose(heads, sample.truth(doubles(sample.input), doubles(sample.weights)))
      for row in 1...3 { #expect(output[row * outputStride - 1] == 9, "wrote between the rows") }

      var inPlace = sample.input
      inPlace.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        set.kernels.prepareHeads(
          start, inputStride: sample.stride, output: start, outputStride: sample.stride,
          rows: 3, heads: 2, headWidth: headWidth, normalize: wish.normalize,
          weight: sample.weight, epsilon: 1e-6, inverseRMS: nil, cosine: sample.cosine,
          sine: sample.sine)
      }
      let same = (0..<3).flatMap {
        inPlace[$0 * sample.stride..<$0 * sample.stride + 2 * headWidth]
      }
      #expect(same == heads)
    }
  }

  @Test("the gradient equals central differences", arguments: KernelCase.all, Wish.all)
  func backward(_ set: KernelCase, _ wish: Wish) {
    for headWidth in [2, 8, 10, 24, 32] {
      let sample = Sample(headWidth: headWidth, wish: wish)
      let (width, stride) = (2 * headWidth, sample.stride)
      var noise = Noise(1)
      let dOutput = noise.floats(3 * (width + 3))
      let dStride = width + 3
      let incoming: [Double] = (0..<3).flatMap { row in
        doubles(Array(dOutput[row * dStride..<row * dStride + width]))
      }
      var output = [Float](repeating: 0, count: 3 * width)
      var inverse = [Float](repeating: 0, count: 6)
      set.kernels.prepareHeads(
        sample.input, inputStride: stride, output: &output, outputStride: width,
        rows: 3, heads: 2, headWidth: headWidth, normalize: wish.normalize, weight: sample.weight,
        epsilon: 1e-6, inverseRMS: &inverse, cosine: sample.cosine, sine: sample.sine)
      var dInput = [Float](repeating: 0, count: 3 * stride)
      let dWeight = copy(of: [Float](repeating: 0.5, count: headWidth))
      set.kernels.prepareHeadsBackward(
        dOutput, dOutputStride: dStride, input: sample.input, inputStride: stride,
        dInput: &dInput, dInputStride: stride, rows: 3, heads: 2, headWidth: headWidth,
        normalize: wish.normalize, weight: sample.weight, inverseRMS: inverse,
        dWeight: wish.weighted ? dWeight : nil, cosine: sample.cosine, sine: sample.sine)
      let (input, weights) = (doubles(sample.input), doubles(sample.weights))
      expectClose(
        dInput,
        centralDifferences(at: input) { Reference.dot(sample.truth($0, weights), incoming) },
        tolerance: 1e-5)
      guard wish.weighted else { continue }
      let slope = centralDifferences(at: weights) {
        Reference.dot(sample.truth(input, $0), incoming)
      }
      expectClose((0..<headWidth).map { dWeight[$0] }, slope.map { 0.5 + $0 }, tolerance: 1e-5)
    }
  }
}
