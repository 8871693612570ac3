/// What the tests of this module compare with and write to: slow truths, compressed files.

import Corpora
import FoundationEssentials
import TestSupport
import Tokenizers

extension TemporaryFolder {
  /// Writes a compressed file and returns its path.
  func compress(_ bytes: [UInt8], to name: String, level: Int = 3) throws -> String {
    var writer = try ZstdWriter(self(name), level: level)
    try writer.write(bytes)
    try writer.commit()
    return self(name)
  }
}

/// The token stream of documents by `makeByteTokenizer()`, the obvious way.
func referenceStream(_ documents: [String]) -> [Token] {
  documents.filter { !$0.isEmpty }.flatMap { [256] + $0.utf8.map { Token($0) } }
}

/// The windows of a stream, the obvious way.
func referenceWindows(_ stream: [Token], length: Int) -> [[Token]] {
  stride(from: 0, to: stream.count - length, by: length).map { Array(stream[$0...$0 + length]) }
}

/// Short texts of varied lengths.
func makeTexts(_ count: Int) -> [String] {
  (0..<count).map { index in
    (0...(index * 7) % 23).map { "word\(($0 &* 31 &+ index) % 97)" }.joined(separator: " ")
  }
}

/// Those texts as lines of JSON.
func makeObjects(_ texts: [String]) -> [UInt8] {
  texts.flatMap { Array("{\"title\": \"t\", \"text\": \"\($0)\"}\n".utf8) }
}

/// The folder of this package.
let packageRoot = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

/// The folder of shared sample data, if this machine has one.
let sharedFolder: String? = {
  var candidates = ProcessInfo.processInfo.environment["APUS_SHARED"].map { [$0] } ?? []
  candidates.append("\(packageRoot)/../shared")
  return candidates.first { FileManager.default.fileExists(atPath: "\($0)/corpora") }
}()

/// The documents of a reader.
func texts(_ corpus: Corpus, split: Split = .all) throws -> [String] {
  let reader = try corpus.makeReader(split: split)
  var texts: [String] = []
  while let document = try reader.next() { texts.append(document.text) }
  return texts
}
