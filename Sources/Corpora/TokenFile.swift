/// Files of bare token ids, as other training programs read them.

import Glibc
import Machine
import Tokenizers

/// How many bytes an id takes in a file without a header, least significant byte first.
public enum TokenWidth: Int, Sendable, CaseIterable {
  /// Two bytes: vocabularies up to 65,536.
  case u16 = 2
  /// Four bytes.
  case u32 = 4

  /// Whether every id below `vocabularySize` fits.
  public func holds(vocabularySize: Int) -> Bool { vocabularySize <= 1 << (8 * rawValue) }

  /// Appends the bytes of `tokens`, each of which must fit.
  public func append(_ tokens: some Sequence<Token>, to bytes: inout [UInt8]) {
    switch self {
    case .u16:
      for token in tokens {
        precondition(token < 1 << 16, "A token does not fit two bytes.")
        bytes.append(UInt8(truncatingIfNeeded: token))
        bytes.append(UInt8(truncatingIfNeeded: token >> 8))
      }
    case .u32:
      for token in tokens {
        withUnsafeBytes(of: token.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
  }
}

/// A token file under construction; it appears whole when `commit()` returns.
public struct TokenFileWriter: ~Copyable {
  /// The bytes per id.
  public let width: TokenWidth
  /// The tokens written so far.
  public private(set) var count = 0
  private var file: AtomicFile

  /// Opens a temporary file beside `path`.
  public init(_ path: String, width: TokenWidth) throws(FileFailure) {
    self.width = width
    file = try AtomicFile(path)
  }

  /// Appends tokens, each of which must fit the width.
  public mutating func write(_ tokens: some Collection<Token>) throws(FileFailure) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(tokens.count * width.rawValue)
    width.append(tokens, to: &bytes)
    try file.write(bytes)
    count += tokens.count
  }

  /// Gives the file its name.
  public mutating func commit() throws(FileFailure) { try file.commit() }
}

/// A token file to be read from its start.
public final class TokenFileReader {
  private let source: FileSource
  private let width: TokenWidth

  /// Opens the file at `path`; "-" is standard input.
  public init(_ path: String, width: TokenWidth) throws(CorpusError) {
    source = try FileSource(path)
    self.width = width
  }

  /// The next tokens, at most `count`; empty at the end. A file whose size is no whole number of
  /// tokens is an error.
  public func read(_ count: Int) throws(CorpusError) -> [Token] {
    let size = width.rawValue
    var tokens: [Token] = []
    while tokens.count < count {
      let head = try source.peek(min((count - tokens.count) * size, 1 << 16))
      if head.isEmpty { break }
      let whole = head.count / size
      if whole == 0 {
        throw .damaged(
          path: source.path, offset: source.consumedBytes, reason: "it ends inside a token")
      }
      for index in 0..<whole {
        var token: Token = 0
        for place in 0..<size {
          token |= Token(head[head.startIndex + index * size + place]) << (8 * Token(place))
        }
        tokens.append(token)
      }
      try source.consume { _ in whole * size }
    }
    return tokens
  }
}
