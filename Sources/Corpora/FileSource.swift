/// The bytes of one file or pipe, through a buffer that can be looked at before it is consumed.

import Glibc
import Machine

/// An open descriptor and the bytes read ahead from it.
final class FileSource {
  /// The name for messages.
  let path: String
  /// The bytes handed out so far.
  private(set) var consumedBytes = 0
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private var buffer = [UInt8](repeating: 0, count: 1 << 17)
  private var start = 0
  private var end = 0
  private var isAtEnd = false

  /// Opens the file at `path`; "-" is standard input.
  init(_ path: String) throws(CorpusError) {
    if path == "-" {
      self.path = "standard input"
      descriptor = 0
      ownsDescriptor = false
    } else {
      self.path = path
      ownsDescriptor = true
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0 {
        throw errno == ENOENT ? .notFound(path: path) : .system(FileFailure("read", path))
      }
    }
  }

  deinit { if ownsDescriptor { close(descriptor) } }

  /// The next `count` bytes, or fewer at the end, without consuming them.
  func peek(_ count: Int) throws(CorpusError) -> ArraySlice<UInt8> {
    while end - start < count, !isAtEnd { try fill() }
    return buffer[start..<min(end, start + count)]
  }

  /// Lets `body` look at what is buffered (empty only at the end) and consumes as many bytes as it
  /// returns.
  func consume(_ body: (UnsafeRawBufferPointer) -> Int) throws(CorpusError) {
    if start == end, !isAtEnd { try fill() }
    let count = buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    start += count
    consumedBytes += count
  }

  /// Whether everything was handed out.
  func isExhausted() throws(CorpusError) -> Bool {
    if start == end, !isAtEnd { try fill() }
    return start == end
  }

  /// Copies bytes out; 0 only at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    var copied = 0
    try consume { available in
      copied = min(available.count, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: available[..<copied]))
      return copied
    }
    return copied
  }

  /// Skips to the byte `offset` of a file that nothing was consumed from.
  func seek(to offset: Int) throws(CorpusError) {
    if lseek(descriptor, off_t(offset), SEEK_SET) < 0 { throw .notRereadable(path: path) }
    start = 0
    end = 0
    isAtEnd = false
    consumedBytes = offset
  }

  private func fill() throws(CorpusError) {
    if start > 0 {
      buffer.withUnsafeMutableBytes { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
      end -= start
      start = 0
    }
    let offset = end
    precondition(offset < buffer.count, "More is looked at than the buffer holds.")
    while true {
      let count = buffer.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(FileFailure("read", path))
      }
      isAtEnd = count == 0
      end += count
      return
    }
  }
}
