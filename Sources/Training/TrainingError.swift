/// What can keep a run from starting, going on, or ending well.

import Machine

/// A run that cannot start or go on.
public enum TrainingError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The folder holds no run to go on with.
  case noRun(path: String)
  /// A file of a run that cannot be used.
  case badFile(path: String, problem: String)
  /// The corpus is not the one that the run was started with.
  case corpusChanged(paths: [String])
  /// The tokenizer is not the one that the run was started with.
  case tokenizerChanged(path: String)
  /// A process is not like process 0.
  case disagreement(what: String, process: Int, host: String)
  /// A step has fewer parts than there are processes.
  case tooManyProcesses(processes: Int, microBatches: Int, sequences: Int)
  /// The processes cannot divide the model as was asked.
  case layout(problem: String, hint: String)
  /// The processor lacks the products that the run was started with.
  case noPrecision(name: String)
  /// Loss or gradients were no numbers in several steps in a row.
  case diverged(step: Int, steps: Int, checkpoint: Int, path: String)

  /// What is wrong, where, and why.
  public var description: String {
    switch self {
    case .noRun(let path):
      "\(path) holds no run to go on with: there is no training/state.json"
    case .badFile(let path, let problem):
      "\(path): \(problem)"
    case .corpusChanged(let paths):
      "the corpus has changed since the run was saved (\(paths.joined(separator: ", ")))"
    case .tokenizerChanged(let path):
      "\(path)/tokenizer.json is not the tokenizer that the run was started with"
    case .disagreement(let what, let process, let host):
      "process \(process) on \(host) has another \(what) than process 0"
    case .tooManyProcesses(let processes, let microBatches, _):
      "\(processes) processes cannot share a step of \(microBatches) "
        + (microBatches == 1 ? "micro-batch" : "micro-batches")
    case .layout(let problem, _):
      problem
    case .noPrecision(let name):
      "the run multiplies in \(name), which this processor cannot do"
    case .diverged(let step, let steps, let checkpoint, let path):
      "training has diverged: the loss or its gradients were no numbers in the \(steps) steps up to "
        + "\(step); \(path) holds the model after step \(checkpoint)"
    }
  }

  /// What to do about it.
  public var hint: String? {
    switch self {
    case .noRun(let path):
      "to train a model further on new text, use: apus train CORPUS --init \(path) -o MODEL"
    case .badFile:
      "an earlier checkpoint may be in training/steps of the model folder"
    case .corpusChanged(let paths):
      "put back the files as they were, or start a new run from the model: "
        + "apus train \(paths.first ?? "CORPUS") --init MODEL -o NEW"
    case .tokenizerChanged:
      "put back the tokenizer.json that the model was trained with"
    case .disagreement:
      "start the same program with the same options on files that are equal on every machine"
    case .tooManyProcesses(_, let microBatches, let sequences):
      sequences > microBatches
        ? "start at most \(microBatches) processes, or a new run with more --micro-batches"
        : "start at most \(microBatches) processes, or a new run with more --batch-tokens"
    case .layout(_, let hint):
      hint
    case .noPrecision:
      "go on with other products, and so with other bits: apus train --resume MODEL --precision auto"
    case .diverged:
      "train with a lower --learning-rate or a longer warm-up"
    }
  }
}
