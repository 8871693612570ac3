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
          isCautious: isCautious, skipsUntouched: false, correction1: Float(c1),
          correction2: Float(c2))
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
      skipsUntouched: false, correction1: 0.1, correction2: 0.001)
    for value in p { #expect(abs(value + 1) < 1e-5) }
  }

  @Test("rows of gradient 0 stay as they are if asked, and only those", arguments: KernelCase.all)
  func untouched(_ set: KernelCase) {
    var noise = Noise(4)
    let width = 48
    let start = (noise.floats(3 * width), noise.floats(3 * width), noise.floats(3 * width))
    var gradient = noise.floats(3 * width)
    for index in width..<2 * width { gradient[index] = 0 }
    // One value that is not zero is enough.
    for index in 2 * width..<3 * width where index % 16 != 5 { gradient[index] = 0 }
    func step(_ skips: Bool) -> ([Float], [Float], [Float]) {
      var (p, m, v) = (start.0, start.1, start.2.map { abs($0) })
      set.kernels.adamW(
        &p, gradient: gradient, firstMoment: &m, secondMoment: &v, count: 3 * width,
        gradientScale: 1, rate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1,
        isCautious: false, skipsUntouched: skips, correction1: 1, correction2: 1)
      return (p, m, v)
    }
    let (all, some) = (step(false), step(true))
    let middle = width..<2 * width
    #expect(some.0[middle] == start.0[middle] && some.1[middle] == start.1[middle])
    #expect(some.2[middle].elementsEqual(start.2[middle].map { abs($0) }))
    #expect(all.0[middle] != start.0[middle])
    // The shortest vectors have eight lanes: where one is not zero, all eight move.
    for block in stride(from: 0, to: 3 * width, by: 8)
    where gradient[block..<block + 8].contains(where: { $0 != 0 }) {
      #expect(all.0[block..<block + 8] == some.0[block..<block + 8])
      #expect(all.1[block..<block + 8] == some.1[block..<block + 8])
    }
  }
}
