/// Training sets that are parts of each other and share nothing with the test set.

import Corpora
import Machine
import Scaling
import TestSupport
import Testing
import Tokenizers

@Suite("The text of a study") struct StudyDataTests {
  private let folder = TemporaryFolder()

  /// A corpus of documents of random words, and a plan for it.
  private func plan() throws -> StudyPlan {
    var random = RandomSource(seed: 1, stream: 0)
    var text = ""
    for _ in 0..<200 {
      let words = (0..<60).map { _ -> String in
        (0..<4).map { _ in "abcdefgh".randomElement(using: &random).map(String.init) ?? "" }
          .joined()
      }
      text += "{\"text\": \"\(words.joined(separator: " "))\"}\n"
    }
    let path = try folder.write(text, to: "corpus.jsonl")
    var plan = StudyPlan(
      corpus: [path], sizes: [1_000, 2_000, 4_000, 8_000],
      models: [StudyModel(layers: 1, width: 32, heads: 1)], vocabularySize: 257, context: 32,
      sequences: 1)
    plan.seeds = 2
    plan.validationTokens = 1_024
    plan.testTokens = 1_024
    return plan
  }

  private func documents(_ name: String) throws -> [String] {
    let corpus = try Corpus([StudyData.path(name, in: folder("study"))])
    let reader = try corpus.makeReader()
    var texts: [String] = []
    while let document = try reader.next() { texts.append(document.text) }
    return texts
  }

  @Test("every set has its tokens; smaller ones begin larger ones of the same seed")
  func nested() throws {
    let tokenizer = try makeByteTokenizer()
    let plan = try plan()
    let summary = try StudyData(plan, tokenizer: tokenizer, folder: folder("study")).prepare()
    #expect(summary.documents == 200)
    #expect(summary.validationTokens >= 1_024)
    for seed in 1...2 {
      var before: [String] = []
      for size in plan.sizes {
        let texts = try documents("train-\(size)-seed-\(seed)")
        // A separator in front of every passage.
        #expect(texts.reduce(0) { $0 + 1 + $1.utf8.count } == size)
        #expect(Array(texts.prefix(max(0, before.count - 1))) == Array(before.dropLast()))
        if let cut = before.last { #expect(texts[before.count - 1].hasPrefix(cut)) }
        before = texts
      }
    }
    #expect(try documents("train-8000-seed-1") != documents("train-8000-seed-2"))
  }

  @Test("no training text is in the validation or the test set")
  func disjoint() throws {
    let plan = try plan()
    _ = try StudyData(plan, tokenizer: makeByteTokenizer(), folder: folder("study")).prepare()
    let training = Set(try documents("train-8000-seed-1") + documents("train-8000-seed-2"))
    let heldOut = Set(try documents("validation") + documents("test"))
    #expect(!heldOut.isEmpty)
    #expect(training.isDisjoint(with: heldOut))
    #expect(Set(try documents("validation")).isDisjoint(with: try documents("test")))
  }

  @Test("shuffled words are the same words")
  func shuffled() throws {
    let plan = try plan()
    _ = try StudyData(plan, tokenizer: makeByteTokenizer(), folder: folder("study")).prepare()
    let plain = try documents("test").joined(separator: " ")
    let mixed = try documents("test-shuffled").joined()
    #expect(plain != mixed)
    // The cut at the end of the set, and the words that meet at a passage's end, may differ.
    let words = Set(plain.split(separator: " "))
    let known = mixed.split(separator: " ").count { words.contains($0) }
    #expect(Double(known) > 0.75 * Double(mixed.split(separator: " ").count))
  }

  @Test("a corpus with less text than the largest set is refused")
  func tooLittle() throws {
    var plan = try plan()
    plan.sizes = [1_000, 2_000, 4_000, 900_000]
    let data = StudyData(plan, tokenizer: try makeByteTokenizer(), folder: folder("study"))
    #expect {
      try data.prepare()
    } throws: { error in
      guard case .tooLittleText = error as? ScalingError else { return false }
      return true
    }
  }

  @Test("sets that were drawn from something else are not taken for this study's")
  func otherSource() throws {
    let tokenizer = try makeByteTokenizer()
    let first = try plan()
    let folder = folder("study")
    _ = try StudyData(first, tokenizer: tokenizer, folder: folder).prepare()
    var changed: [StudyPlan] = Array(repeating: first, count: 5)
    changed[0].validationTokens *= 2
    changed[1].testTokens *= 2
    changed[2].passageBytes /= 2
    changed[3].validation = first.corpus
    changed[4].corpus += [try self.folder.write("{\"text\": \"more\"}\n", to: "more.jsonl")]
    for plan in changed {
      #expect {
        try StudyData(plan, tokenizer: tokenizer, folder: folder).prepare()
      } throws: { error in
        guard case ScalingError.otherStudy(path: folder, _) = error else { return false }
        return true
      }
    }
    // More sizes and seeds are the same study.
    var more = first
    more.sizes = [1_000, 2_000, 4_000, 6_000]
    more.seeds = 3
    _ = try StudyData(more, tokenizer: tokenizer, folder: folder).prepare()
    #expect(try !documents("train-6000-seed-3").isEmpty)
  }
}
