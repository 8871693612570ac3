/// A lock around a value, of the kind that every tool knows.

import Glibc

/// A value that one thread at a time may use.
///
/// As the standard library's `Mutex`, which is built without the thread sanitizer: what that lock has put
/// in order, the sanitizer reports as a race. It knows the C library's.
public final class Guarded<Value>: @unchecked Sendable {
  private var value: Value
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// Guards a value, which is not used from elsewhere any more.
  public init(_ value: Value) {
    self.value = value
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Waits until no other thread uses the value, and calls `body` with it.
  public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
