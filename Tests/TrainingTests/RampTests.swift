import Testing
import Training

@Suite("Ramps") struct RampTests {
  @Test("a ramp of two doublings has a quarter, a half, and then the whole")
  func stages() {
    let ramp = Ramp(doublings: 2, until: 0.5)
    let divisors = [0, 0.2, 0.249, 0.25, 0.4, 0.499, 0.5, 0.9, 1].map { ramp.divisor(at: $0) }
    #expect(divisors == [4, 4, 4, 2, 2, 2, 1, 1, 1])
  }

  @Test("no doublings, or none of the run, is no ramp")
  func nothing() {
    #expect(Ramp(doublings: 0).divisor(at: 0) == 1)
    #expect(Ramp(doublings: 3, until: 0).divisor(at: 0) == 1)
  }

  @Test("windows that cannot be halved so often are no windows")
  func windows() throws {
    var options = try SmallRun().options
    options.contextRamp = Ramp(doublings: 3)
    #expect(options.rampProblem == nil)
    options.contextRamp = Ramp(doublings: 4)
    #expect(options.rampProblem == "windows of 16 tokens cannot be halved 4 times")
  }
}
