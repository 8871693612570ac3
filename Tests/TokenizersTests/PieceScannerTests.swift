/// The scanners cut text as their regular expressions do.

import Testing
import Tokenizers

@Suite("Split patterns")
struct PieceScannerTests {
  @Test(
    "a scanner cuts 3,000 random texts as ICU does by the pattern's regex",
    arguments: SplitPattern.named)
  func sameAsRegex(_ pattern: SplitPattern) throws {
    let scanned = try smallTokenizer(pattern)
    let matched = try smallTokenizer(SplitPattern("(?:\(pattern.regex))"))
    var texts = RandomText(seed: 11)
    for _ in 0..<3000 {
      let text = texts.text()
      #expect(scanned.pretokenize(text) == matched.pretokenize(text), "\(text.debugDescription)")
    }
  }

  @Test("pieces follow each other without gaps, whatever the bytes", arguments: SplitPattern.named)
  func noGaps(_ pattern: SplitPattern) throws {
    let tokenizer = try smallTokenizer(pattern)
    var texts = RandomText(seed: 12)
    for _ in 0..<500 {
      let text = texts.text()
      let pieces = tokenizer.pretokenize(text)
      #expect(pieces.first?.lowerBound == 0)
      #expect(pieces.last?.upperBound == text.utf8.count)
      #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }
  }

  @Test("white space gives its last character to the word that follows, not at the end of the text")
  func whitespace() throws {
    let tokenizer = try smallTokenizer(.gpt2)
    func pieces(_ text: String) -> [String] {
      tokenizer.pretokenize(text).map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    }
    #expect(pieces("a   b") == ["a", "  ", " b"])
    #expect(pieces("a\n\nb") == ["a", "\n", "\n", "b"])
    #expect(pieces("a\n\n") == ["a", "\n\n"])
    #expect(pieces("it's 'Tis I'LL") == ["it", "'s", " '", "Tis", " I", "'", "LL"])
  }

  @Test("cl100k keeps white space at the end whole, llama3 cuts it after its last newline")
  func finalSpace() throws {
    #expect(try smallTokenizer(.cl100k).pretokenize("a\n ") == [0..<1, 1..<3])
    #expect(try smallTokenizer(.llama3).pretokenize("a\n ") == [0..<1, 1..<2, 2..<3])
  }

  @Test("an unknown name is refused with the names there are, and so is a broken expression")
  func errors() {
    let error = #expect(throws: TokenizerError.self) { try SplitPattern("gpt5") }
    #expect(error?.hint?.contains("cl100k") == true)
    #expect(throws: TokenizerError.self) { try SplitPattern(#"(\p{L}+"#) }
    #expect(throws: TokenizerError.self) { try SplitPattern(#"\p{N}{1,3}+|."#) }
  }

  @Test("tiktoken's spellings are recognised as the named patterns")
  func recognised() throws {
    let r50k = #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#
    #expect(try SplitPattern(r50k) == .gpt2)
    for pattern in SplitPattern.named { #expect(try SplitPattern(pattern.regex) == pattern) }
  }
}
