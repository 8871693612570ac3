/// A thread of its own for work that takes long or waits.

import Glibc

/// Runs `body` on a new thread that shows as `name` in `top` and debuggers.
package func startThread(_ name: String, _ body: @escaping () -> Void) {
  let start = ThreadStart(name, body)
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { context in
      guard let context else { return nil }
      Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue().run()
      return nil
    }, Unmanaged.passRetained(start).toOpaque())
  precondition(code == 0, "The system refused a thread.")
  pthread_detach(thread)
}

/// What a new thread is told.
private final class ThreadStart {
  private let name: String
  private let body: () -> Void

  init(_ name: String, _ body: @escaping () -> Void) {
    self.name = name
    self.body = body
  }

  /// Names the calling thread, where the system lets it, and does the work.
  func run() {
    let file = open("/proc/thread-self/comm", O_WRONLY)
    if file >= 0 {
      _ = write(file, name, name.utf8.count)
      close(file)
    }
    body()
  }
}
