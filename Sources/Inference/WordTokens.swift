/// What each token of a vocabulary does to a word reader, worked out once.

import Machine
import Tokenizers

/// The bytes of all tokens, and the verdicts they bring about at every place.
final class WordTokens: Sendable {
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

  /// What all tokens do at a place where no character is unfinished.
  struct Table: Sendable {
    var effects: [Effect] = []
    /// The reader behind each token.
    fileprivate(set) var readers: [WordReader] = []
    /// The bytes of each token that belong to the word; nil if those are not what the word gains.
    fileprivate(set) var parts: [Range<Int>?] = []
  }

  /// The bytes of every token; none for special tokens and for those the tokenizer does not know.
  let bytes: [[UInt8]]
  /// How many tokens the tokenizer knows.
  let known: Int
  private let isSpecial: [Bool]
  /// By place; made when they are asked for, since few contexts lead to all places.
  private let tables = Guarded<[Table?]>(
    [Table?](repeating: nil, count: WordReader.Place.allCases.count))

  init(tokenizer: some TextTokenizer, vocabularySize: Int) {
    known = min(tokenizer.vocabularySize, vocabularySize)
    let isSpecial = (0..<known).map { tokenizer.isSpecial(Token($0)) }
    bytes = (0..<known).map { isSpecial[$0] ? [] : tokenizer.bytes(of: Token($0)) }
    self.isSpecial = isSpecial
  }

  /// What all tokens do at a place where no character is unfinished.
  func table(at place: WordReader.Place) -> Table {
    tables.withLock { tables in
      let index = Int(place.rawValue)
      if let table = tables[index] { return table }
      let table = makeTable(at: place)
      tables[index] = table
      return table
    }
  }

  private func makeTable(at place: WordReader.Place) -> Table {
    var table = Table()
    table.effects.reserveCapacity(known)
    table.readers.reserveCapacity(known)
    table.parts.reserveCapacity(known)
    var word: [UInt8] = []
    for token in 0..<known {
      word.removeAll(keepingCapacity: true)
      var reader = WordReader(at: place)
      table.effects.append(read(token, reader: &reader, word: &word))
      table.readers.append(reader)
      let own = bytes[token]
      let last = own.count - word.count
      let start = last < 0 ? nil : (0...last).first { own[$0...].starts(with: word) }
      table.parts.append(start.map { $0..<$0 + word.count })
    }
    return table
  }

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
