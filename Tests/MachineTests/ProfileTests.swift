import Machine
import Testing

@Suite("Profiles") struct ProfileTests {
  @Test("work of one name and direction is summed, in the order of the first time")
  func sums() {
    let profile = Profile()
    let result = profile.measure("product", flops: 10, bytes: 4) { 7 }
    #expect(result == 7)
    profile.measure("norm", bytes: 8) {}
    profile.measure("product", flops: 10, bytes: 4) {}
    profile.isBackward = true
    profile.measure("product", flops: 30) {}
    #expect(profile.entries.map(\.name) == ["product", "norm", "product"])
    #expect(profile.entries.map(\.isBackward) == [false, false, true])
    #expect(profile.entries.map(\.calls) == [2, 1, 1])
    #expect(profile.entries.map(\.flops) == [20, 0, 30])
    #expect(profile.entries.map(\.bytes) == [8, 8, 0])
    #expect(profile.seconds == profile.entries.reduce(0) { $0 + $1.seconds })
    profile.reset()
    #expect(profile.entries.isEmpty && !profile.isBackward)
  }
}
