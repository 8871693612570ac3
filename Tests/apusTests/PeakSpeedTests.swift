import Testing
import apus

@Suite("The peak that speeds are compared with")
struct PeakSpeedTests {
  @Test("a round that met another program does not lower what other rounds reach")
  func best() {
    var rounds = [90.0, 40.0, 20.0, 260.0, 250.0]
    var peak = PeakSpeed { rounds.removeFirst() }
    peak.measure(rounds: 3)
    #expect(peak.flops == 90)
    peak.measure()
    #expect(peak.flops == 260 && rounds.isEmpty)
  }
}
