/// Files and folders that appear whole or not at all: temporary name, fsync, rename.

import CMachine
import Glibc

/// A file operation that the system refused.
public struct FileFailure: Error, CustomStringConvertible, Equatable {
  /// What was attempted, as a verb: "write", "create".
  public var action: String
  /// The path in question.
  public var path: String
  /// The system's error number.
  public var code: Int32

  /// Names the action, the path and the system's reason.
  public init(_ action: String, _ path: String, code: Int32 = errno) {
    self.action = action
    self.path = path
    self.code = code
  }

  /// The system's words for `code`.
  public var reason: String { String(cString: strerror(code)) }

  /// What failed, where and why.
  public var description: String { "cannot \(action) \(path): \(reason)" }

  /// Whether something was to be read that is there already.
  private var reads: Bool { ["open", "read"].contains(action) }

  /// What to do about it, if the system's number tells.
  public var hint: String? {
    switch code {
    case ENOSPC, EDQUOT: "free some space, or write to another disk"
    case EFBIG: "a limit on file sizes is set (ulimit -f)"
    case EACCES where reads, EPERM where reads: "you need the right to read it"
    case EACCES, EROFS, EPERM: "choose a place that you may write to"
    case EISDIR: "name a file, not a folder"
    case ENOENT where action == "create": "create the folder first"
    case ENOENT, ENOTDIR: "check the path"
    default: nil
    }
  }
}

/// A file that is written under a temporary name beside its destination and renamed when complete.
///
/// Nothing appears under the destination's name before `commit()`, and what was there before stays
/// until then; a file that is never committed is removed when the value dies.
public struct AtomicFile: ~Copyable {
  private let path: String
  private let temporaryPath: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private var isCommitted = false

  /// Opens a temporary file in the folder of `path`.
  public init(_ path: String) throws(FileFailure) {
    self.path = path
    temporaryPath = "\(path).partial-\(getpid())"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw FileFailure("create", path) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted { unlink(temporaryPath) }
  }

  /// Appends bytes.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
    if buffer.count + bytes.count < 1 << 16 {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush()
    if let failure = writeThrough(bytes) { throw failure }
  }

  /// Appends bytes.
  public mutating func write(_ bytes: [UInt8]) throws(FileFailure) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// Appends the UTF-8 form of a text.
  public mutating func write(_ text: String) throws(FileFailure) {
    try write(Array(text.utf8))
  }

  /// Makes durable what was written, still under the temporary name: a full disk shows here, before
  /// the first of several files gets its name.
  public mutating func synchronize() throws(FileFailure) {
    try flush()
    if fsync(descriptor) != 0 { throw FileFailure("write", path) }
  }

  /// Makes the file durable and gives it its name.
  public mutating func commit() throws(FileFailure) {
    try synchronize()
    let code = close(descriptor)
    descriptor = -1
    if code != 0 { throw FileFailure("write", path) }
    if rename(temporaryPath, path) != 0 { throw FileFailure("create", path) }
    isCommitted = true
    syncFolder(containing: path)
  }

  private mutating func flush() throws(FileFailure) {
    if let failure = buffer.withUnsafeBytes({ writeThrough($0) }) { throw failure }
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeThrough(_ bytes: UnsafeRawBufferPointer) -> FileFailure? {
    guard let start = bytes.baseAddress else { return nil }
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, start + done, bytes.count - done)
      if count < 0 {
        if errno == EINTR { continue }
        return FileFailure("write", path)
      }
      done += count
    }
    return nil
  }
}

/// Writes `text` as the whole of the file at `path`.
public func writeWhole(_ text: String, to path: String) throws(FileFailure) {
  var file = try AtomicFile(path)
  try file.write(text)
  try file.commit()
}

/// Makes the names in the folder of `path` durable.
public func syncFolder(containing path: String) {
  let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY)
  if descriptor >= 0 {
    fsync(descriptor)
    close(descriptor)
  }
}
