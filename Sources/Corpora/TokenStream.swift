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
  /// One for all documents, so that its cache of words stays warm.
  private var encoder: StreamingEncoder
  private var isInside = false
  private var hasText = false

  init(_ reader: DocumentReader, tokenizer: Tokenizer) {
    self.reader = reader
    self.tokenizer = tokenizer
    encoder = tokenizer.makeEncoder()
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
      hasText = false
      return .start
    }
    let isText = try reader.readChunk { chunk in
      if !hasText, let separator = tokenizer.endOfText { tokens.append(separator) }
      hasText = true
      encoder.append(chunk, to: &tokens)
    }
    if !isText {
      if hasText { encoder.finish(into: &tokens) }
      isInside = false
    }
    return .text
  }
}
