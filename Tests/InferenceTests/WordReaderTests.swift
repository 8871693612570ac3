import Inference
import Testing

@Suite("Word reader")
struct WordReaderTests {
  private func read(_ text: String, at place: WordReader.Place = .gap) -> (
    WordReader.Verdict, String
  ) {
    var reader = WordReader(at: place)
    var word: [UInt8] = []
    // Byte by byte, as tokens may cut characters.
    for byte in Array(text.utf8) {
      let verdict = reader.read([byte], word: &word)
      if verdict != .undecided { return (verdict, String(decoding: word, as: UTF8.self)) }
    }
    return (.undecided, String(decoding: word, as: UTF8.self))
  }

  @Test(
    "a word is letters, marks and digits, with apostrophes inside",
    arguments: [
      (" mat ", "mat"), ("  don't,", "don't"), (" l\u{2019}été.", "l\u{2019}été"),
      ("rock' n", "rock"), ("dogs''", "dogs"), (" well-known", "well"), ("42nd ", "42nd"),
      (" नमस्ते ", "नमस्ते"), ("日本、", "日本"), (" e\u{301}t—", "e\u{301}t"), ("snake_case", "snake"),
      ("\u{A0}nbsp\u{A0}", "nbsp"),
    ])
  func words(text: String, word: String) { #expect(read(text) == (.word, word)) }

  @Test("a word is not over before the character behind it is known")
  func undecided() {
    #expect(read(" mat") == (.undecided, "mat"))
    #expect(read(" don'") == (.undecided, "don"))
    #expect(read("   ") == (.undecided, ""))
  }

  @Test("punctuation, line breaks and broken bytes are outcomes of their own")
  func others() {
    #expect(read(" \"Yes").0 == .punctuation)
    #expect(read("'tis").0 == .punctuation)
    #expect(read("🐦").0 == .punctuation)
    #expect(read("  \n").0 == .lineBreak)
    #expect(read("\r\n").0 == .lineBreak)
    #expect(read("\u{2028}").0 == .lineBreak)
    var word: [UInt8] = []
    var reader = WordReader(at: .gap)
    #expect(reader.read([0xC3], word: &word) == .undecided)
    #expect(reader.read([0x28], word: &word) == .punctuation)
    reader = WordReader(at: .word)
    #expect(reader.read([0xED, 0xA0, 0x80], word: &word) == .word)
  }

  @Test("behind a word that is over, letters are ruled out")
  func afterWord() {
    #expect(read("re", at: .afterWord).0 == .rejected)
    #expect(read("'s", at: .afterWord).0 == .rejected)
    #expect(read("' ", at: .afterWord).0 == .punctuation)
    #expect(read(", ", at: .afterWord).0 == .punctuation)
    #expect(read(" mat.", at: .afterWord) == (.word, "mat"))
    #expect(read("\n", at: .afterWord).0 == .lineBreak)
  }

  @Test("the end of the text ends a word, or is what comes next")
  func end() {
    var reader = WordReader(at: .afterWord)
    #expect(reader.end() == .endOfText)
    var word: [UInt8] = []
    #expect(reader.read(Array(" cat".utf8)[...], word: &word) == .undecided)
    #expect(reader.end() == .word)
  }
}
