/// A single short text, which is what many try first.

import TestSupport
import Testing

@Suite("A short text") struct ShortTextTests {
  private let scratch = TemporaryFolder()
  private let shape = ["--layers", "1", "--width", "32", "--heads", "2", "--context", "16"]

  /// A text file of 100 kB.
  private func text() throws -> String {
    let lines = (0..<1_500).map {
      "\($0) quick brown foxes jump over \($0 % 37) lazy dogs, and again.\n"
    }
    return try scratch.write(lines.joined(), to: "text.txt")
  }

  @Test("some of one file is held out, without a word being said about it")
  func heldOut() async throws {
    let result = try await Program.run(
      ["train", text(), "-o", scratch("m"), "--batch-tokens", "64", "--steps", "2"]
        + ["--vocab-size", "300"] + shape)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.contains("validation loss"), "\(result.error)")
    #expect(!result.error.contains("no text is left"), "\(result.error)")
  }

  @Test("text that is read too often is trained on with dropout, and the plan warns")
  func readings() async throws {
    for (tokens, warns) in [("100k", false), ("5M", true)] {
      let result = try await Program.run(
        ["train", text(), "-o", scratch("m"), "--tokens", tokens, "--dry-run"] + shape)
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.contains("the text will be read") == warns, "\(result.error)")
      let line = result.error.split(separator: "\n").first { $0.hasPrefix("  dropout") }
      #expect(line?.contains("  0.0 ") == !warns, "\(result.error)")
    }
  }
}
