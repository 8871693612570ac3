/// The tokenizers, corpora and golden ids that lie beside the project, for the tests that use them.

import CZstd
import FoundationEssentials
import Testing
import Tokenizers

/// Files of the shared folder; tests that need them are skipped where it is missing.
enum Shared {
  /// `$APUS_SHARED`, or `../shared` beside the package.
  static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["APUS_SHARED"] { return folder }
    let package = #filePath.split(separator: "/").dropLast(3)
    return "/" + package.dropLast().joined(separator: "/") + "/shared"
  }()

  /// Whether the folder is there.
  static let isPresent = FileManager.default.fileExists(atPath: "\(folder)/tokenizers/SOURCES.txt")
  /// What a skipped test says.
  static let missing: Comment = "the folder of shared tokenizers is missing (APUS_SHARED)"

  /// The bytes of a file under `tokenizers`, decompressed if its name ends in .zst.
  static func bytes(_ name: String) throws -> [UInt8] {
    let data = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/tokenizers/\(name)")))
    if !name.hasSuffix(".zst") { return data }
    let stream = ZSTD_createDStream()
    defer { ZSTD_freeDStream(stream) }
    var result: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 17)
    try data.withUnsafeBytes { source in
      var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      while input.pos < input.size {
        try block.withUnsafeMutableBytes { target in
          var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
          try #require(ZSTD_isError(ZSTD_decompressStream(stream, &output, &input)) == 0)
          result.append(contentsOf: target[..<output.pos])
        }
      }
    }
    return result
  }

  /// A tokenizer under `tokenizers`, which may be compressed.
  static func tokenizer(
    _ name: String, pattern: SplitPattern? = nil, specialTokens: [String]? = nil
  ) throws -> Tokenizer {
    if !name.hasSuffix(".zst") {
      return try Tokenizer(
        contentsOf: "\(folder)/tokenizers/\(name)", pattern: pattern,
        specialTokens: specialTokens)
    }
    return try withTemporaryFile(bytes(name), name: String(name.dropLast(4))) {
      try Tokenizer(contentsOf: $0, pattern: pattern, specialTokens: specialTokens)
    }
  }
}

/// Runs `body` with the path of a file of some bytes, which is removed afterwards.
func withTemporaryFile<Result>(
  _ bytes: [UInt8], name: String, _ body: (String) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "apus-tokenizers-\(UInt64.random(in: 0 ... .max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = folder.appending(path: name.replacing("/", with: "-"))
  try Data(bytes).write(to: file)
  return try body(file.path)
}

/// Runs `body` with the path of a folder of some files, which is removed afterwards.
func withTemporaryFolder<Result>(
  _ files: [String: [UInt8]], _ body: (String) throws -> Result
) throws -> Result {
  try withTemporaryFile([], name: "empty") { path in
    let folder = String(path.dropLast("/empty".count))
    for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)")) }
    return try body(folder)
  }
}

/// The vocabularies for which there are golden ids, with the names used there.
enum Golden: String, CaseIterable, CustomTestStringConvertible {
  case r50k = "r50k_base"
  case p50k = "p50k_base"
  case cl100k = "cl100k_base"
  case o200k = "o200k_base"
  case qwen2 = "qwen2"
  case llama3 = "cl100k_vocab_llama3_regex"

  var testDescription: String { rawValue }

  /// Loads the tokenizer.
  func tokenizer() throws -> Tokenizer {
    switch self {
    case .r50k: try Shared.tokenizer("r50k_base.tiktoken")
    case .p50k: try Shared.tokenizer("p50k_base.tiktoken.zst")
    case .cl100k: try Shared.tokenizer("cl100k_base.tiktoken")
    case .o200k: try Shared.tokenizer("o200k_base.tiktoken.zst")
    case .qwen2: try Shared.tokenizer("qwen2.tiktoken.zst")
    case .llama3: try Shared.tokenizer("cl100k_base.tiktoken", pattern: .llama3)
    }
  }

  /// The name of the vocabulary in kitoken's files, if it is there.
  var lineFileName: String? {
    switch self {
    case .r50k: "gpt2"
    case .p50k, .cl100k, .o200k: rawValue
    case .qwen2, .llama3: nil
    }
  }
}
