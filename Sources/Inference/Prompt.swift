/// A prompt as tokens that stand whatever follows, and the bytes after them that the text must spell.

import Tokenizers

/// Where generation starts.
///
/// A prompt that ends inside a word, or with a space, has at its end tokens that the tokenizer would
/// not have made had it seen what follows. Those are taken back, and the bytes they stand for become
/// the `cover`: the first tokens of every sample are drawn among all that spell it.
public struct Prompt: Sendable, Equatable {
  /// What the model reads before it is asked for the first time; never empty in a usable prompt.
  public var tokens: [Token]
  /// The bytes that the next tokens begin with.
  public var cover: [UInt8]

  /// A prompt that is continued as its tokens stand.
  public init(tokens: [Token]) {
    self.tokens = tokens
    cover = []
  }

  /// The text `text`, open at its end, or, if `isWhole`, as the tokenizer cuts it.
  ///
  /// If no token of it stands whatever follows, the end of the text is put in front, which begins
  /// every document in training. Text that the tokenizer rewrites is taken as it cuts it.
  public init(_ text: String, tokenizer: some TextTokenizer, isWhole: Bool = false) {
    let bytes = Array(text.utf8)
    let start = tokenizer.endOfText.map { [$0] } ?? []
    tokens = tokenizer.tokens(of: bytes)
    cover = []
    if tokens.isEmpty { tokens = start }
    if isWhole || bytes.isEmpty { return }
    let cut = min(StableCut.offset(in: text, tokenizer: tokenizer), bytes.count)
    let stable = tokenizer.tokens(of: Array(bytes[..<cut]))
    guard !(stable + start).isEmpty,
      stable.flatMap({ tokenizer.bytes(of: $0) }) == Array(bytes[..<cut])
    else { return }
    tokens = stable.isEmpty ? start : stable
    cover = Array(bytes[cut...])
  }
}
