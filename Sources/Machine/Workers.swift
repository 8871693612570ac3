/// The threads that share a loop: a pool that starts once and waits by spinning, then sleeping.

import CMachine
import Glibc
import Synchronization

/// A fixed set of threads that run the pieces of one loop at a time.
///
/// Pieces are handed out by a counter, so the *assignment* of pieces to threads varies from run to
/// run; results do not, as long as a piece writes only what belongs to that piece. Denormal numbers
/// count as zero on every thread of the pool, the calling one included, so that a result does not
/// depend on the thread that computed it.
///
/// Not for work that blocks: every thread spins for about 50 µs between loops.
public final class Workers: @unchecked Sendable {
  private static let configuredCount = Atomic<Int>(0)

  /// Sets the number of threads of `shared`; has no effect after its first use.
  public static func configure(count: Int) {
    precondition(count > 0, "A pool needs at least one thread.")
    configuredCount.store(count, ordering: .relaxed)
  }

  /// The pool that kernels use: one thread a core unless `configure` said otherwise.
  public static let shared: Workers = {
    let wish = configuredCount.load(ordering: .relaxed)
    return Workers(count: wish > 0 ? wish : Processor.cores)
  }()

  /// The number of threads, the calling one included.
  public let count: Int

  private struct Job: @unchecked Sendable {
    var pieces = 0
    var body: ((Int, Int) -> Void)?
  }

  private var job = Job()
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let busy = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let started = Atomic<Int>(0)
  private let stopped = Atomic<Bool>(false)
  private let isSharing = Atomic<Bool>(false)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Starts `count - 1` threads; the caller of `share` is the last one.
  public init(count: Int) {
    self.count = count
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    machine_flush_denormals()
    for _ in 1..<max(count, 1) {
      var thread = pthread_t()
      let context = Unmanaged.passUnretained(self).toOpaque()
      let code = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Workers>.fromOpaque(context).takeUnretainedValue().start()
          return nil
        }, context)
      precondition(code == 0, "The system refused a thread.")
      pthread_detach(thread)
    }
  }

  /// Calls `body` once for every piece in `0..<pieces`, on all threads, and returns when all are done.
  ///
  /// Called from inside a piece, or while another thread shares a loop, it runs serially.
  public func share(_ pieces: Int, _ body: (_ piece: Int) -> Void) {
    share(pieces) { piece, _ in body(piece) }
  }

  /// As `share`, telling `body` also which thread runs it (`0..<count`), to choose scratch memory.
  public func share(_ pieces: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
    guard pieces > 1, count > 1,
      isSharing.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      for piece in 0..<max(pieces, 0) { body(piece, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      job = Job(pieces: pieces, body: body)
      next.store(0, ordering: .relaxed)
      busy.store(count - 1, ordering: .relaxed)
      generation.add(1, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
      }
      work(thread: 0)
      var spins = 0
      while busy.load(ordering: .acquiring) > 0 {
        spins += 1
        // Where other programs want the cores, the last piece may wait for ours.
        if spins < 20_000 { machine_relax() } else { sched_yield() }
      }
      job.body = nil
    }
    isSharing.store(false, ordering: .releasing)
  }

  /// Divides `0..<length` into one contiguous range a thread (ends at multiples of `alignment`)
  /// and calls `body` with each that is not empty; the ranges depend on `count` alone.
  public func divide(
    _ length: Int, alignment: Int = 1, _ body: (_ range: Range<Int>, _ part: Int) -> Void
  ) {
    let units = (length + alignment - 1) / alignment
    let parts = min(count, units)
    share(parts) { (part: Int) in
      let start = units * part / parts * alignment
      let end = min(length, units * (part + 1) / parts * alignment)
      if start < end { body(start..<end, part) }
    }
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

  private func start() {
    serve(thread: started.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  private func serve(thread: Int) {
    machine_flush_denormals()
    var seen = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        if stopped.load(ordering: .relaxed) { return }
        spins += 1
        if spins < 4_000 {
          machine_relax()
        } else {
          sleep(unless: seen)
        }
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
      !stopped.load(ordering: .relaxed)
    {
      pthread_cond_wait(wake, mutex)
    }
    pthread_mutex_unlock(mutex)
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
  }
}
