/// A small file that is complete on disk under a temporary name and waits for its own.

import Machine

/// A complete file that has not got its name yet.
final class PendingFile {
  let path: String
  private var file: AtomicFile

  init(_ path: String, _ bytes: [UInt8]) throws(FileFailure) {
    self.path = path
    file = try AtomicFile(path)
    try file.write(bytes)
  }

  /// Makes the file durable and gives it its name.
  func commit() throws(FileFailure) { try file.commit() }
}
