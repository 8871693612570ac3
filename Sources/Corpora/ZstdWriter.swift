/// Compresses a stream into a `.zst` file that appears whole or not at all.

import CZstd
import Glibc
import Machine

/// A zstd file under construction: one frame with a checksum, renamed into place by `commit()`.
public struct ZstdWriter: ~Copyable {
  private var file: AtomicFile
  private let path: String
  private let context: Context
  private var buffer: [UInt8]

  /// Opens a temporary file beside `path`. Levels run from 1 (fast) to 22 (small); 19 needs about
  /// 90 MB of memory.
  public init(_ path: String, level: Int = 19) throws(FileFailure) {
    guard let context = Context() else { throw FileFailure("compress", path, code: ENOMEM) }
    ZSTD_CCtx_setParameter(context.pointer, ZSTD_c_compressionLevel, Int32(level))
    ZSTD_CCtx_setParameter(context.pointer, ZSTD_c_checksumFlag, 1)
    let file = try AtomicFile(path)
    self.file = file
    self.context = context
    self.path = path
    buffer = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
  }

  /// The compressor's memory.
  private final class Context {
    let pointer: OpaquePointer

    init?() {
      guard let pointer = ZSTD_createCCtx() else { return nil }
      self.pointer = pointer
    }

    deinit { ZSTD_freeCCtx(pointer) }
  }

  /// Appends bytes.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
    try compress(bytes, ZSTD_e_continue)
  }

  /// Appends bytes.
  public mutating func write(_ bytes: [UInt8]) throws(FileFailure) {
    var failure: FileFailure?
    bytes.withUnsafeBytes { raw in
      do throws(FileFailure) { try compress(raw, ZSTD_e_continue) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Ends the frame and gives the file its name.
  public mutating func commit() throws(FileFailure) {
    try compress(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end)
    try file.commit()
  }

  private mutating func compress(
    _ bytes: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective
  ) throws(FileFailure) {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    while true {
      var written = 0
      let remaining = buffer.withUnsafeMutableBytes { target in
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let code = ZSTD_compressStream2(context.pointer, &output, &input, directive)
        written = output.pos
        return code
      }
      if ZSTD_isError(remaining) != 0 { throw FileFailure("compress", path, code: ENOMEM) }
      try file.write(Array(buffer[..<written]))
      if directive == ZSTD_e_end ? remaining == 0 : input.pos == input.size { return }
    }
  }
}
