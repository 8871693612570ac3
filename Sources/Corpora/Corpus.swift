/// Files of text as one sequence of documents.

import Glibc
import Machine
import Synchronization

/// A corpus: `.jsonl` and `.txt` files, each also with `.zst`, in a fixed order.
///
/// A line of a `.jsonl` file is a document; a `.txt` file, a pipe or standard input is one document
/// unless each of its lines is to be one. What a file is, is decided by its name, and whether it is
/// compressed by its first bytes. Files in other formats are errors with a hint, never skipped
/// in silence; only notes beside the data in a folder (README.md and the like) are passed over.
public struct Corpus: Sendable {
  /// The name of the field that holds the text in `.jsonl` files.
  public let textField: String
  /// Whether every line of a text file is a document of its own.
  public let lines: Bool
  let files: [CorpusFile]
  private let pipes: PipeLedger

  /// Finds the files and looks at their first bytes.
  ///
  /// - Parameters:
  ///   - paths: Files, folders (searched to the bottom, in order of names), patterns such as
  ///     `books/*.zst`, or "-" for standard input.
  ///   - textField: The field of `.jsonl` objects that holds the text.
  ///   - lines: Whether each line of a text file or of standard input is a document.
  public init(
    _ paths: [String], textField: String = "text", lines: Bool = false
  ) throws(CorpusError) {
    self.textField = textField
    self.lines = lines
    var files: [CorpusFile] = []
    for path in paths { try files.append(contentsOf: Corpus.files(at: path)) }
    if files.isEmpty { throw .empty(paths: paths) }
    self.files = files
    pipes = PipeLedger()
  }

  /// The size on disk of all files; pipes count nothing. With `DocumentReader.compressedBytesRead`
  /// it gives the share that was read.
  public var compressedBytes: Int { files.reduce(0) { $0 + $1.size } }

  /// The files in the order of reading, "-" for standard input.
  public var paths: [String] { files.map(\.path) }

  /// Whether the corpus can be read more than once.
  public var isRereadable: Bool { !files.contains { $0.isPipe } }

  /// A number that changes when files are added, removed, reordered or changed in size; a saved
  /// position is meant for the corpus with the same one. Folders do not matter, names do.
  public var fingerprint: UInt64 {
    var hash = DocumentHash()
    for file in files {
      let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
      Array("\(name)\n\(file.size)\n".utf8).withUnsafeBytes { hash.combine($0) }
    }
    return hash.bits
  }

  /// A reader of the documents in `split`, from a position that an earlier reader gave.
  ///
  /// A corpus with a pipe can be read once, from its start.
  public func makeReader(
    from position: DocumentPosition = .start, split: Split = .all
  ) throws(CorpusError) -> DocumentReader {
    if position.file > files.count {
      throw .positionOutside(path: paths.joined(separator: ", "))
    }
    if let pipe = files.first(where: { $0.isPipe }), !pipes.claim() || position != .start {
      throw .notRereadable(path: pipe.path == "-" ? "standard input" : pipe.path)
    }
    return DocumentReader(corpus: self, position: position, split: split)
  }

  /// Remembers that pipes were read.
  private final class PipeLedger: Sendable {
    private let isClaimed = Atomic<Bool>(false)

    func claim() -> Bool { !isClaimed.exchange(true, ordering: .relaxed) }
  }

  private static func files(at path: String) throws(CorpusError) -> [CorpusFile] {
    if path == "-" { return [.standardInput] }
    var status = stat()
    if stat(path, &status) != 0 {
      if errno != ENOENT { throw .system(FileFailure("read", path)) }
      let matches = expand(path)
      if matches.isEmpty { throw .notFound(path: path) }
      var files: [CorpusFile] = []
      for match in matches { try files.append(contentsOf: Corpus.files(at: match)) }
      return files
    }
    if status.st_mode & S_IFMT != S_IFDIR { return [try CorpusFile(path, status: status)] }
    var files: [CorpusFile] = []
    var others: Set<String> = []
    try search(path, depth: 0, files: &files, others: &others)
    if files.isEmpty { throw .noFiles(path: path, found: others.sorted()) }
    return files
  }

  private static func search(
    _ folder: String, depth: Int, files: inout [CorpusFile], others: inout Set<String>
  ) throws(CorpusError) {
    for name in try names(in: folder) {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      var status = stat()
      if stat(path, &status) != 0 { throw .system(FileFailure("read", path)) }
      if status.st_mode & S_IFMT == S_IFDIR {
        if depth < 32 { try search(path, depth: depth + 1, files: &files, others: &others) }
      } else if CorpusFile.layout(of: path) != nil || CorpusFile.isForeignData(path) {
        files.append(try CorpusFile(path, status: status))
      } else if let dot = name.lastIndex(of: ".") {
        others.insert(String(name[dot...]))
      }
    }
  }

  /// The visible names in a folder, in order of their bytes.
  private static func names(in folder: String) throws(CorpusError) -> [String] {
    guard let stream = opendir(folder) else { throw .system(FileFailure("read", folder)) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func expand(_ pattern: String) -> [String] {
    guard pattern.contains(where: { "*?[".contains($0) }) else { return [] }
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { index in
      result.gl_pathv[index].map { String(cString: $0) }
    }
  }
}
