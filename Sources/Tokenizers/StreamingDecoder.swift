/// Decoding tokens as they come, without ever breaking a character.

/// Turns tokens into text one by one; bytes of a character that is not complete yet are held back.
///
/// Bytes that cannot become a character any more give U+FFFD, one for each maximal valid prefix, as
/// Unicode recommends and Swift's `String(decoding:as:)` does.
public struct StreamingDecoder {
  private let tokenizer: Tokenizer
  private var state: TokenDecoder.State
  private var held: [UInt8] = []

  /// A decoder at the start of a text.
  public init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    state = tokenizer.decoder.start()
  }

  /// The characters that are complete with this token.
  public mutating func append(_ token: Token) -> String {
    tokenizer.decoder.append(tokenizer.model.vocabulary.bytes(of: token), &state, to: &held)
    let complete = held.count - StreamingDecoder.incompleteCount(held)
    let text = String(decoding: held[..<complete], as: UTF8.self)
    held.removeFirst(complete)
    return text
  }

  /// What was held back, as U+FFFD; the decoder is then at the start of a new text.
  public mutating func finish() -> String {
    let text = String(decoding: held, as: UTF8.self)
    held.removeAll()
    state = tokenizer.decoder.start()
    return text
  }

  /// How many bytes at the end are the valid beginning of a character.
  static func incompleteCount(_ bytes: [UInt8]) -> Int {
    var count = 1
    while count <= min(3, bytes.count) {
      let lead = bytes[bytes.count - count]
      if lead < 0x80 { return 0 }
      if lead & 0xC0 != 0x80 {
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        if lead < 0xC2 || lead > 0xF4 || count >= length { return 0 }
        if count == 1 { return 1 }
        let second = bytes[bytes.count - count + 1]
        let valid: ClosedRange<UInt8> =
          switch lead {
          case 0xE0: 0xA0...0xBF
          case 0xED: 0x80...0x9F
          case 0xF0: 0x90...0xBF
          case 0xF4: 0x80...0x8F
          default: 0x80...0xBF
          }
        return valid.contains(second) ? count : 0
      }
      count += 1
    }
    return 0
  }
}
