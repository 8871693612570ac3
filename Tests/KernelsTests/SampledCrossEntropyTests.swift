import Glibc
import Kernels
import Testing

@Suite("Cross-entropy of a sample of the vocabulary")
struct SampledCrossEntropyTests {
  /// The loss as the kernel's description says it.
  private func loss(_ logits: [Double], _ offsets: [Double], target: Int, cap: Double) -> Double {
    let z = logits.map { cap > 0 ? cap * tanh($0 / cap) : $0 }
    var total = exp(z[target] - z[target])
    for j in z.indices where j != target { total += exp(z[j] + offsets[j] - z[target]) }
    return log(total)
  }

  @Test("losses and gradients are those of the formula", arguments: KernelCase.all)
  func gradients(_ set: KernelCase) {
    for vocabulary in [2, 15, 16, 17, 64, 1001] {
      for cap in [Float(0), 15, 100] {
        var noise = Noise(vocabulary)
        let rows = 3
        let x = noise.floats(rows * vocabulary, size: 12)
        var offsets = noise.floats(vocabulary, size: 3).map { abs($0) }
        offsets[vocabulary - 1] = -.infinity
        // A drawn target, one that counts for its own row alone, and a row that does not count.
        let targets: [UInt32] = [0, UInt32(vocabulary - 1), .max]
        var (logits, losses) = (x, [Float](repeating: 7, count: rows))
        set.kernels.sampledCrossEntropy(
          &logits, rows: rows, vocabulary: vocabulary, targets: targets, offsets: offsets,
          softCap: cap, gradientScale: 0.25, losses: &losses)
        for row in 0..<2 {
          let part = doubles(Array(x[row * vocabulary..<(row + 1) * vocabulary]))
          let target = Int(targets[row])
          let truth = loss(part, doubles(offsets), target: target, cap: Double(cap))
          #expect(abs(Double(losses[row]) - truth) < 1e-5 + 1e-6 * truth)
          let slope = centralDifferences(at: part) {
            loss($0, doubles(offsets), target: target, cap: Double(cap))
          }
          let gradient = logits[row * vocabulary..<(row + 1) * vocabulary].map { 4 * Double($0) }
          for (a, b) in zip(gradient, slope) { #expect(abs(a - b) < 1e-5) }
        }
        #expect(losses[2] == 0)
        #expect(logits[(2 * vocabulary)...].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("tokens that all count once give the whole cross-entropy", arguments: KernelCase.all)
  func whole(_ set: KernelCase) {
    var noise = Noise(3)
    let x = noise.floats(2 * 333, size: 10)
    let targets: [UInt32] = [5, 332]
    let offsets = [Float](repeating: 0, count: 333)
    var (whole, sampled) = (x, x)
    var losses = [[Float]](repeating: [0, 0], count: 2)
    set.kernels.crossEntropy(
      &whole, rows: 2, vocabulary: 333, targets: targets, softCap: 15, gradientScale: 1,
      losses: &losses[0])
    set.kernels.sampledCrossEntropy(
      &sampled, rows: 2, vocabulary: 333, targets: targets, offsets: offsets, softCap: 15,
      gradientScale: 1, losses: &losses[1])
    for (a, b) in zip(losses[0], losses[1]) { #expect(abs(a - b) < 1e-5) }
    for (a, b) in zip(whole, sampled) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("bad logits and targets show in the loss", arguments: KernelCase.all)
  func bad(_ set: KernelCase) {
    let offsets = [Float](repeating: 1, count: 21)
    for value in [Float.nan, .infinity] {
      for place in [0, 3, 20] {
        var logits = [Float](repeating: 1, count: 21)
        logits[place] = value
        var losses: [Float] = [0]
        set.kernels.sampledCrossEntropy(
          &logits, rows: 1, vocabulary: 21, targets: [3], offsets: offsets, softCap: 0,
          gradientScale: 1, losses: &losses)
        #expect(losses[0].isNaN)
      }
    }
    var logits = [Float](repeating: 1, count: 21)
    var losses: [Float] = [0]
    set.kernels.sampledCrossEntropy(
      &logits, rows: 1, vocabulary: 21, targets: [21], offsets: offsets, softCap: 0,
      gradientScale: 1, losses: &losses)
    #expect(losses[0].isNaN)
  }
}
