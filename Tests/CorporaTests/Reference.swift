/// What the tests of this module compare with and write to: slow truths, folders that vanish.

import Corpora
import FoundationEssentials
import Tokenizers

/// A folder that is removed with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/apus-corpora-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    if let slash = name.lastIndex(of: "/") {
      try FileManager.default.createDirectory(
        atPath: "\(path)/\(name[..<slash])", withIntermediateDirectories: true)
    }
    try Data(bytes).write(to: URL(filePath: file))
    return file
  }

  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Writes a compressed file and returns its path.
  func compress(_ bytes: [UInt8], to name: String, level: Int = 3) throws -> String {
    let file = "\(path)/\(name)"
    var writer = try ZstdWriter(file, level: level)
    try writer.write(bytes)
    try writer.commit()
    return file
  }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
  }
}

/// A tokenizer whose tokens are the bytes; token 256 separates documents.
func makeByteTokenizer() throws -> Tokenizer {
  let folder = try TemporaryFolder()
  var entries: [String] = []
  var shifted: UInt32 = 256
  for byte in UInt32(0)..<256 {
    let isPrintable =
      (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
    let scalar = isPrintable ? byte : shifted
    if !isPrintable { shifted += 1 }
    entries.append("\"\\u\(hexadecimal(scalar))\": \(byte)")
  }
  entries.append("\"<|endoftext|>\": 256")
  let json = """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [{"id": 256, "content": "<|endoftext|>", "single_word": false,
       "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
     "normalizer": null,
     "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
       "use_regex": true},
     "post_processor": null,
     "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
       "use_regex": true},
     "model": {"type": "BPE", "dropout": null, "unk_token": null,
       "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
       "byte_fallback": false, "ignore_merges": false,
       "vocab": {\(entries.joined(separator: ", "))}, "merges": []}}
    """
  return try Tokenizer(contentsOf: try folder.write(json, to: "tokenizer.json"))
}

private func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 4 - digits.count) + digits
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
