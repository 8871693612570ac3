/// What one run of a study came to.

import FoundationEssentials
import Machine

/// A finished run: `points/NAME.json` of the study's folder.
public struct StudyPoint: Sendable, Codable, Equatable {
  /// The run.
  public var run: StudyRun
  /// Learnt values of its model.
  public var parameters: Int
  /// Nats per token on the beginning of its training set, at the best model.
  public var trainLoss: Double
  /// The lowest validation loss, in nats per token.
  public var validationLoss: Double
  /// Nats per token on the test set, at the model with the lowest validation loss.
  public var testLoss: Double
  /// The same in bits per byte of text.
  public var bitsPerByte: Double
  /// Steps to the best model.
  public var bestStep: Int
  /// Steps in all.
  public var steps: Int
  /// Passes through the training set, in all.
  public var epochs: Double
  /// FLOPs of all steps.
  public var flops: Double
  /// Seconds of training, evaluation apart.
  public var seconds: Double
  /// Whether it was stopped by the limit of epochs and not by the rule.
  public var isCensored: Bool
  /// Nats of every cluster of the test set.
  public var clusterNats: [Double]
  /// Tokens of every cluster of the test set.
  public var clusterTokens: [Double]
  /// Bytes of text in the test set.
  public var testBytes: Int
  /// What decided the run, so that a point is not taken for that of another plan.
  public var recipe: String

  /// The point as laws see it.
  public var sample: LossSample {
    LossSample(
      [
        .tokens: Double(run.tokens), .parameters: Double(parameters), .compute: flops,
      ], nats: clusterNats, counts: clusterTokens)
  }

  /// The point in a file, or nil if there is none.
  static func read(_ path: String) throws -> StudyPoint? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(
        StudyPoint.self, from: try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ScalingError.badFile(path: path)
    }
  }

  /// Writes the point whole.
  func save(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try writeWhole(String(decoding: try encoder.encode(self), as: UTF8.self), to: path)
  }
}
