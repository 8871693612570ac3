/// Ctrl-C as a flag that long work polls between steps.

import CMachine
import Glibc
import Synchronization

/// The first SIGINT or SIGTERM sets a flag; the second ends the process at once.
public enum Interruption {
  private static let received = Atomic<Bool>(false)

  /// Whether the user asked to stop.
  public static var isRequested: Bool { received.load(ordering: .relaxed) }

  /// Starts to listen; before that, the signals end the process as usual.
  public static func observe() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      if Interruption.received.exchange(true, ordering: .relaxed) { _exit(130) }
    }
    action.sa_flags = SA_RESTART
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
  }

  /// Sets the flag as a signal would, or clears it; for tests.
  package static func simulate(_ requested: Bool) {
    received.store(requested, ordering: .relaxed)
  }
}
