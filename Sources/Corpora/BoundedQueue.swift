/// A queue between two threads that holds a few elements and makes the faster side wait.

import Glibc

/// First in, first out, for one producer and one consumer.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  /// Elements that may still be added.
  private var room: Int
  private var elements: [Element] = []
  private var isClosed = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(capacity: Int) {
    precondition(capacity > 0, "A queue without room never moves.")
    room = capacity
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Whether nobody takes elements any more.
  var isClosedNow: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return isClosed
  }

  /// Waits until there is room, so that the producer makes nothing ahead of it; false if closed.
  func waitForRoom() -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while room == 0, !isClosed { pthread_cond_wait(changed, mutex) }
    return !isClosed
  }

  /// Adds an element; for the one producer, after `waitForRoom()`.
  func add(_ element: Element) {
    pthread_mutex_lock(mutex)
    elements.append(element)
    room = max(0, room - 1)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for the first element and takes it; its room stays taken until `makeRoom()`.
  func take() -> Element {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while elements.isEmpty { pthread_cond_wait(changed, mutex) }
    return elements.removeFirst()
  }

  /// Lets the producer add one more element.
  func makeRoom() {
    pthread_mutex_lock(mutex)
    room += 1
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// Waits at most so long; whether there is an element to take.
  func waitForElement(seconds: Double) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    let nanoseconds = deadline.tv_nsec + Int(min(max(seconds, 0), 86_400) * 1e9)
    deadline.tv_sec += nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while elements.isEmpty {
      if pthread_cond_timedwait(changed, mutex, &deadline) != 0 { break }
    }
    return !elements.isEmpty
  }

  /// Releases a producer that waits, and forgets the elements.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    elements.removeAll()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
