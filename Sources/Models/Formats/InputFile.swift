/// A file that is read at positions.

import Glibc
import Machine

/// An open file of known size; reads do not move a cursor, so threads may share it.
final class InputFile: Sendable {
  let path: String
  let size: Int
  private let descriptor: Int32

  init(_ path: String) throws(ModelFileError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw ModelFileError(FileFailure("read", path)) }
    var status = stat()
    if fstat(descriptor, &status) != 0 {
      let failure = FileFailure("read", path)
      close(descriptor)
      throw ModelFileError(failure)
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      close(descriptor)
      throw ModelFileError(FileFailure("read", path, code: EISDIR))
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `bytes` from `position` on.
  func read(at position: Int, into bytes: UnsafeMutableRawBufferPointer) throws(ModelFileError) {
    guard let start = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      let count = pread(descriptor, start + done, bytes.count - done, off_t(position + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw ModelFileError(FileFailure("read", path))
      }
      if count == 0 {
        throw ModelFileError(
          .badData, path, "the file ends at byte \(position + done) while it is being read",
          hint: "Something else is writing it; wait for that to finish.")
      }
      done += count
    }
  }

  /// The bytes from `position` on.
  func read(at position: Int, count: Int) throws(ModelFileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: ModelFileError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(ModelFileError) {
        try read(at: position, into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// The whole of a file that is expected to be small.
  static func whole(_ path: String) throws(ModelFileError) -> [UInt8] {
    let file = try InputFile(path)
    return try file.read(at: 0, count: file.size)
  }
}
