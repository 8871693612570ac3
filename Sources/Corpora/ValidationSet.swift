/// The windows that a model is measured on: always the same, in order.

import Tokenizers

/// Windows of the first tokens of a part of a corpus, with the number of bytes that they stand for.
///
/// They are windows as in training (see `SequencePacker`), one after the other or, where fewer are wanted than
/// there are, spread out evenly: the first documents alone may be easier or harder than the rest, by 0.07 bits
/// per byte for 8,192 tokens of books. Fewer than `length` tokens are left out at the end. In memory: 8 bytes a token.
public struct ValidationSet: Sendable {
  /// The inputs of all windows, `windows × length`, row after row.
  public let inputs: [Token]
  /// The tokens to predict: the inputs shifted by one.
  public let targets: [Token]
  /// The number of windows.
  public let windows: Int
  /// The tokens of a window.
  public let length: Int
  /// The UTF-8 bytes that the targets stand for: the sum of nats over all targets, divided by
  /// `bytes × ln 2`, is bits per byte. The separators between documents are predicted too, and
  /// count no bytes.
  public let bytes: Int

  /// The number of targets.
  public var tokens: Int { windows * length }

  /// Reads documents in order until there are `span` targets, or `maximumTokens` if those are more, or no more
  /// text, and takes `maximumTokens` of them, window by window.
  ///
  /// - Throws: `tooShort` if there is less than one window, `emptyPart` if there is no document.
  public init(
    corpus: Corpus, split: Split = .all, tokenizer: Tokenizer, length: Int,
    maximumTokens: Int = .max, span: Int = 0
  ) throws(CorpusError) {
    precondition(length > 0, "A window has at least one token.")
    let reader = try corpus.makeReader(split: split)
    let stream = TokenStream(reader, tokenizer: tokenizer)
    let wanted = max(1, maximumTokens / length)
    let within = max(wanted, span / length)
    var tokens: [Token] = []
    reading: while (tokens.count - 1) / length < within {
      if case .end = try stream.read(into: &tokens) { break reading }
    }
    let available = min(within, (tokens.count - 1) / length)
    if tokens.isEmpty, split != .all {
      throw .emptyPart(documents: reader.position.documents, split: split)
    }
    if available < 1 { throw .tooShort(tokens: tokens.count, needed: length + 1) }
    let windows = min(wanted, available)
    self.windows = windows
    self.length = length
    let starts = (0..<windows).map { $0 * available / windows * length }
    inputs = starts.flatMap { tokens[$0..<$0 + length] }
    targets = starts.flatMap { tokens[$0 + 1...$0 + length] }
    var sizes = [Int](repeating: -1, count: tokenizer.vocabularySize)
    if let separator = tokenizer.endOfText { sizes[Int(separator)] = 0 }
    var total = 0
    for target in targets {
      if sizes[Int(target)] < 0 { sizes[Int(target)] = tokenizer.bytes(of: target).count }
      total += sizes[Int(target)]
    }
    bytes = total
  }

  /// The windows in `range` as a batch's inputs and targets.
  public func rows(_ range: Range<Int>) -> (inputs: [Token], targets: [Token]) {
    let tokens = range.lowerBound * length..<range.upperBound * length
    return (Array(inputs[tokens]), Array(targets[tokens]))
  }
}
