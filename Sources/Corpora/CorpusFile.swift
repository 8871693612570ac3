/// One file of a corpus: what its name and its first bytes say that it is.

import Glibc
import Machine

/// A file that can be read, or an error that says why it cannot.
struct CorpusFile: Sendable, Equatable {
  /// How a file is divided into documents.
  enum Layout: Sendable {
    /// One JSON object a line.
    case objects
    /// Plain text.
    case text
  }

  let path: String
  let layout: Layout
  /// The size on disk; 0 for a pipe.
  let size: Int
  /// Whether it can be read only once.
  let isPipe: Bool

  static let standardInput = CorpusFile(path: "-", layout: .text, size: 0, isPipe: true)

  private init(path: String, layout: Layout, size: Int, isPipe: Bool) {
    self.path = path
    self.layout = layout
    self.size = size
    self.isPipe = isPipe
  }

  /// Recognises the file at `path`, whose status is `status`.
  init(_ path: String, status: stat) throws(CorpusError) {
    self.path = path
    isPipe = status.st_mode & S_IFMT != S_IFREG
    size = isPipe ? 0 : Int(status.st_size)
    guard let layout = CorpusFile.layout(of: path) else {
      if isPipe {
        self.layout = .text
        return
      }
      throw CorpusFile.unsupported(path)
    }
    self.layout = layout
    if !isPipe { _ = try CorpusFile.isCompressed(FileSource(path)) }
  }

  /// The layout that a name promises, or nil for a name that is not a corpus file's.
  static func layout(of path: String) -> Layout? {
    let name = lowercaseName(path)
    let plain = name.hasSuffix(".zst") ? String(name.dropLast(4)) : name
    if plain.hasSuffix(".jsonl") || plain.hasSuffix(".ndjson") { return .objects }
    if plain.hasSuffix(".txt") { return .text }
    return nil
  }

  /// Whether the file begins with a zstd frame; throws for the signatures of other formats.
  static func isCompressed(_ source: FileSource) throws(CorpusError) -> Bool {
    let head = Array(try source.peek(8))
    if head.count >= 4, head[1...3] == [0xb5, 0x2f, 0xfd], head[0] == 0x28 { return true }
    if head.count >= 4, head[1...3] == [0x2a, 0x4d, 0x18], head[0] & 0xf0 == 0x50 { return true }
    for (signature, format) in signatures where head.starts(with: signature) {
      throw .unsupported(
        path: source.path, format: format, advice: advice(for: format, path: source.path))
    }
    if lowercaseName(source.path).hasSuffix(".zst") {
      if [0x28, 0xb5, 0x2f, 0xfd].starts(with: head) {
        throw .truncated(path: source.path, offset: head.count)
      }
      throw .unsupported(
        path: source.path, format: "no zstd file, whatever its name says",
        advice: "if it is plain text, take .zst off its name")
    }
    return false
  }

  /// Whether a name stands for data in a format that is not read (as opposed to a note beside it).
  static func isForeignData(_ path: String) -> Bool {
    endings.contains { lowercaseName(path).hasSuffix($0.ending) && $0.isData }
  }

  private static func unsupported(_ path: String) -> CorpusError {
    let name = lowercaseName(path)
    let match = endings.first { name.hasSuffix($0.ending) }
    let format = match?.format ?? "neither .jsonl nor .txt (each also with .zst)"
    return .unsupported(path: path, format: format, advice: advice(for: format, path: path))
  }

  private static func lowercaseName(_ path: String) -> String {
    (path.split(separator: "/").last.map(String.init) ?? path).lowercased()
  }

  private static let gzip = "compressed with gzip"
  private static let parquet = "a Parquet table"
  private static let json = "one JSON value, not lines of JSON"

  private static let signatures: [(bytes: [UInt8], format: String)] = [
    ([0x1f, 0x8b], gzip),
    (Array("PAR1".utf8), parquet),
    (Array("ARROW1".utf8), "an Arrow table"),
    (Array("BZh".utf8), "compressed with bzip2"),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "compressed with xz"),
    ([0x04, 0x22, 0x4d, 0x18], "compressed with lz4"),
    (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
    (Array("%PDF".utf8), "a PDF"),
    ([0xff, 0xfe], "UTF-16 text"),
    ([0xfe, 0xff], "UTF-16 text"),
  ]

  private static let endings: [(ending: String, format: String, isData: Bool)] = [
    (".gz", gzip, true),
    (".tgz", "a tar archive", true),
    (".tar", "a tar archive", true),
    (".parquet", parquet, true),
    (".arrow", "an Arrow table", true),
    (".bz2", "compressed with bzip2", true),
    (".xz", "compressed with xz", true),
    (".lz4", "compressed with lz4", true),
    (".zip", "a zip archive", true),
    (".csv", "a table of comma-separated values", true),
    (".json", json, false),
    (".json.zst", json, false),
  ]

  private static func advice(for format: String, path: String) -> String {
    let stem = path.split(separator: "/").last.map(String.init) ?? path
    let decompressors = [
      gzip: "gzip -dc", "compressed with bzip2": "bzip2 -dc", "compressed with xz": "xz -dc",
      "compressed with lz4": "lz4 -dc",
    ]
    if let command = decompressors[format] {
      let name = stem.split(separator: ".").dropLast().joined(separator: ".")
      return "compress it with zstd instead: \(command) \(path) | zstd -o \(name).zst"
    }
    switch format {
    case parquet:
      return "convert it, for example: python3 -c \"import pandas; "
        + "pandas.read_parquet('\(path)').to_json('corpus.jsonl', orient='records', lines=True)\""
    case json:
      return "turn it into lines, for example: jq -c '.[]' \(path) > corpus.jsonl"
    case "UTF-16 text":
      return "convert it: iconv -f utf-16 -t utf-8 \(path) > corpus.txt"
    default:
      return "convert it to .jsonl or .txt; any text can also be piped in as -"
    }
  }
}
