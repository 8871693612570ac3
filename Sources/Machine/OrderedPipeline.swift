/// Work handed out to threads while it is being read, with the results in the order of the work.

import Glibc

/// Threads that turn inputs into outputs, each input once; for one producer, who is also the consumer.
///
/// The producer lends a hand while it waits, so that no thread is idle: with one thread in all,
/// the producer does everything. Memory is bounded by the number of inputs under way.
public final class OrderedPipeline<Input: Sendable, Output: Sendable> {
  private let shared: Shared
  /// How many inputs are under way before the producer lends a hand: enough to keep the others busy
  /// while it does.
  private let capacity: Int

  /// Starts `threads - 1` threads, which end with the pipeline.
  ///
  /// - Parameters:
  ///   - threads: The threads that work, the producer's included.
  ///   - work: What is done; it is told which thread does it (`0..<threads`).
  public init(
    threads: Int, _ work: @escaping @Sendable (_ input: Input, _ thread: Int) -> Output
  ) {
    precondition(threads > 0, "A pipeline needs at least one thread.")
    capacity = threads == 1 ? 1 : 4 * threads
    shared = Shared(work)
    for thread in 1..<max(threads, 1) {
      startThread("apus-worker") { [shared] in shared.serve(thread: thread) }
    }
  }

  deinit { shared.stop() }

  /// Takes an input, and hands every output that is due to `body`, in order.
  public func submit(_ input: Input, _ body: (Output) throws -> Void) rethrows {
    shared.add(input)
    while let output = shared.take(unless: { $0 < self.capacity }) { try body(output) }
  }

  /// Waits for all outputs.
  public func finish(_ body: (Output) throws -> Void) rethrows {
    while let output = shared.take(unless: { $0 == 0 }) { try body(output) }
  }

  /// What the threads share.
  private final class Shared: @unchecked Sendable {
    private let work: @Sendable (Input, Int) -> Output
    private var inputs: [(number: Int, input: Input)] = []
    private var outputs: [Int: Output] = [:]
    private var submitted = 0
    private var taken = 0
    private var isStopped = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ work: @escaping @Sendable (Input, Int) -> Output) {
      self.work = work
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(changed, nil)
    }

    deinit {
      pthread_cond_destroy(changed)
      pthread_mutex_destroy(mutex)
      changed.deallocate()
      mutex.deallocate()
    }

    func add(_ input: Input) {
      pthread_mutex_lock(mutex)
      inputs.append((submitted, input))
      submitted += 1
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }

    /// The next output, ready or worked and waited for unless few enough are under way.
    func take(unless isEnough: (_ underWay: Int) -> Bool) -> Output? {
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      while true {
        if let output = outputs.removeValue(forKey: taken) {
          taken += 1
          return output
        }
        if isEnough(submitted - taken) { return nil }
        if !workOnce(thread: 0) { pthread_cond_wait(changed, mutex) }
      }
    }

    /// Works on the first input that waits, if there is one; the mutex is held before and after.
    private func workOnce(thread: Int) -> Bool {
      if inputs.isEmpty { return false }
      let (number, input) = inputs.removeFirst()
      pthread_mutex_unlock(mutex)
      let output = work(input, thread)
      pthread_mutex_lock(mutex)
      outputs[number] = output
      pthread_cond_broadcast(changed)
      return true
    }

    func serve(thread: Int) {
      pthread_mutex_lock(mutex)
      while !isStopped {
        if !workOnce(thread: thread) { pthread_cond_wait(changed, mutex) }
      }
      pthread_mutex_unlock(mutex)
    }

    func stop() {
      pthread_mutex_lock(mutex)
      isStopped = true
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
  }
}
