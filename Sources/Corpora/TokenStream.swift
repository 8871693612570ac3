/// A corpus as one sequence of tokens, document after document.

import Tokenizers

/// Turns the documents of a reader into tokens, a chunk at a time.
///
/// Every document begins with the tokenizer's end-of-text token, if it has one, as in the data that
/// GPT-2 and its successors are trained on: the token separates documents, and the first word of a
/// document has something to be predicted from. Documents without text are passed over. Special
/// tokens that are spelled out in the text are encoded as plain text.
final class TokenStream {
  let reader: DocumentReader
  /// Where the document starts that the last tokens came from.
  var document: DocumentPosition { reader.documentPosition }
  private let tokenizer: Tokenizer
  private var encoder: StreamingEncoder?
  private var isInside = false

  init(_ reader: DocumentReader, tokenizer: Tokenizer) {
    self.reader = reader
    self.tokenizer = tokenizer
  }

  /// What one call of `read(into:)` has met.
  enum Step {
    /// A document starts; its first token, if any, will be the next.
    case start
    /// More of the document was encoded.
    case text
    /// The corpus has ended.
    case end
  }

  /// Appends the tokens of the next chunk.
  func read(into tokens: inout [Token]) throws(CorpusError) -> Step {
    if !isInside {
      guard try reader.advance() else { return .end }
      isInside = true
      encoder = nil
      return .start
    }
    var active = encoder
    encoder = nil
    let isText = try reader.readChunk { chunk in
      if active == nil {
        active = tokenizer.makeEncoder()
        if let separator = tokenizer.endOfText { tokens.append(separator) }
      }
      active?.append(chunk, to: &tokens)
    }
    if isText {
      encoder = active
    } else {
      active?.finish(into: &tokens)
      isInside = false
    }
    return .text
  }
}
