/// The threads behind a pool: they wait for a loop, run its pieces, and end when told to.

import CMachine
import Glibc
import Synchronization

/// Threads and the loop they share; every thread keeps the crew alive until it ends.
final class Crew: @unchecked Sendable {
  private struct Job {
    var pieces = 0
    var body: ((Int, Int) -> Void)?
  }

  private let helpers: Int
  private var job = Job()
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let busy = Atomic<Int>(0)
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
      busy.store(helpers, ordering: .relaxed)
      generation.add(1, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      work(thread: 0)
      var spins = 0
      while busy.load(ordering: .acquiring) > 0 {
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
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        if stopped.load(ordering: .relaxed) { return }
        spins += 1
        if spins < 4_000 { machine_relax() } else { sleep(unless: seen) }
      }
      seen += 1
      work(thread: thread)
      busy.subtract(1, ordering: .releasing)
    }
  }

  private func sleep(unless seen: Int) {
    sleeping.add(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(mutex)
    while generation.load(ordering: .sequentiallyConsistent) == seen,
      !stopped.load(ordering: .sequentiallyConsistent)
    {
      pthread_cond_wait(wake, mutex)
    }
    pthread_mutex_unlock(mutex)
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
  }
}
