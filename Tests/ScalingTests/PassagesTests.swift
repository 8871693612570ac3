/// Passages, and what nearly repeats them.

import Corpora
import Scaling
import TestSupport
import Testing

@Suite("Passages") struct PassagesTests {
  private let folder = TemporaryFolder()

  private func passages(_ documents: [String], bytes: Int) throws -> [(String, Int)] {
    let lines = documents.map { text in
      "{\"text\": \"\(text.replacing("\n", with: "\\n"))\"}\n"
    }
    let path = try folder.write(lines.joined(), to: "c.jsonl")
    var found: [(String, Int)] = []
    try Passages(corpus: try Corpus([path]), bytes: bytes).forEach {
      found.append((String(decoding: $0.bytes, as: UTF8.self), $0.document))
    }
    return found
  }

  @Test("together they are the documents, and each ends with a line where it can")
  func whole() throws {
    let line = "the quick brown fox jumps over it\n"
    let long = String(repeating: line, count: 40)
    let found = try passages([long, "short"], bytes: 100)
    #expect(found.filter { $0.1 == 0 }.map(\.0).joined() == long)
    #expect(found.dropLast().allSatisfy { $0.0.hasSuffix("\n") && $0.0.utf8.count < 300 })
    #expect(found.last?.0 == "short")
    #expect(found.last?.1 == 1)
  }

  @Test("text without lines or spaces is cut between characters")
  func withoutSpaces() throws {
    let text = String(repeating: "語", count: 200)
    let found = try passages([text], bytes: 50)
    #expect(found.count > 3)
    #expect(found.map(\.0).joined() == text)
    #expect(found.allSatisfy { $0.0.allSatisfy { $0 == "語" } })
  }

  @Test("a passage with half of its words in held-out order is a near-duplicate, others are not")
  func nearDuplicates() {
    func words(_ range: Range<Int>) -> String {
      range.map { "word\($0 &* 7919 % 10_007)" }.joined(separator: " ")
    }
    var heldOut = NearDuplicates()
    heldOut.insert(Array(words(0..<400).utf8)[...])
    #expect(heldOut.contains(Array(words(0..<400).utf8)[...]))
    #expect(heldOut.contains(Array(words(0..<400).uppercased().utf8)[...]))
    #expect(heldOut.contains(Array(words(100..<500).utf8)[...]))
    #expect(!heldOut.contains(Array(words(330..<730).utf8)[...]))
    #expect(!heldOut.contains(Array(words(1_000..<1_400).utf8)[...]))
  }
}
