/// What can be wrong with a corpus, in words for the person who gave it.

import Machine

/// A corpus that cannot be read, with the place and the reason.
public enum CorpusError: Error, CustomStringConvertible, Equatable, Sendable {
  /// Nothing was found under this name.
  case notFound(path: String)
  /// A folder or pattern that holds no corpus file; `found` are extensions that were seen instead.
  case noFiles(path: String, found: [String])
  /// A file of a kind that is not read.
  case unsupported(path: String, format: String, advice: String)
  /// A compressed file that ends inside a frame; `offset` counts compressed bytes.
  case truncated(path: String, offset: Int)
  /// A compressed file that is not what its compressor wrote; `offset` counts compressed bytes.
  case damaged(path: String, offset: Int, reason: String)
  /// A line of a `.jsonl` file that is no object with the wanted text.
  case malformedLine(path: String, line: Int, reason: String)
  /// Bytes that are no UTF-8; `offset` counts bytes of the text, from 0.
  case invalidUTF8(path: String, line: Int?, offset: Int)
  /// There is not one document in the files.
  case empty(paths: [String])
  /// No document falls into the part that was asked for.
  case emptyPart(documents: Int, split: Split)
  /// Fewer tokens than one window needs.
  case tooShort(tokens: Int, needed: Int)
  /// A pipe that would have to be read a second time.
  case notRereadable(path: String)
  /// A position that lies beyond the end of the corpus, or names a file that it does not have.
  case positionOutside(path: String)
  /// The system refused.
  case system(FileFailure)

  /// What a command ends with.
  public enum Kind: Sendable {
    /// The bytes are wrong (exit code 65).
    case badData
    /// There is nothing to read (exit code 66).
    case noInput
    /// The system failed while reading (exit code 74).
    case inputOutput
  }

  /// The class of the error, by which a command chooses its exit code.
  public var kind: Kind {
    switch self {
    case .notFound, .noFiles: .noInput
    case .system: .inputOutput
    default: .badData
    }
  }

  /// What is wrong, where, and why.
  public var description: String {
    switch self {
    case .notFound(let path):
      "there is no \(path)"
    case .noFiles(let path, let found):
      found.isEmpty
        ? "\(path) holds no .jsonl or .txt file"
        : "\(path) holds no .jsonl or .txt file, only \(found.joined(separator: ", "))"
    case .unsupported(let path, let format, _):
      "\(path) is \(format)"
    case .truncated(let path, let offset):
      "\(path) ends inside a compressed frame, after \(offset) bytes"
    case .damaged(let path, let offset, let reason):
      "\(path) is damaged at byte \(offset) (zstd: \(reason))"
    case .malformedLine(let path, let line, let reason):
      "\(path), line \(line): \(reason)"
    case .invalidUTF8(let path, let line, let offset):
      line.map { "\(path), line \($0): invalid UTF-8 at byte \(offset) of the line" }
        ?? "\(path) has invalid UTF-8 at byte \(offset) of its text"
    case .empty(let paths):
      "the corpus has no text (\(paths.joined(separator: ", ")))"
    case .emptyPart(let documents, let split):
      "none of the \(documents) documents falls into \(split.inWords)"
    case .tooShort(let tokens, let needed):
      "the corpus has \(tokens) tokens, and one window needs \(needed)"
    case .notRereadable(let path):
      "\(path) is a pipe and can be read only once, from its start"
    case .positionOutside(let path):
      "the saved position lies outside \(path)"
    case .system(let failure):
      failure.description
    }
  }

  /// What to do about it.
  public var hint: String? {
    switch self {
    case .notFound:
      "check the path; patterns such as 'books/*.jsonl.zst' work too"
    case .noFiles:
      "a corpus is made of .jsonl or .txt files, each also with .zst"
    case .unsupported(_, _, let advice):
      advice
    case .truncated(let path, _):
      "the download or the disk broke off; get the file again and check it with: zstd -t \(path)"
    case .damaged(let path, _, _):
      "get the file again and check it with: zstd -t \(path)"
    case .malformedLine:
      "every line must be one JSON object with the text in a field (--text-field names another)"
    case .invalidUTF8(let path, _, _):
      "convert it first, for example: iconv -f latin1 -t utf-8 \(path)"
    case .empty:
      "give files that hold text"
    case .emptyPart:
      "take a larger fraction, or give the validation corpus by itself"
    case .tooShort:
      "use more text, or a shorter context"
    case .notRereadable:
      "save it to a file first, then give the file"
    case .positionOutside:
      "resume with the corpus that the run was started with"
    case .system(let failure):
      failure.hint
    }
  }
}
