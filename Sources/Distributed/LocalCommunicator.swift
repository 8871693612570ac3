/// The communicator of a process that works alone.

import Glibc

/// One process, numbered 0; it has nobody to write to.
public final class LocalCommunicator: Communicator {
  /// 0.
  public let rank = 0
  /// 1.
  public let size = 1

  /// A process of its own.
  public init() {}

  /// Not for a process that is alone.
  public func send(_ bytes: UnsafeRawBufferPointer, to process: Int, tag: Int) -> any Transfer {
    preconditionFailure("A process that is alone has nobody to write to.")
  }

  /// Not for a process that is alone.
  public func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from process: Int, tag: Int
  ) -> any Transfer {
    preconditionFailure("A process that is alone has nobody to hear from.")
  }

  /// Ends this process.
  public func abandon(code: Int32) -> Never { exit(code) }
}
