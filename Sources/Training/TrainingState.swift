/// What a run must remember, beside the arrays, to go on as if it had never stopped.

import Corpora
import FoundationEssentials
import Machine
import Tokenizers

/// The state of a run: `training/state.json` of its folder.
public struct TrainingState: Sendable, Codable, Equatable {
  /// The version of this form.
  public var format = Self.format
  /// What the run was started with.
  public var options: TrainingOptions
  /// Steps so far, skipped ones included.
  public var step = 0
  /// Tokens so far.
  public var tokens = 0
  /// Seconds of training so far.
  public var seconds = 0.0
  /// Those of them that the start from counts took, before the first step.
  public var startSeconds: Double?
  /// Updates that the optimizer made.
  public var updates = 0
  /// Where the stream of windows stands.
  public var position = StreamPosition.start
  /// Batches that were passed over because of numbers that were none.
  public var skippedSteps = 0
  /// The latest of them in a row.
  public var skippedInARow = 0
  /// The early-stopping rule's memory, which also knows the best evaluation.
  public var stopping: EarlyStopping
  /// Whether the run ended before its horizon.
  public var stoppedEarly = false
  /// The step of the latest evaluation.
  public var evaluatedStep = 0
  /// Whether the model is the average of the weights, and the weights are where the average was.
  public var modelIsAverage = false
  /// The length of the run log at this point.
  public var logBytes = 0
  /// `Corpus.fingerprint` of the corpus and of the validation corpus.
  public var corpora: [String]
  /// A hash of the tokenizer's file.
  public var tokenizer: String

  /// The start of a run.
  init(options: TrainingOptions, corpora: [String], tokenizer: String) {
    self.options = options
    self.corpora = corpora
    self.tokenizer = tokenizer
    stopping = EarlyStopping(options.earlyStopping ?? EarlyStopping.Rule())
  }

  /// The share of the steps that is done, 1 or more at the end of the run.
  ///
  /// With a horizon in seconds, steps begin when the start from counts ends: rates fall over what is left.
  public var progress: Double {
    var horizon = options.horizon
    let before = startSeconds ?? 0
    if horizon.unit == .seconds { horizon.amount -= before }
    return horizon.progress(steps: step, tokens: tokens, seconds: seconds - before)
  }

  /// The state that the folder of a run holds.
  public static func read(from folder: String) throws -> TrainingState {
    let path = "\(folder)/training/state.json"
    guard FileManager.default.fileExists(atPath: path) else {
      throw TrainingError.noRun(path: folder)
    }
    let data = try Data(contentsOf: URL(filePath: path))
    let decoder = JSONDecoder()
    if let version = try? decoder.decode(Version.self, from: data), version.format != Self.format {
      throw TrainingError.badFile(
        path: path,
        problem: "it has format \(version.format), and this apus reads format \(Self.format)")
    }
    do {
      return try decoder.decode(TrainingState.self, from: data)
    } catch {
      throw TrainingError.badFile(path: path, problem: "it is no state of a run (\(error))")
    }
  }

  private static let format = 4

  private struct Version: Decodable {
    var format: Int
  }

  /// The text of `state.json`.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}

extension Tokenizer {
  /// A hash of everything the tokenizer is, to recognise it by.
  package var identity: String {
    var hash = DocumentHash()
    json().withUnsafeBytes { hash.combine($0) }
    return String(hash.bits, radix: 16)
  }
}
