import Glibc
import Machine
import Synchronization
import Testing

struct WorkersTests {
  @Test("every piece runs exactly once", arguments: [1, 2, 3, 7])
  func pieces(threads: Int) {
    let workers = Workers(count: threads)
    for pieces in [0, 1, 2, 5, 64, 1000] {
      let runs = (0..<pieces).map { _ in Counter() }
      workers.share(pieces) { (piece: Int) in runs[piece].add() }
      #expect(runs.allSatisfy { $0.value == 1 })
    }
  }

  @Test("ranges are contiguous, aligned, and cover all", arguments: [1, 2, 3, 5])
  func ranges(threads: Int) {
    let workers = Workers(count: threads)
    for length in [0, 1, 15, 16, 17, 100, 4096] {
      let found = Guarded<[Range<Int>]>([])
      workers.divide(length, alignment: 16) { range, _ in found.withLock { $0.append(range) } }
      let ranges = found.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
      #expect(ranges.reduce(0) { $0 + $1.count } == length)
      #expect(ranges.count <= threads)
      var end = 0
      for range in ranges {
        #expect(range.lowerBound == end && range.lowerBound % 16 == 0)
        end = range.upperBound
      }
    }
  }

  @Test("a loop inside a piece runs, serially")
  func nested() {
    let workers = Workers(count: 3)
    let total = Counter()
    workers.share(4) { (_: Int) in workers.share(5) { (_: Int) in total.add() } }
    #expect(total.value == 20)
  }

  @Test("threads that fell asleep wake up again")
  func sleep() {
    let workers = Workers(count: 2)
    let total = Counter()
    for _ in 0..<20 {
      workers.share(2) { (_: Int) in total.add() }
      var pause = timespec(tv_sec: 0, tv_nsec: 3_000_000)
      nanosleep(&pause, nil)
    }
    #expect(total.value == 40)
  }
}

private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add() { count.add(1, ordering: .relaxed) }
}
