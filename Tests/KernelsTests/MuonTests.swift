import Kernels
import Testing

@Suite("Muon's kernels")
struct MuonKernelTests {
  @Test("momentum follows the formula in double precision", arguments: KernelCase.all)
  func momentum(_ set: KernelCase) {
    for count in edgeSizes {
      var noise = Noise(count)
      let gradient = noise.floats(count)
      var mean = noise.floats(count)
      var direction = noise.floats(count)
      let before = doubles(mean)
      set.kernels.addMomentum(
        of: gradient, gradientScale: 0.5, beta: 0.9, to: &mean, into: &direction, count: count)
      let now = before.indices.map { 0.9 * before[$0] + 0.1 * 0.5 * Double(gradient[$0]) }
      expectClose(mean, now, tolerance: 1e-6)
      expectClose(
        direction, now.indices.map { 0.9 * now[$0] + 0.05 * Double(gradient[$0]) },
        tolerance: 1e-6)
    }
  }

  @Test(
    "a step moves along its direction; cautious decay spares what moves away from 0",
    arguments: KernelCase.all, [false, true])
  func move(_ set: KernelCase, isCautious: Bool) {
    for count in edgeSizes {
      var noise = Noise(count)
      var values = noise.floats(count)
      let direction = noise.floats(count)
      let before = doubles(values)
      set.kernels.move(
        &values, along: direction, by: -0.1, decay: 0.25, isCautious: isCautious, count: count)
      let truth = before.indices.map { index in
        let step = -0.1 * Double(direction[index])
        let decays = !isCautious || step * before[index] < 0
        return before[index] * (decays ? 0.75 : 1) + step
      }
      expectClose(values, truth, tolerance: 1e-6)
    }
  }
}
