import Glibc
import Kernels
import Testing

@Suite("Activations")
struct ActivationsTests {
  /// Many values near 0 and some far away.
  private func inputs(_ count: Int) -> [Float] {
    var noise = Noise(count)
    let special: [Float] = [0, -0.0, 1e-20, -1e-20, 1e-4, 20, -20, 100, -100, 1e4, -1e4]
    return Array((special + noise.floats(count, size: 6)).suffix(count))
  }

  @Test("GELU and its derivative", arguments: KernelCase.all)
  func gelu(_ set: KernelCase) {
    for count in edgeSizes + [1000] {
      let x = count == 384 ? inputs(count - 11) + Array(inputs(389).prefix(11)) : inputs(count)
      var (y, dx) = (x, [Float](repeating: 2, count: count))
      set.kernels.gelu(x, into: &y, count: count)
      for (x, y) in zip(x, y) {
        let truth = Reference.gelu(Double(x))
        #expect(abs(Double(y) - truth) <= 1e-6 * max(abs(truth), abs(Double(x)) * 0.1), "at \(x)")
      }
      dx.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        set.kernels.geluBackward(start, x: x, into: start, count: count)
      }
      for (x, dx) in zip(x, dx) {
        let slope = centralDifferences(at: [Double(x)]) { 2 * Reference.gelu($0[0]) }[0]
        #expect(abs(Double(dx) - slope) <= 5e-6, "at \(x)")
      }
    }
  }

  @Test("squared ReLU and its derivative", arguments: KernelCase.all)
  func squaredReLU(_ set: KernelCase) {
    for count in edgeSizes {
      let x = inputs(count)
      var (y, dx) = (x, [Float](repeating: 0, count: count))
      set.kernels.squaredReLU(x, into: &y, count: count)
      #expect(y == x.map { max($0, 0) * max($0, 0) })
      set.kernels.squaredReLUBackward(x, x: x, into: &dx, count: count)
      #expect(dx == x.map { $0 * (2 * max($0, 0)) })
    }
  }

  @Test("SwiGLU and its gradient", arguments: KernelCase.all)
  func swiGLU(_ set: KernelCase) {
    for width in edgeSizes {
      var noise = Noise(width)
      let rows = 3
      let x = noise.floats(2 * rows * width, size: 8)
      let dy = noise.floats(rows * width)
      var (y, dx) = (dy, x)
      set.kernels.swiGLU(x, rows: rows, width: width, into: &y)
      set.kernels.swiGLUBackward(dy, x: x, rows: rows, width: width, into: &dx)
      var (truth, slopes) = ([Double](), [Double](repeating: 0, count: x.count))
      for index in 0..<rows * width {
        let gateIndex = index / width * 2 * width + index % width
        let (gate, up) = (Double(x[gateIndex]), Double(x[gateIndex + width]))
        truth.append(Reference.swiGLU(gate: gate, up: up))
        let slope = centralDifferences(at: [gate, up]) {
          Reference.swiGLU(gate: $0[0], up: $0[1])
        }
        slopes[gateIndex] = Double(dy[index]) * slope[0]
        slopes[gateIndex + width] = Double(dy[index]) * slope[1]
      }
      expectClose(y, truth)
      expectClose(dx, slopes)
    }
  }

  @Test("a number that is none stays none", arguments: KernelCase.all)
  func badNumber(_ set: KernelCase) {
    for payload in [Float.nan, Float(nan: 0x7f, signaling: false), -Float.nan] {
      let x = [Float](repeating: payload, count: 17)
      var y = [Float](repeating: 0, count: 17)
      set.kernels.gelu(x, into: &y, count: 17)
      #expect(y.allSatisfy { $0.isNaN })
      set.kernels.squaredReLU(x, into: &y, count: 17)
      #expect(y.allSatisfy { $0.isNaN })
      set.kernels.swiGLU(x, rows: 1, width: 8, into: &y)
      #expect(y[..<8].allSatisfy { $0.isNaN })
    }
  }
}
