/// What the README of the embedded corpus says about it.

import Corpora
import FoundationEssentials
import Testing

@Suite("The embedded corpus")
struct EmbeddedCorpusTests {
  private let path = packageRoot + "/corpora/tales.jsonl.zst"

  @Test("it has at least 5 MB of text in less than 2 MB, in tales of 120 to 500 words")
  func sizes() throws {
    let corpus = try Corpus([path])
    let tales = try texts(corpus)
    #expect(corpus.compressedBytes < 2_000_000)
    #expect(tales.reduce(0) { $0 + $1.utf8.count } >= 5_000_000)
    let words = tales.map { $0.split { $0 == " " || $0 == "\n" }.count }
    #expect(words.allSatisfy { (120...500).contains($0) })
    #expect(Set(tales).count == tales.count)
  }

  @Test("its validation part is the one that the rule in the documentation chooses")
  func validation() throws {
    // Counted by the Python lines in docs/corpora.md.
    let held = try texts(Corpus([path]), split: .validation(validationFraction: 0.05))
    #expect(held.count == 265)
    #expect(held.reduce(0) { $0 + $1.utf8.count } == 356_080)
  }

  @Test("every tale has a title, and nothing of the grammar shows")
  func titles() throws {
    let titles = try {
      let reader = try Corpus([path], textField: "title").makeReader()
      var titles: [String] = []
      while let title = try reader.next() { titles.append(title.text) }
      return titles
    }()
    #expect(titles.allSatisfy { !$0.isEmpty && $0.count < 60 })
    for text in try texts(Corpus([path])) + titles {
      #expect(!text.contains { "{}[]|()".contains($0) })
      #expect(!text.contains("  "))
    }
  }
}
