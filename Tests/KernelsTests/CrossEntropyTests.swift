import Glibc
import Kernels
import Testing

@Suite("Softmax and cross-entropy")
struct CrossEntropyTests {
  @Test("softmax follows its formula, −∞ gives 0", arguments: KernelCase.all)
  func softmax(_ set: KernelCase) {
    for count in edgeSizes {
      var noise = Noise(count)
      for size in [Float(1), 30, 3000] {
        var x = noise.floats(count, size: size)
        if count > 2 { x[count / 2] = -.infinity }
        let truth = Reference.softmax(doubles(x))
        set.kernels.softmax(&x, count: count)
        expectClose(x, truth)
        if count > 2 { #expect(x[count / 2] == 0) }
      }
    }
  }

  @Test(
    "the exponential keeps its relative precision over the whole range", arguments: KernelCase.all)
  func precision(_ set: KernelCase) {
    // The largest entry is 0, so each result is e^x divided by the sum.
    let count = 4001
    var x = (0..<count).map { -Float($0) * 0.0205 }
    let powers = x.map { exp(Double($0)) }
    let total = powers.reduce(0, +)
    set.kernels.softmax(&x, count: count)
    for (value, power) in zip(x, powers) { #expect(abs(Double(value) * total / power - 1) < 6e-7) }
  }

  @Test("the reference gradient equals central differences of the reference")
  func reference() {
    var noise = Noise(5)
    let logits = doubles(noise.floats(11, size: 4))
    for cap in [0.0, 3.0] {
      let slope = centralDifferences(at: logits) {
        Reference.crossEntropy($0, target: 4, softCap: cap)
      }
      let gradient = Reference.crossEntropyGradient(logits, target: 4, softCap: cap)
      for (a, b) in zip(gradient, slope) { #expect(abs(a - b) < 1e-8) }
    }
  }

  @Test("losses and gradients, with a soft cap and without", arguments: KernelCase.all)
  func gradients(_ set: KernelCase) {
    for vocabulary in edgeSizes + [5003] {
      for softCap in [Float(0), 15, 100] {
        var noise = Noise(vocabulary)
        let rows = 3
        let x = noise.floats(rows * vocabulary, size: 20)
        let targets = (0..<rows).map { _ in UInt32(noise.bits() % UInt64(vocabulary)) }
        for scale in [Float(0.25), nil] {
          var (logits, losses) = (x, [Float](repeating: 0, count: rows))
          set.kernels.crossEntropy(
            &logits, rows: rows, vocabulary: vocabulary, targets: targets, softCap: softCap,
            gradientScale: scale, losses: &losses)
          for row in 0..<rows {
            let part = doubles(Array(x[row * vocabulary..<(row + 1) * vocabulary]))
            let (target, cap) = (Int(targets[row]), Double(softCap))
            let loss = Reference.crossEntropy(part, target: target, softCap: cap)
            #expect(abs(Double(losses[row]) - loss) < 4e-6 + 1e-6 * loss)
            guard scale != nil else { continue }
            let gradient = Reference.crossEntropyGradient(part, target: target, softCap: cap)
            expectClose(
              logits[row * vocabulary..<(row + 1) * vocabulary].map { $0 * 4 } + [1],
              gradient + [1])
          }
        }
      }
    }
  }

  @Test("an ignored target has no loss and no gradient", arguments: KernelCase.all)
  func ignored(_ set: KernelCase) {
    var logits: [Float] = [1, .nan, 3, 1, 2, 3]
    var losses: [Float] = [7, 7]
    set.kernels.crossEntropy(
      &logits, rows: 2, vocabulary: 3, targets: [UInt32.max, 2], softCap: 0, gradientScale: 1,
      losses: &losses)
    #expect(Array(logits[..<3]) == [0, 0, 0])
    #expect(losses[0] == 0)
    #expect(abs(losses[1] - 0.407_605_96) < 1e-6)
  }

  @Test(
    "sums of exponentials are those of capped logits", arguments: KernelCase.all, [Float(0), 5, 60])
  func exponentialSums(_ set: KernelCase, softCap: Float) {
    for count in edgeSizes {
      var noise = Noise(count)
      var x = noise.floats(2 * count, size: 30)
      let cap = Double(softCap)
      let logits = doubles(x).map { (logit: Double) -> Double in
        softCap > 0 ? cap * tanh(logit / cap) : logit
      }
      var (largest, sums): ([Float], [Float]) = ([0, 0], [0, 0])
      set.kernels.exponentialSums(
        &x, rows: 2, vocabulary: count, softCap: softCap, offsets: nil, largest: &largest,
        sums: &sums)
      for row in 0..<2 {
        var total = 0.0
        for logit in logits[row * count..<(row + 1) * count] { total += exp(logit) }
        let (found, truth) = (Double(largest[row]) + log(Double(sums[row])), log(total))
        #expect(abs(found - truth) < 1e-5 * max(1, abs(truth)), "\(count), cap \(softCap)")
      }
      if softCap > 0 { expectClose(x, logits, tolerance: 1e-5) }
    }
  }

  @Test("bad logits show in the loss", arguments: KernelCase.all)
  func badLogits(_ set: KernelCase) {
    for bad in [Float.nan, .infinity] {
      for softCap in [Float(0), 15] where !(softCap > 0 && bad == .infinity) {
        for place in [0, 9, 20] {
          var logits = [Float](repeating: 1, count: 21)
          logits[place] = bad
          var losses: [Float] = [0]
          set.kernels.crossEntropy(
            &logits, rows: 1, vocabulary: 21, targets: [3], softCap: softCap, gradientScale: 1,
            losses: &losses)
          #expect(losses[0].isNaN)
        }
      }
    }
    var logits: [Float] = [1, -.infinity, 1]
    var losses: [Float] = [0]
    set.kernels.crossEntropy(
      &logits, rows: 1, vocabulary: 3, targets: [1], softCap: 0, gradientScale: nil,
      losses: &losses)
    #expect(losses[0] == .infinity)
    set.kernels.crossEntropy(
      &logits, rows: 1, vocabulary: 3, targets: [3], softCap: 0, gradientScale: nil,
      losses: &losses)
    #expect(losses[0].isNaN, "a target outside the vocabulary must not look like a loss")
  }

  @Test("the soft cap is precise near 0 and saturates", arguments: KernelCase.all)
  func softCap(_ set: KernelCase) {
    var noise = Noise(9)
    var x = noise.floats(500, size: 60) + noise.floats(500, size: 1e-3)
    x += noise.floats(500, size: 12) + [0, .infinity, -.infinity, 1e30]
    let truth = x.map { 15 * tanh(Double($0) / 15) }
    set.kernels.softCap(&x, cap: 15, count: x.count)
    for (a, b) in zip(x, truth) { #expect(abs(Double(a) - b) <= 1e-6 * abs(b)) }
  }
}
