/// The threads behind a pool: they wait for a loop, run its pieces, and end when told to.

import CMachine
import Glibc
import Synchronization

/// Threads and the loop they share; every thread keeps the crew alive until it ends.
///
/// A loop is over when its pieces are done. Whoever comes late, because it slept or because another
/// program had its core, finds the gate closed, and nobody has waited for it: on a busy machine the
/// calling thread rather does the pieces itself.
final class Crew: @unchecked Sendable {
  private enum Gate {
    /// Below the number of the loop.
    static let bits = 16
    static let isOpen = 1 << 15
    static let joined = isOpen - 1
  }

  private struct Job {
    var pieces = 0
    var body: ((Int, Int) -> Void)?
  }

  private let helpers: Int
  private var job = Job()
  /// The number of the loop, whether it may be joined, and how many joined it, in one word.
  private let gate = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  /// Of those that joined, how many are done.
  private let left = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let started = Atomic<Int>(0)
  private let stopped = Atomic<Bool>(false)
  private let isRunning = Atomic<Bool>(false)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(helpers: Int) {
    self.helpers = max(helpers, 0)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    for _ in 0..<self.helpers {
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Crew>.fromOpaque(context).takeRetainedValue().serve()
          return nil
        }, Unmanaged.passRetained(self).toOpaque())
      precondition(code == 0, "The system refused a thread.")
      pthread_detach(thread)
    }
  }

  deinit {
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(mutex)
    wake.deallocate()
    mutex.deallocate()
  }

  /// Runs a loop on all threads and the calling one; false, having done nothing, if one is under way.
  func run(_ pieces: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) -> Bool {
    guard isRunning.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else { return false }
    withoutActuallyEscaping(body) { body in
      job = Job(pieces: pieces, body: body)
      next.store(0, ordering: .relaxed)
      left.store(0, ordering: .relaxed)
      let loop = (gate.load(ordering: .relaxed) >> Gate.bits) &+ 1
      gate.store(loop << Gate.bits | Gate.isOpen, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      work(thread: 0)
      let joined =
        gate.bitwiseAnd(~Gate.isOpen, ordering: .acquiringAndReleasing).oldValue & Gate.joined
      var spins = 0
      while left.load(ordering: .acquiring) < joined {
        spins += 1
        // Where other programs want the cores, the last piece may wait for ours.
        if spins < 20_000 { machine_relax() } else { sched_yield() }
      }
      job.body = nil
    }
    isRunning.store(false, ordering: .releasing)
    return true
  }

  /// Lets every thread end.
  func stop() {
    stopped.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  private func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }

  private func work(thread: Int) {
    guard let body = job.body else { return }
    let pieces = job.pieces
    while true {
      let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if piece >= pieces { return }
      body(piece, thread)
    }
  }

  private func serve() {
    let thread = started.wrappingAdd(1, ordering: .relaxed).newValue
    machine_flush_denormals()
    var seen = 0
    var spins = 0
    while true {
      let state = gate.load(ordering: .acquiring)
      if state >> Gate.bits == seen {
        if stopped.load(ordering: .relaxed) { return }
        spins += 1
        if spins < 4_000 { machine_relax() } else { sleep(unless: seen) }
      } else if state & Gate.isOpen == 0 {
        // Too late for this one; the next may follow at once.
        seen = state >> Gate.bits
        spins = 0
      } else if gate.compareExchange(
        expected: state, desired: state + 1, ordering: .acquiringAndReleasing
      ).exchanged {
        seen = state >> Gate.bits
        spins = 0
        work(thread: thread)
        left.add(1, ordering: .releasing)
      }
    }
  }

  private func sleep(unless seen: Int) {
    sleeping.add(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(mutex)
    while gate.load(ordering: .sequentiallyConsistent) >> Gate.bits == seen,
      !stopped.load(ordering: .sequentiallyConsistent)
    {
      pthread_cond_wait(wake, mutex)
    }
    pthread_mutex_unlock(mutex)
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
  }
}
