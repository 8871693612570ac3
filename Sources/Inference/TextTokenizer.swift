/// What inference asks of a tokenizer.

import Tokenizers

/// A map between bytes and tokens.
///
/// Every token stands for a fixed run of bytes, and no token crosses the border between two pieces
/// of `pretokenize`.
public protocol TextTokenizer: Sendable {
  /// Tokens there are.
  var vocabularySize: Int { get }
  /// The token between documents, if there is one.
  var endOfText: Token? { get }
  /// The bytes that `token` stands for; a special token has those of its name.
  func bytes(of token: Token) -> [UInt8]
  /// Whether `token` is a mark that text never contains.
  func isSpecial(_ token: Token) -> Bool
  /// Appends the tokens of a whole text; marks in it are read as plain text.
  func encode(bytes: UnsafeRawBufferPointer, into tokens: inout [Token])
  /// The pieces of `text` that are encoded one by one, as ranges of UTF-8 offsets.
  func pretokenize(_ text: String) -> [Range<Int>]
}

extension TextTokenizer {
  /// The tokens of a whole text.
  public func tokens(of text: [UInt8]) -> [Token] {
    var result: [Token] = []
    text.withUnsafeBytes { encode(bytes: $0, into: &result) }
    return result
  }
}

extension Tokenizer: TextTokenizer {}
