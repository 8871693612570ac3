/// The diary of a run: one line of JSON per step and per evaluation.

import FoundationEssentials
import Glibc
import Machine

/// A line of the diary.
public enum RunRecord: Sendable, Equatable {
  /// A step.
  case step(StepRecord)
  /// An evaluation.
  case evaluation(EvaluationRecord)
}

/// What a step did; times count training only, not evaluation and saving.
public struct StepRecord: Sendable, Equatable {
  /// Steps so far, this one included.
  public var step: Int
  /// Tokens so far, those of this step included.
  public var tokens: Int
  /// Nats per token over the step's batch before the update; nil if it was no number and the step
  /// was skipped.
  public var loss: Double?
  /// The rate of the matrices in this step.
  public var learningRate: Double
  /// The norm of all gradients together, before clipping; nil if it was no number.
  public var gradientNorm: Double?
  /// Tokens of this step per second of it.
  public var tokensPerSecond: Double
  /// Seconds of training so far.
  public var seconds: Double
  /// Seconds of this step that passed until the loader had its batch.
  public var loaderSeconds: Double

  /// A step's line.
  public init(
    step: Int, tokens: Int, loss: Double?, learningRate: Double, gradientNorm: Double?,
    tokensPerSecond: Double, seconds: Double, loaderSeconds: Double = 0
  ) {
    self.step = step
    self.tokens = tokens
    self.loss = loss
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.tokensPerSecond = tokensPerSecond
    self.seconds = seconds
    self.loaderSeconds = loaderSeconds
  }
}

/// What an evaluation found.
public struct EvaluationRecord: Sendable, Equatable {
  /// Steps before the evaluation.
  public var step: Int
  /// Nats per token of the validation set.
  public var loss: Double
  /// Bits per byte of the validation set.
  public var bitsPerByte: Double

  /// An evaluation's line.
  public init(step: Int, loss: Double, bitsPerByte: Double) {
    self.step = step
    self.loss = loss
    self.bitsPerByte = bitsPerByte
  }
}

/// `metrics.jsonl`, written line by line; each line reaches the system before `append` returns.
public final class RunLog {
  /// The length of the file.
  public private(set) var bytes: Int
  private let path: String
  private let descriptor: Int32

  /// Opens the file at `path` and cuts off what follows its first `bytes` bytes.
  ///
  /// A run that goes on from a checkpoint thereby drops the lines it is about to write again.
  public init(_ path: String, keeping bytes: Int = 0) throws(FileFailure) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw FileFailure("create", path) }
    self.bytes = min(bytes, max(0, Int(lseek(descriptor, 0, SEEK_END))))
    if ftruncate(descriptor, self.bytes) != 0 || lseek(descriptor, self.bytes, SEEK_SET) < 0 {
      throw FileFailure("write", path)
    }
  }

  deinit { close(descriptor) }

  /// Appends a line.
  public func append(_ record: RunRecord) throws(FileFailure) {
    var line = Array(record.json.utf8)
    line.append(UInt8(ascii: "\n"))
    var done = 0
    while done < line.count {
      let count = line.withUnsafeBytes { buffer in
        write(descriptor, buffer.baseAddress.map { $0 + done }, line.count - done)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileFailure("write", path)
      }
      done += count
    }
    bytes += line.count
  }

  /// Makes all lines durable.
  public func synchronize() throws(FileFailure) {
    if fsync(descriptor) != 0 { throw FileFailure("write", path) }
  }

  /// The lines of the file at `path`; a last line that a crash cut short is left out.
  public static func read(_ path: String) throws -> [RunRecord] {
    let data = try Data(contentsOf: URL(filePath: path))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try data.split(separator: UInt8(ascii: "\n")).enumerated().compactMap { index, line in
      do {
        return try decoder.decode(Line.self, from: line).record
      } catch {
        if data.last != UInt8(ascii: "\n"), line.endIndex == data.endIndex { return nil }
        throw TrainingError.badFile(path: path, problem: "line \(index + 1) is no record of a run")
      }
    }
  }

  private struct Line: Decodable {
    var step: Int
    var tokens: Int?
    var loss: Double?
    var learningRate: Double?
    var gradientNorm: Double?
    var tokensPerSecond: Double?
    var seconds: Double?
    var loaderSeconds: Double?
    var validationLoss: Double?
    var validationBitsPerByte: Double?

    var record: RunRecord {
      if let validationLoss {
        return .evaluation(
          EvaluationRecord(
            step: step, loss: validationLoss, bitsPerByte: validationBitsPerByte ?? .nan))
      }
      return .step(
        StepRecord(
          step: step, tokens: tokens ?? 0, loss: loss, learningRate: learningRate ?? 0,
          gradientNorm: gradientNorm, tokensPerSecond: tokensPerSecond ?? 0,
          seconds: seconds ?? 0, loaderSeconds: loaderSeconds ?? 0))
    }
  }
}

extension RunRecord {
  /// The line without its end; keys in a fixed order, numbers in their shortest exact form.
  public var json: String {
    switch self {
    case .step(let record):
      "{\"step\":\(record.step),\"tokens\":\(record.tokens),\"loss\":\(text(record.loss)),"
        + "\"learning_rate\":\(record.learningRate),"
        + "\"gradient_norm\":\(text(record.gradientNorm)),"
        + "\"tokens_per_second\":\(text(record.tokensPerSecond)),"
        + "\"seconds\":\(text(record.seconds)),"
        + "\"loader_seconds\":\(text(record.loaderSeconds))}"
    case .evaluation(let record):
      "{\"step\":\(record.step),\"validation_loss\":\(text(record.loss)),"
        + "\"validation_bits_per_byte\":\(text(record.bitsPerByte))}"
    }
  }

  private func text(_ value: Double?) -> String {
    if let value, value.isFinite { "\(value)" } else { "null" }
  }
}
