/// What the user sees when something goes wrong, and the exit code that scripts see.

import ArgumentParser
import Corpora
import Glibc
import Inference
import Machine
import Models
import Tokenizers
import Training

/// The exit codes of sysexits.h that apus uses.
package enum ExitStatus: Int32 {
  case success = 0
  case failure = 1
  case usage = 64
  case badData = 65
  case noInput = 66
  case cannotCreate = 73
  case inputOutput = 74
  case interrupted = 130

  /// What to do about a failure of that kind, where nothing more is known.
  package var usualHint: String {
    switch self {
    case .success, .interrupted, .failure: "run it again"
    case .usage: "--help behind the command shows what is possible"
    case .badData: "the file is damaged or of another kind; fetch or write it again"
    case .noInput: "check the path"
    case .cannotCreate: "choose a place that you may write to"
    case .inputOutput: "check the disk, and that nothing else changes the file"
    }
  }
}

/// One error: what, where, why, then a hint.
package struct Failure: Error, CustomStringConvertible {
  /// What happened, where and why; empty if nothing is to be said.
  package var message: String
  /// The code the process ends with.
  package var status: ExitStatus
  /// What to do about it; nil only where nothing can be, after Ctrl-C and a closed pipe.
  package let hint: String?

  /// An error, always with something to do about it.
  package init(_ message: String, status: ExitStatus, hint: String) {
    self.message = message
    self.status = status
    self.hint = hint
  }

  private init(_ message: String, _ status: ExitStatus) {
    self.message = message
    self.status = status
    hint = nil
  }

  /// The end of a command that has said all it had to say, or has nobody left to say it to.
  package static let silentSuccess = Failure("", .success)

  /// The end of a command that Ctrl-C ends.
  package static let interruption = Failure("interrupted", .interrupted)

  /// A failure of a library, in the same form; nil for errors that the argument parser explains.
  package init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let failure as FileFailure: self.init(failure)
    case let failure as any ExplainedError:
      let status = failure.status
      self.init(failure.description, status: status, hint: failure.hint ?? status.usualHint)
    default: return nil
    }
  }

  private init(_ failure: FileFailure) {
    let status: ExitStatus =
      switch failure.action {
      case "create": .cannotCreate
      case "open", "read": failure.code == EIO ? .inputOutput : .noInput
      default: failure.code == EACCES || failure.code == EROFS ? .cannotCreate : .inputOutput
      }
    self.init(failure.description, status: status, hint: failure.hint ?? status.usualHint)
  }

  package var description: String {
    (["error: \(message)"] + (hint.map { ["hint: \($0)"] } ?? [])).joined(separator: "\n")
  }

  /// Writes the error and its hint to standard error, from a process that is silent if `always`.
  func report(always: Bool = false) {
    if message.isEmpty { return }
    let style = Style.standardError
    var lines = message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    lines[0] = style.error("error:") + " " + lines[0]
    if let hint { lines.append(style.hint("hint:") + " " + hint) }
    Console.say(lines.joined(separator: "\n"), always: always)
  }
}

/// A library's error that carries its own hint, and the exit code it deserves.
protocol ExplainedError: Error, CustomStringConvertible {
  var hint: String? { get }
  var status: ExitStatus { get }
}
