/// What each token of a vocabulary does to a word reader, worked out once.

import Tokenizers

/// The bytes of all tokens, and the verdicts they bring about at every place.
struct WordTokens: Sendable {
  /// What a token does.
  enum Effect: UInt8, Sendable {
    /// Nothing is settled yet.
    case goesOn
    case rejected
    /// The word read so far is over.
    case endsWord
    /// A word ends inside the token, some of whose bytes belong to it.
    case completesWord
    case punctuation
    case lineBreak
    case endOfText
  }

  /// The bytes of every token; none for special tokens and for those the tokenizer does not know.
  let bytes: [[UInt8]]
  /// How many tokens the tokenizer knows.
  let known: Int
  private let isSpecial: [Bool]
  /// By place, then by token.
  private let effects: [[Effect]]

  init(tokenizer: some TextTokenizer, vocabularySize: Int) {
    known = min(tokenizer.vocabularySize, vocabularySize)
    let isSpecial = (0..<known).map { tokenizer.isSpecial(Token($0)) }
    let bytes = (0..<known).map { isSpecial[$0] ? [] : tokenizer.bytes(of: Token($0)) }
    self.isSpecial = isSpecial
    self.bytes = bytes
    effects = WordReader.Place.allCases.map { place in
      (0..<bytes.count).map {
        var word: [UInt8] = []
        var reader = WordReader(at: place)
        return Self.effect(of: bytes[$0][...], isSpecial[$0], &reader, &word)
      }
    }
  }

  /// The effects of all tokens at a place where no character is unfinished.
  func effects(at place: WordReader.Place) -> [Effect] { effects[Int(place.rawValue)] }

  /// What the bytes of `token` from `offset` on do to `reader`; `word` gets those that belong to it.
  func read(
    _ token: Int, from offset: Int = 0, reader: inout WordReader, word: inout [UInt8]
  ) -> Effect {
    Self.effect(of: bytes[token][offset...], isSpecial[token], &reader, &word)
  }

  private static func effect(
    of bytes: ArraySlice<UInt8>, _ isSpecial: Bool, _ reader: inout WordReader,
    _ word: inout [UInt8]
  ) -> Effect {
    switch isSpecial ? reader.end() : reader.read(bytes, word: &word) {
    case .undecided: .goesOn
    case .rejected: .rejected
    case .word: word.isEmpty ? .endsWord : .completesWord
    case .punctuation: .punctuation
    case .lineBreak: .lineBreak
    case .endOfText: .endOfText
    }
  }
}
