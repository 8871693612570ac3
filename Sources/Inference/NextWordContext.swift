/// A context of a next word: the tokens that stand whatever follows, and the bytes after them.

import Tokenizers

/// How the end of a context is meant.
public enum ContextEnd: String, Sendable, CaseIterable {
  /// A letter or digit at the end ends a word: another word is asked for.
  case word
  /// The word at the end may go on: it is asked for as a whole.
  case inside
}

/// A context as tokens that stand whatever follows, the bytes after them that any continuation must
/// begin with, and what is known of the next word.
package struct NextWordContext: Sendable {
  /// Tokens that do not depend on what follows.
  package var tokens: [Token] = []
  /// The bytes of the context after those.
  package var cover: [UInt8] = []
  /// Where the context leaves the reader.
  package var place = WordReader.Place.gap
  /// The bytes of the next word that the context holds already.
  package var word: [UInt8] = []

  /// Reads the end of `text`.
  ///
  /// A word that is over stays as the tokenizer cuts it. Behind white space or punctuation, or inside a
  /// word, the tokenizer might have cut differently had it seen more; since no token crosses the
  /// border of a piece, going back to where the last piece begins is enough.
  package init(_ text: String, end: ContextEnd, tokenizer: some TextTokenizer) {
    let bytes = Array(text.utf8)
    guard let last = text.unicodeScalars.last else { return }
    var cut = bytes.count
    switch WordReader.Kind(last) {
    case .word where end == .word: place = .afterWord
    case .space, .lineBreak: cut = StableCut.offset(in: text, tokenizer: tokenizer)
    default:
      cut = StableCut.offset(in: text, tokenizer: tokenizer)
      if end == .inside { takeWord(from: text) }
    }
    tokens = tokenizer.tokens(of: Array(bytes[..<cut]))
    cover = Array(bytes[cut...])
  }

  /// Finds the beginning of a word at the end of `text`.
  private mutating func takeWord(from text: String) {
    var apostrophe: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      let kind = WordReader.Kind(scalar)
      if kind == .word {
        if let apostrophe { word += Array(String(apostrophe).utf8) }
        word += Array(String(scalar).utf8)
        apostrophe = nil
        place = .word
      } else if kind == .apostrophe || kind == .curlyApostrophe, place == .word {
        apostrophe = scalar
        place = kind == .apostrophe ? .wordApostrophe : .wordCurlyApostrophe
      } else {
        word = []
        apostrophe = nil
        place = .gap
      }
    }
  }
}
