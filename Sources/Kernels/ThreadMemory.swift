/// Memory of the calling thread for packed operands: grows to the largest need, ends with the thread.

import Glibc
import Machine

/// Two blocks of memory a thread, reserved on first use, so that a product allocates nothing.
final class ThreadMemory {
  private let left = Arena(capacity: 1 << 36)
  private let right = Arena(capacity: 1 << 36)

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let code = pthread_key_create(&key) { memory in
      if let memory { Unmanaged<ThreadMemory>.fromOpaque(memory).release() }
    }
    precondition(code == 0, "The system refused a place for a thread's memory.")
    return key
  }()

  private static var current: ThreadMemory {
    if let memory = pthread_getspecific(key) {
      return Unmanaged<ThreadMemory>.fromOpaque(memory).takeUnretainedValue()
    }
    let memory = ThreadMemory()
    pthread_setspecific(key, Unmanaged.passRetained(memory).toOpaque())
    return memory
  }

  /// `count` floats for a left operand, the same memory at every call on this thread.
  static func left(_ count: Int) -> UnsafeMutablePointer<Float> { block(current.left, count) }

  /// `count` floats for a right operand, the same memory at every call on this thread.
  static func right(_ count: Int) -> UnsafeMutablePointer<Float> { block(current.right, count) }

  private static func block(_ arena: Arena, _ count: Int) -> UnsafeMutablePointer<Float> {
    arena.rewind()
    return arena.floats(count)
  }
}
