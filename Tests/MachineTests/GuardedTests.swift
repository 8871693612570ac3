import Machine
import Testing

@Suite("A lock around a value")
struct GuardedTests {
  private struct Refused: Error {}

  @Test("many threads that each add what they read and one lose nothing")
  func counting() {
    let total = Guarded(0)
    Workers(count: 4).share(1_000) { (_: Int) in
      for _ in 0..<100 { total.withLock { $0 = $0 + 1 } }
    }
    #expect(total.withLock { $0 } == 100_000)
  }

  @Test("an error leaves the lock open and what was changed before it in place")
  func errors() {
    let value = Guarded([1])
    #expect(throws: Refused.self) {
      try value.withLock {
        $0.append(2)
        throw Refused()
      }
    }
    #expect(value.withLock { $0 } == [1, 2])
  }
}
