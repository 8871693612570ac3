/// The decompressed bytes of one file, in a window that slides and grows only for a long line.

import Glibc
import Machine

/// A window onto the text of a file: `bytes[range]` is what was read and not yet dropped.
final class TextBuffer {
  private(set) var bytes = [UInt8](repeating: 0, count: 1 << 18)
  /// What lies in the window.
  private(set) var range = 0..<0
  /// The place of the window's first byte in the decompressed file.
  private(set) var offset = 0
  let path: String
  private let source: FileSource
  private let decompressor: ZstdReader?
  private var isAtEnd = false

  /// Opens `file` at the byte `offset` of its text, behind a byte-order mark if there is one.
  init(_ file: CorpusFile, offset: Int) throws(CorpusError) {
    source = try FileSource(file.path)
    path = source.path
    decompressor = try CorpusFile.isCompressed(source) ? ZstdReader(source) : nil
    if offset > 0 {
      try skip(to: offset, of: file)
    } else {
      while range.count < 3, try fill() {}
      if bytes[range].starts(with: [0xef, 0xbb, 0xbf]) { drop(3) }
    }
  }

  /// The bytes of the file on disk that were consumed.
  var compressedBytesRead: Int { source.consumedBytes }

  /// Reads more behind the window; false when the file has ended.
  func fill() throws(CorpusError) -> Bool {
    if isAtEnd { return false }
    if range.isEmpty {
      range = 0..<0
    } else if range.lowerBound > bytes.count / 2 {
      bytes.withUnsafeMutableBytes { raw in
        let kept = UnsafeRawBufferPointer(rebasing: raw[range])
        raw.copyMemory(from: kept)
      }
      range = 0..<range.count
    } else if range.upperBound == bytes.count {
      bytes.append(contentsOf: repeatElement(0, count: bytes.count))
    }
    let end = range.upperBound
    var failure: CorpusError?
    let count = bytes.withUnsafeMutableBytes { raw in
      let target = UnsafeMutableRawBufferPointer(rebasing: raw[end...])
      do throws(CorpusError) {
        if let decompressor { return try decompressor.read(into: target) }
        return try source.read(into: target)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    isAtEnd = count == 0
    range = range.lowerBound..<end + count
    return count > 0
  }

  /// Takes `count` bytes off the window's front.
  func drop(_ count: Int) {
    range = range.lowerBound + count..<range.upperBound
    offset += count
  }

  /// The next line without its end, nil at the end of the file. `length` counts the end of the
  /// line too; drop that many bytes to go on.
  func nextLine() throws(CorpusError) -> (range: Range<Int>, length: Int)? {
    var searched = 0
    while true {
      let first = range.lowerBound
      let start = first + searched
      let found = bytes.withUnsafeBytes { raw -> Int? in
        guard let base = raw.baseAddress, start < range.upperBound,
          let hit = memchr(base + start, 0x0a, range.upperBound - start)
        else { return nil }
        return UnsafeRawPointer(hit) - base
      }
      if let end = found {
        let isCarriageReturn = end > first && bytes[end - 1] == 0x0d
        return (first..<(isCarriageReturn ? end - 1 : end), end + 1 - first)
      }
      searched = range.count
      if try !fill() {
        return range.isEmpty ? nil : (range, range.count)
      }
    }
  }

  private func skip(to target: Int, of file: CorpusFile) throws(CorpusError) {
    if decompressor == nil {
      if target > file.size { throw .positionOutside(path: path) }
      try source.seek(to: target)
      offset = target
      return
    }
    while offset < target {
      if range.isEmpty, try !fill() { throw .positionOutside(path: path) }
      drop(min(range.count, target - offset))
    }
  }
}
