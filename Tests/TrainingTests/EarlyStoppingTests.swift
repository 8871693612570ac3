import Testing
import Training

@Suite("Early stopping") struct EarlyStoppingTests {
  /// Feeds a curve; returns the index of the evaluation that stopped the run, if any did.
  private func stop(_ curve: [Double], _ rule: EarlyStopping.Rule) -> (Int?, EarlyStopping) {
    var watch = EarlyStopping(rule)
    for (index, loss) in curve.enumerated()
    where watch.observe(loss: loss, step: index * 50) == .stop { return (index, watch) }
    return (nil, watch)
  }

  @Test("a falling curve is never stopped, and the last model is the best")
  func falling() {
    let (index, watch) = stop((0..<50).map { 5 - 0.01 * Double($0) }, .init(patience: 2))
    #expect(index == nil)
    #expect(watch.bestStep == 49 * 50)
  }

  @Test("a floor is left after as many evaluations as there is patience")
  func floor() {
    let (index, watch) = stop([5, 4, 3] + Array(repeating: 3.001, count: 20), .init(patience: 8))
    #expect(index == 10)
    #expect(watch.bestLoss == 3)
    #expect(watch.bestStep == 100)
  }

  @Test("small gains that add up to the threshold are progress")
  func smallGains() {
    let curve = (0..<40).map { 4 - 0.001 * Double($0) }
    #expect(stop(curve, .init(patience: 3, threshold: 0.002)).0 == nil)
    #expect(stop(curve, .init(patience: 2, threshold: 0.01)).0 == 2)
  }

  @Test("a gain below the threshold is the best model all the same")
  func bestWithoutProgress() {
    var watch = EarlyStopping(.init(patience: 3, threshold: 0.1))
    #expect(watch.observe(loss: 4, step: 1) == .best)
    #expect(watch.observe(loss: 3.95, step: 2) == .best)
    #expect(watch.bestStep == 2)
    #expect(watch.evaluationsWithoutProgress == 1)
    #expect(watch.observe(loss: 3.97, step: 3) == .wait)
    #expect(watch.observe(loss: 3.94, step: 4) == .stop)
    #expect(watch.bestStep == 4)
  }

  @Test("three losses in a row beyond the ceiling end the run; spikes do not")
  func ceiling() {
    let rule = EarlyStopping.Rule(patience: 8, ceiling: 0.1)
    let (index, watch) = stop([4, 3, 2.9, 2.95, 3.01, 3.2, 3.1, 2.95], rule)
    #expect(index == 6)
    #expect(watch.bestStep == 100)
    #expect(stop([4, 3, 2.9, 3.4, 3.3, 2.8, 3.3, 3.2, 2.7], rule).0 == nil)
  }

  @Test("a loss that is no number is no progress and never the best")
  func notANumber() {
    let (index, watch) = stop([4, .nan, .infinity, .nan], .init(patience: 3))
    #expect(index == 3)
    #expect(watch.bestLoss == 4)
  }

  @Test("a gain within one paired standard error is no progress, a steady one is")
  func pairedStandardError() {
    // The same mean gain of 0.01: once with windows that move apart by ±0.4, once all alike.
    let first = (0..<100).map { Float(4 + 0.01 * Double($0 % 7)) }
    let noisy = first.enumerated().map { $1 - 0.01 + ($0 % 2 == 0 ? 0.4 : -0.4) }
    let steady = first.map { $0 - 0.01 }
    for (second, progress) in [(noisy, false), (steady, true)] {
      var watch = EarlyStopping(.init(patience: 5, threshold: 0.002))
      _ = watch.observe(loss: 4.03, windows: first, step: 1)
      #expect(watch.observe(loss: 4.02, windows: second, step: 2) == .best)
      #expect(watch.evaluationsWithoutProgress == (progress ? 0 : 1))
    }
  }
}
