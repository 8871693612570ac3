/// Decompresses zstd as a stream: any number of frames, in memory that a frame's window bounds.

import CZstd

/// The bytes that a `.zst` file stands for, a piece at a time.
///
/// Frames follow one another without a seam, as `cat a.zst b.zst` makes them. Memory is the window
/// that the compressor chose (8 MiB at level 19, up to 2 GiB with `--long=31`), whatever the size
/// of the file. A file that ends inside a frame is an error, never a short text; a checksum, where
/// there is one, is verified.
public final class ZstdReader {
  private let source: FileSource
  private let context: OpaquePointer
  private var isInsideFrame = true

  /// Opens the file at `path`; "-" is standard input.
  public convenience init(_ path: String) throws(CorpusError) {
    try self.init(FileSource(path))
  }

  init(_ source: FileSource) {
    guard let context = ZSTD_createDCtx() else {
      preconditionFailure("The system refused the memory of a decompressor.")
    }
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31)
    self.source = source
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  /// The compressed bytes consumed so far.
  public var compressedBytesRead: Int { source.consumedBytes }

  /// Fills `target` with text and returns the number of bytes; 0 means that the text ended, whole.
  public func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    while output.pos < output.size {
      let isExhausted = try source.isExhausted()
      if isExhausted, !isInsideFrame { break }
      let before = output.pos
      var code = 0
      try source.consume { available in
        var input = ZSTD_inBuffer(src: available.baseAddress, size: available.count, pos: 0)
        code = ZSTD_decompressStream(context, &output, &input)
        return input.pos
      }
      if ZSTD_isError(code) != 0 {
        throw .damaged(
          path: source.path, offset: source.consumedBytes,
          reason: String(cString: ZSTD_getErrorName(code)))
      }
      isInsideFrame = code != 0
      if isExhausted, isInsideFrame, output.pos == before {
        throw .truncated(path: source.path, offset: source.consumedBytes)
      }
    }
    return output.pos
  }
}
