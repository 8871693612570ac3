/// Batches hold every document whole or cut where it may be, in order.

import Corpora
import TestSupport
import Testing

@Suite("Text batches")
struct TextBatcherTests {
  private func documents(_ count: Int) -> [String] {
    (0..<count).map { number in String(repeating: "word\(number) ", count: number * 37 % 900) }
  }

  private func batched(_ path: String, size: Int, cut: @escaping (UnsafeRawBufferPointer) -> Int)
    throws -> (documents: [String], batches: Int)
  {
    let reader = try Corpus([path]).makeReader()
    var batcher = TextBatcher(reader, size: size, cut: cut)
    var documents: [String] = []
    var open = ""
    var batches = 0
    while let batch = try batcher.next() {
      batches += 1
      batch.forEachPart { part, starts, ends in
        if starts { #expect(open.isEmpty) }
        open += String(decoding: part, as: UTF8.self)
        if ends {
          documents.append(open)
          open = ""
        }
      }
    }
    #expect(open.isEmpty)
    return (documents, batches)
  }

  @Test("the parts put together are the documents", arguments: [64, 1000, 4096, 1 << 20])
  func whole(size: Int) throws {
    let folder = TemporaryFolder()
    let expected = documents(60)
    let lines = expected.map { "{\"text\": \"\($0)\"}" }.joined(separator: "\n")
    let path = try folder.write(lines, to: "texts.jsonl")
    let lastSpace = { (text: UnsafeRawBufferPointer) -> Int in
      text.lastIndex(of: UInt8(ascii: " ")) ?? 0
    }
    #expect(try batched(path, size: size, cut: lastSpace).documents == expected)
    #expect(try batched(path, size: size, cut: { _ in 0 }).documents == expected)
  }

  @Test("a long document comes in several batches only where it may be cut")
  func long() throws {
    let folder = TemporaryFolder()
    let text = String(repeating: "never ending ", count: 100_000)
    let path = try folder.write(text, to: "text.txt")
    let cut = try batched(path, size: 1 << 16) { $0.lastIndex(of: UInt8(ascii: " ")) ?? 0 }
    #expect(cut.documents == [text])
    #expect(cut.batches > 10)
    let uncut = try batched(path, size: 1 << 16) { _ in 0 }
    #expect(uncut.documents == [text])
    #expect(uncut.batches == 1)
  }
}
