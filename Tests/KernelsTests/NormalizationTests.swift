import Kernels
import Testing

@Suite("RMSNorm and LayerNorm")
struct NormalizationTests {
  static let sizes = [(rows: 1, width: 1), (3, 7), (2, 8), (5, 15), (3, 17), (2, 64), (3, 100)]

  @Test("RMSNorm follows its formula, with a weight and without", arguments: KernelCase.all)
  func rmsNorm(_ set: KernelCase) {
    for (rows, width) in Self.sizes + [(2, 384)] {
      var noise = Noise(width)
      let (x, weight) = (noise.floats(rows * width, size: 3), noise.floats(width))
      for weight in [weight, nil] {
        var y = [Float](repeating: 0, count: rows * width)
        var inverse = [Float](repeating: 0, count: rows)
        set.kernels.rmsNorm(
          x, weight: weight.map { UnsafePointer(copy(of: $0)) }, epsilon: 1e-5, rows: rows,
          width: width, into: &y, inverseRMS: &inverse)
        let truth = rowsOf(x, width).flatMap {
          Reference.rmsNorm($0, weight: weight.map(doubles), epsilon: 1e-5)
        }
        expectClose(y, truth)
        expectClose(
          inverse,
          rowsOf(x, width).map { 1 / (Reference.dot($0, $0) / Double(width) + 1e-5).squareRoot() })
      }
    }
  }

  @Test("the gradient of RMSNorm equals central differences", arguments: KernelCase.all)
  func rmsNormGradient(_ set: KernelCase) {
    for (rows, width) in Self.sizes {
      var noise = Noise(width + 1)
      let (x, dy) = (noise.floats(rows * width, size: 2), noise.floats(rows * width))
      let weight = noise.floats(width)
      for weight in [weight, nil] {
        let loss = { (x: [Double], weight: [Double]?) in
          Reference.dot(
            self.rowsOf(x, width).flatMap {
              Reference.rmsNorm($0, weight: weight, epsilon: 1e-5)
            }, doubles(dy))
        }
        let pointer = weight.map { UnsafePointer(copy(of: $0)) }
        var (y, inverse) = (x, [Float](repeating: 0, count: rows))
        set.kernels.rmsNorm(
          x, weight: pointer, epsilon: 1e-5, rows: rows, width: width, into: &y,
          inverseRMS: &inverse)
        for keep in [false, true] {
          let old = noise.floats(rows * width)
          var (dx, dWeight) = (old, [Float](repeating: 0.5, count: width))
          dWeight.withUnsafeMutableBufferPointer { buffer in
            set.kernels.rmsNormBackward(
              dy, x: x, weight: pointer, inverseRMS: inverse, rows: rows, width: width, into: &dx,
              keep: keep, dWeight: weight == nil ? nil : buffer.baseAddress)
          }
          let slope = centralDifferences(at: doubles(x)) { loss($0, weight.map(doubles)) }
          let truth = zip(slope, old).map { $0 + (keep ? Double($1) : 0) }
          expectClose(dx + [1], truth + [1], tolerance: 1e-5)
          guard let weight else { continue }
          let weightSlope = centralDifferences(at: doubles(weight)) { loss(doubles(x), $0) }
          expectClose(dWeight, weightSlope.map { 0.5 + $0 }, tolerance: 1e-5)
        }
      }
    }
  }

  @Test("LayerNorm follows its formula", arguments: KernelCase.all)
  func layerNorm(_ set: KernelCase) {
    for (rows, width) in Self.sizes + [(2, 384)] {
      var noise = Noise(width + 2)
      let x = noise.floats(rows * width, size: 3)
      let (weight, bias) = (noise.floats(width), noise.floats(width))
      var (y, mean) = (x, [Float](repeating: 0, count: rows))
      var inverse = mean
      set.kernels.layerNorm(
        x, weight: weight, bias: bias, epsilon: 1e-5, rows: rows, width: width, into: &y,
        mean: &mean, inverseDeviation: &inverse)
      let truth = rowsOf(x, width).flatMap {
        Reference.layerNorm($0, weight: doubles(weight), bias: doubles(bias), epsilon: 1e-5)
      }
      expectClose(y, truth, tolerance: 5e-6)
      expectClose(mean, rowsOf(x, width).map { $0.reduce(0, +) / Double(width) })
    }
  }

  @Test("the gradient of LayerNorm equals central differences", arguments: KernelCase.all)
  func layerNormGradient(_ set: KernelCase) {
    for (rows, width) in Self.sizes where width > 1 {
      var noise = Noise(width + 3)
      let (x, dy) = (noise.floats(rows * width, size: 2), noise.floats(rows * width))
      let (weight, bias) = (noise.floats(width), noise.floats(width))
      let loss = { (x: [Double], weight: [Double], bias: [Double]) in
        Reference.dot(
          self.rowsOf(x, width).flatMap {
            Reference.layerNorm($0, weight: weight, bias: bias, epsilon: 1e-5)
          }, doubles(dy))
      }
      var (y, mean) = (x, [Float](repeating: 0, count: rows))
      var inverse = mean
      set.kernels.layerNorm(
        x, weight: weight, bias: bias, epsilon: 1e-5, rows: rows, width: width, into: &y,
        mean: &mean, inverseDeviation: &inverse)
      for keep in [false, true] {
        let old = noise.floats(rows * width)
        var (dx, dWeight) = (old, [Float](repeating: 0.5, count: width))
        var dBias = dWeight
        set.kernels.layerNormBackward(
          dy, x: x, weight: weight, mean: mean, inverseDeviation: inverse, rows: rows,
          width: width, into: &dx, keep: keep, dWeight: &dWeight, dBias: &dBias)
        let (x, weight, bias) = (doubles(x), doubles(weight), doubles(bias))
        let slope = centralDifferences(at: x) { loss($0, weight, bias) }
        let truth = zip(slope, old).map { $0 + (keep ? Double($1) : 0) }
        expectClose(dx + [1], truth + [1], tolerance: 1e-5)
        expectClose(
          dWeight, centralDifferences(at: weight) { loss(x, $0, bias) }.map { 0.5 + $0 },
          tolerance: 1e-5)
        expectClose(
          dBias, centralDifferences(at: bias) { loss(x, weight, $0) }.map { 0.5 + $0 },
          tolerance: 1e-5)
      }
    }
  }

  @Test("a number that is none reaches the result", arguments: KernelCase.all)
  func badNumber(_ set: KernelCase) {
    var x = [Float](repeating: 1, count: 17)
    x[16] = .nan
    var (y, inverse) = (x, [Float](repeating: 0, count: 1))
    set.kernels.rmsNorm(
      x, weight: nil, epsilon: 1e-5, rows: 1, width: 17, into: &y, inverseRMS: &inverse)
    #expect(y.allSatisfy { $0.isNaN })
  }

  private func rowsOf(_ x: [Float], _ width: Int) -> [[Double]] { rowsOf(doubles(x), width) }

  private func rowsOf(_ x: [Double], _ width: Int) -> [[Double]] {
    stride(from: 0, to: x.count, by: width).map { Array(x[$0..<$0 + width]) }
  }
}

/// A copy that lives as long as the test run, for arguments that may be nil.
func copy(of values: [Float]) -> UnsafeMutablePointer<Float> {
  let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(values.count, 1))
  pointer.initialize(from: values, count: values.count)
  return pointer
}
