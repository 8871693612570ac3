/// Tokens in one of the forms that `apus tokenize` writes.

import ArgumentParser
import Tokenizers

/// How tokens are written.
enum TokenFormat: String, ExpressibleByArgument, CaseIterable {
  /// Decimal ids separated by spaces, one line a document.
  case ids
  /// Tokens as tokenizer.json spells them (`Ġ` is a space), one line a document.
  case pieces
  /// Unsigned 16-bit integers, little-endian, nothing between documents.
  case u16
  /// Unsigned 32-bit integers, little-endian, nothing between documents.
  case u32

  /// Whether the form is no text.
  var isBinary: Bool { self == .u16 || self == .u32 }
}

/// Writes documents token by token.
struct TokenWriter: ~Copyable {
  private let format: TokenFormat
  private let tokenizer: Tokenizer
  private var output: Output
  private var isInsideLine = false
  /// Tokens written.
  private(set) var tokens = 0
  /// Documents written.
  private(set) var documents = 0

  /// Writes to a file, or to standard output if `path` is nil or `-`.
  init(_ path: String?, format: TokenFormat, tokenizer: Tokenizer) throws {
    self.format = format
    self.tokenizer = tokenizer
    output = try Output(path)
  }

  /// Writes tokens of the current document.
  mutating func write(_ list: [Token]) throws {
    tokens += list.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(list.count * 6)
    for token in list {
      switch format {
      case .ids, .pieces:
        if isInsideLine { bytes.append(UInt8(ascii: " ")) }
        isInsideLine = true
        bytes.append(
          contentsOf: format == .ids
            ? String(token).utf8 : TokenText.spelled(token, by: tokenizer).utf8)
      case .u16, .u32:
        for shift in 0..<(format == .u16 ? 2 : 4) {
          bytes.append(UInt8(truncatingIfNeeded: token >> (8 * Token(shift))))
        }
      }
    }
    try output.write(bytes)
  }

  /// Ends the current document.
  mutating func endDocument() throws {
    documents += 1
    isInsideLine = false
    if !format.isBinary { try output.write("\n") }
  }

  /// Lets a reader at the other end of a pipe see what was written.
  mutating func flush() throws {
    if output.isStandardOutput { try output.flush() }
  }

  /// Completes the output.
  mutating func finish() throws { try output.finish() }
}
