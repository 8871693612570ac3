import Glibc
import Kernels
import Testing

@Suite("AdamW")
struct AdamWTests {
  @Test(
    "ten steps follow the formula in double precision, cautious or not",
    arguments: KernelCase.all, [false, true])
  func steps(_ set: KernelCase, isCautious: Bool) {
    for count in edgeSizes {
      var noise = Noise(count)
      var p = noise.floats(count)
      var (m, v) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
      var (truth, first, second) = (doubles(p), doubles(m), doubles(v))
      for step in 1...10 {
        // Gradients of very different sizes, one of them always 0.
        var gradient = noise.floats(count, size: step % 2 == 0 ? 1e-6 : 10)
        gradient[0] = 0
        let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.95, Double(step)))
        set.kernels.adamW(
          &p, gradient: gradient, firstMoment: &m, secondMoment: &v, count: count,
          gradientScale: 0.5, rate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1,
          isCautious: isCautious, correction1: Float(c1), correction2: Float(c2))
        for index in 0..<count {
          let g = 0.5 * Double(gradient[index])
          first[index] = 0.9 * first[index] + 0.1 * g
          if !isCautious || first[index] * truth[index] > 0 {
            truth[index] -= 1e-2 * 0.1 * truth[index]
          }
          second[index] = 0.95 * second[index] + 0.05 * g * g
          truth[index] -=
            1e-2 / c1 * first[index] / ((second[index] / c2).squareRoot() + 1e-8)
        }
      }
      expectClose(p, truth, tolerance: 2e-6)
      expectClose(m, first, tolerance: 2e-6)
      expectClose(v, second, tolerance: 2e-6)
    }
  }

  @Test(
    "the first step moves every parameter by the rate, however small the gradient",
    arguments: KernelCase.all)
  func scaleInvariance(_ set: KernelCase) {
    let gradient = (0..<40).map { Float(pow(10.0, Double($0 % 20) - 14)) }
    var p = [Float](repeating: 0, count: 40)
    var (m, v) = (p, p)
    set.kernels.adamW(
      &p, gradient: gradient, firstMoment: &m, secondMoment: &v, count: 40, gradientScale: 1,
      rate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-30, decay: 0, isCautious: false,
      correction1: 0.1,
      correction2: 0.001)
    for value in p { #expect(abs(value + 1) < 1e-5) }
  }
}
