/// How much of a corpus is held out if nobody says.

import Corpora
import Glibc
import TestSupport
import Testing

@Suite("Validation fractions")
struct ValidationFractionTests {
  private let folder = TemporaryFolder()

  /// Bytes of what is held out, and of all, by reading the two parts.
  private func sizes(_ corpus: Corpus, share: Double) throws -> (heldOut: Int, all: Int) {
    func bytes(_ split: Split) throws -> Int {
      let reader = try corpus.makeReader(split: split)
      var sum = 0
      while let document = try reader.next() { sum += document.bytes.count }
      return sum
    }
    let heldOut = try bytes(.validation(validationFraction: share))
    return (heldOut, try heldOut + bytes(.training(validationFraction: share)))
  }

  @Test(
    "the share that comes nearest to 100,000 bytes or to a tenth",
    arguments: [(60, 400), (300, 900), (2_000, 500), (5_000, 1_500)])
  func nearest(documents: Int, length: Int) throws {
    let words = String(repeating: "word ", count: length / 5)
    let corpus = try Corpus([
      folder.write(makeObjects((0..<documents).map { "\($0) \(words)" }), to: "a.jsonl")
    ])
    let total = try sizes(corpus, share: 0.5).all
    let chosen = try corpus.usualValidationFraction(bytes: total)
    let wanted = min(100_000, Double(total) / 10)
    func distance(_ share: Double) throws -> Double {
      let heldOut = try sizes(corpus, share: share).heldOut
      return heldOut == 0 ? .infinity : abs(log(Double(heldOut) / wanted))
    }
    let least = try [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5].map(distance).min()
    #expect(try distance(chosen) == least)
    #expect(try distance(chosen) < log(2.6))
  }

  @Test("a text file of few sections gives one of them, and keeps the rest")
  func sections() throws {
    let line = "The quick brown fox jumps over the lazy dog, again and again.\n"
    for lines in [700, 1_500, 4_000] {
      let text = (0..<lines).map { "\($0) \(line)" }.joined()
      let corpus = try Corpus([folder.write(text, to: "\(lines).txt")])
      let share = try corpus.usualValidationFraction(bytes: text.utf8.count)
      let (heldOut, all) = try sizes(corpus, share: share)
      #expect(all == text.utf8.count)
      #expect(heldOut > 0)
      #expect(heldOut * 2 < all)
    }
  }

  @Test("a large corpus is not read, and where nothing can be divided the share is the smallest")
  func smallest() throws {
    let objects = try folder.write(makeObjects((0..<500).map { "\($0) words" }), to: "a.jsonl")
    let many = try Corpus([objects])
    #expect(try many.usualValidationFraction(bytes: 20_000_000) == 0.005)
    #expect(try many.usualValidationFraction(bytes: nil) == 0.005)
    #expect(try many.usualValidationFraction(bytes: 5_000) > 0.005)
    let one = try Corpus([folder.write(makeObjects(["one text"]), to: "one.jsonl")])
    #expect(try one.usualValidationFraction(bytes: 8) == 0.005)
  }
}
