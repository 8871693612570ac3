/// The threads that share a loop: a pool that starts once and waits by spinning, then sleeping.

import CMachine
import Glibc

/// A fixed set of threads that run the pieces of one loop at a time.
///
/// Pieces are handed out by a counter, so the *assignment* of pieces to threads varies from run to
/// run; results do not, as long as a piece writes only what belongs to that piece. Denormal numbers
/// count as zero on every thread of the pool, the calling one included, so that a result does not
/// depend on the thread that computed it.
///
/// Not for work that blocks: every thread spins for about 50 µs between loops.
public final class Workers: Sendable {
  private static let pool = Guarded<Workers?>(nil)

  /// Makes `shared` a pool of `count` threads; not while it shares a loop.
  public static func configure(count: Int) {
    precondition(count > 0, "A pool needs at least one thread.")
    pool.withLock { if $0?.count != count { $0 = Workers(count: count) } }
  }

  /// The pool that kernels use: one thread a core unless `configure` said otherwise.
  public static var shared: Workers {
    pool.withLock { pool in
      if let pool { return pool }
      let first = Workers(count: Processor.cores)
      pool = first
      return first
    }
  }

  /// The number of threads, the calling one included.
  public let count: Int
  private let crew: Crew

  /// Starts `count - 1` threads, which end with the pool; the caller of `share` is the last one.
  public init(count: Int) {
    self.count = count
    crew = Crew(helpers: count - 1)
    machine_flush_denormals()
  }

  deinit { crew.stop() }

  /// Calls `body` once for every piece in `0..<pieces`, on all threads, and returns when all are done.
  ///
  /// Called from inside a piece, or while another thread shares a loop, it runs serially.
  public func share(_ pieces: Int, _ body: (_ piece: Int) -> Void) {
    share(pieces) { piece, _ in body(piece) }
  }

  /// As `share`, telling `body` also which thread runs it (`0..<count`), to choose scratch memory.
  public func share(_ pieces: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
    if pieces > 1, count > 1, crew.run(pieces, body) { return }
    for piece in 0..<max(pieces, 0) { body(piece, 0) }
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
}
