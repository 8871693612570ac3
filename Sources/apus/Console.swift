/// Standard output and standard error: data on one, everything said to a person on the other.

import Glibc
import Machine

/// The two streams, unbuffered.
enum Console {
  /// Whether a descriptor is a terminal.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// The width of the terminal on standard error, in columns.
  static var columns: Int {
    var size = winsize()
    let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

  /// Writes one or more lines to standard error, whoever listens; from a process of several only if
  /// it is the first, or `always`.
  static func say(_ text: String, always: Bool = false) {
    sayInPlace(text + "\n", always: always)
  }

  /// Writes to standard error without ending the line.
  static func sayInPlace(_ text: String, always: Bool = false) {
    if Cooperation.isSilent, !always { return }
    _ = writeAll(Array(text.utf8), to: STDERR_FILENO)
  }

  /// Writes help to standard output, whoever listens.
  static func show(_ text: String) {
    _ = writeAll(Array(text.utf8), to: STDOUT_FILENO)
  }

  /// Writes data to standard output.
  ///
  /// - Throws: `Failure` 74 if the bytes cannot be written; a closed pipe ends the command quietly
  ///   with 0.
  static func write(_ bytes: [UInt8]) throws(Failure) {
    let code = writeAll(bytes, to: STDOUT_FILENO)
    if code == EPIPE { throw .silentSuccess }
    if code != 0 {
      throw Failure(
        "cannot write to standard output: \(String(cString: strerror(code)))", status: .inputOutput,
        hint: code == ENOSPC
          ? "free some space, or write to another disk" : ExitStatus.inputOutput.usualHint)
    }
  }

  /// Writes data to standard output; see `write(_:)` for bytes.
  static func write(_ text: String) throws(Failure) {
    try write(Array(text.utf8))
  }

  /// The error number of a failed write, or 0.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count, let start = buffer.baseAddress {
        let count = Glibc.write(descriptor, start + done, buffer.count - done)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        done += count
      }
      return 0
    }
  }
}
