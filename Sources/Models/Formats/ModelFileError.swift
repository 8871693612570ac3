/// What can be wrong with the files of a model.

import Glibc
import Machine

/// A file or folder of a model that is missing, damaged, or asks for what apus does not do.
public struct ModelFileError: Error, CustomStringConvertible, Equatable, Sendable {
  /// What a caller has to tell apart, for an exit code.
  public enum Kind: Sendable {
    /// Nothing is there to be read.
    case missing
    /// It was read and cannot be used.
    case badData
    /// The system refused.
    case system
  }

  /// What a caller has to tell apart.
  public var kind: Kind
  /// The file or folder.
  public var path: String
  /// What is wrong, and where.
  public var problem: String
  /// What to do about it.
  public var hint: String?

  /// Describes what is wrong with `path`.
  public init(_ kind: Kind, _ path: String, _ problem: String, hint: String? = nil) {
    self.kind = kind
    self.path = path
    self.problem = problem
    self.hint = hint
  }

  /// Describes a refusal of the system.
  public init(_ failure: FileFailure) {
    kind = failure.code == ENOENT || failure.code == ENOTDIR ? .missing : .system
    path = failure.path
    problem = "cannot \(failure.action): \(failure.reason)"
    hint = failure.hint
  }

  /// Where and what; the hint is apart.
  public var description: String { "\(path): \(problem)" }
}
