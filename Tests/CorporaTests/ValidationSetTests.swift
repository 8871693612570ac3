/// What a model is measured on: fixed windows, and the bytes that they stand for.

import Corpora
import TestSupport
import Testing
import Tokenizers

@Suite("Validation sets")
struct ValidationSetTests {
  private let folder: TemporaryFolder
  private let tokenizer: Tokenizer

  init() throws {
    folder = TemporaryFolder()
    tokenizer = try makeByteTokenizer()
  }

  @Test("windows are those of the stream, in order, up to the limit")
  func windows() throws {
    let written = makeTexts(30)
    let corpus = try Corpus([folder.write(makeObjects(written), to: "a.jsonl")])
    let expected = referenceWindows(referenceStream(written), length: 10)
    let all = try ValidationSet(corpus: corpus, tokenizer: tokenizer, length: 10)
    #expect(all.windows == expected.count)
    #expect(all.inputs == expected.flatMap { $0.dropLast() })
    #expect(all.targets == expected.flatMap { $0.dropFirst() })
    let some = try ValidationSet(
      corpus: corpus, tokenizer: tokenizer, length: 10, maximumTokens: 55)
    #expect(some.windows == 5)
    #expect(some.tokens == 50)
    #expect(some.targets == Array(all.targets[..<50]))
    #expect(some.rows(1..<3).inputs == Array(all.inputs[10..<30]))
  }

  @Test("fewer windows than there are lie evenly spread, the first one first")
  func spread() throws {
    let written = makeTexts(30)
    let corpus = try Corpus([folder.write(makeObjects(written), to: "a.jsonl")])
    func set(_ tokens: Int, span: Int) throws -> ValidationSet {
      try ValidationSet(
        corpus: corpus, tokenizer: tokenizer, length: 10, maximumTokens: tokens, span: span)
    }
    let expected = referenceWindows(referenceStream(written), length: 10)
    try #require(expected.count > 24)
    // Three of twelve, then of all there are, however much more is asked for.
    for (span, available) in [(120, 12), (129, 12), (1 << 40, expected.count)] {
      let some = try set(30, span: span)
      let chosen = [0, available / 3, 2 * available / 3].map { expected[$0] }
      #expect(some.windows == 3)
      #expect(some.inputs == chosen.flatMap { $0.dropLast() })
      #expect(some.targets == chosen.flatMap { $0.dropFirst() })
    }
    // A span of less than is wanted changes nothing.
    let (some, plain) = (try set(120, span: 50), try set(120, span: 0))
    #expect(some.inputs == plain.inputs)
    #expect(some.bytes == plain.bytes)
    #expect(some.inputs == expected[..<12].flatMap { $0.dropLast() })
  }

  @Test("bytes are those of the targets, separators counting none")
  func bytes() throws {
    let corpus = try Corpus([folder.write(makeObjects(["grüße", "漢字"]), to: "a.jsonl")])
    // Separator and 7 bytes, separator and 6 bytes: 15 tokens, of which 14 are targets.
    let set = try ValidationSet(corpus: corpus, tokenizer: tokenizer, length: 7)
    #expect(set.tokens == 14)
    #expect(set.bytes == 13)
  }

  @Test("too little text and an empty part are refused")
  func refusals() throws {
    let corpus = try Corpus([folder.write(makeObjects(["abc"]), to: "a.jsonl")])
    #expect(throws: CorpusError.tooShort(tokens: 4, needed: 5)) {
      try ValidationSet(corpus: corpus, tokenizer: tokenizer, length: 4)
    }
    let none = Split.validation(validationFraction: 0)
    #expect(throws: CorpusError.emptyPart(documents: 1, split: none)) {
      try ValidationSet(corpus: corpus, split: none, tokenizer: tokenizer, length: 4)
    }
  }
}
