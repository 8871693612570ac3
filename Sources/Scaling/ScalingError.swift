/// What can keep a study from starting or going on.

/// A study that cannot be.
public enum ScalingError: Error, CustomStringConvertible, Equatable, Sendable {
  /// There is less text than the study needs.
  case tooLittleText(what: String, tokens: Int, needed: Int)
  /// Holding documents out leaves none.
  case tooFewDocuments(count: Int)
  /// A file of a study that cannot be read.
  case badFile(path: String)
  /// The folder holds a study of something else.
  case otherStudy(path: String, difference: String)
  /// A table of losses that cannot be fitted.
  case badTable(path: String, line: Int, problem: String)

  /// What is wrong, where, and why.
  public var description: String {
    switch self {
    case .tooLittleText(let what, let tokens, let needed):
      "\(what) has \(tokens) tokens, and the study needs \(needed)"
    case .tooFewDocuments(let count):
      "a corpus of \(count) documents cannot spare any to validate and test on"
    case .badFile(let path):
      "\(path) is damaged, or not a file of a study"
    case .otherStudy(let path, let difference):
      "\(path) holds another study: \(difference)"
    case .badTable(let path, let line, let problem):
      "\(path), line \(line): \(problem)"
    }
  }

  /// What to do about it.
  public var hint: String? {
    switch self {
    case .tooLittleText: "choose smaller --sizes or a shorter --time, or add text to the corpus"
    case .tooFewDocuments: "name files with --validation and --test"
    case .badFile: "delete the file: its run is then made again"
    case .otherStudy: "choose another folder with -o, or delete this one"
    case .badTable:
      "a table has a header with the columns loss and tokens, parameters or compute"
    }
  }
}
