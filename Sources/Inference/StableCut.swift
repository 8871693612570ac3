/// How far a text can be cut into tokens before it is known what follows it.

import Tokenizers

/// The part of a text whose tokens no continuation changes.
enum StableCut {
  /// The offset in UTF-8 up to which the tokens of `text` stand whatever follows.
  ///
  /// No token crosses the border of a piece, and a piece that something follows stays as it is; so
  /// this is where the last piece begins, or the one in which white space at the end begins.
  static func offset(in text: String, tokenizer: some TextTokenizer) -> Int {
    let trailing = text.unicodeScalars.reversed().prefix {
      let kind = WordReader.Kind($0)
      return kind == .space || kind == .lineBreak
    }
    let pieces = tokenizer.pretokenize(text)
    if trailing.isEmpty { return pieces.last?.lowerBound ?? 0 }
    let start = text.utf8.count - trailing.reduce(0) { $0 + String($1).utf8.count }
    return pieces.last { $0.lowerBound <= start }?.lowerBound ?? 0
  }
}
