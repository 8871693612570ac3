/// A run on disk: a model folder with everything to go on beside it, replaced as a whole.

import Autograd
import FoundationEssentials
import Glibc
import Machine
import Models
import Tokenizers

/// The folder of a run.
///
/// ```
/// MODEL/  config.json model.safetensors tokenizer.json …   the model, for every other tool
///         training/state.json                              TrainingState
///         training/optimizer.safetensors                   moments, momenta, averages, in the parameters' shapes
///         training/metrics.jsonl                           the log
///         training/steps/N/                                earlier checkpoints: folders like MODEL
///         training/best/                                   the best model, with early stopping
/// ```
///
/// A checkpoint is first written as `training/next.partial`, a complete folder like MODEL, every file
/// of it durable. Renaming it to `training/next` is the moment at which the new checkpoint replaces
/// the old one: before, the files of MODEL are untouched; after, whatever happens, `finish` moves the
/// files of `next` to their places, which can be repeated after a crash. So there always is exactly
/// one complete newest checkpoint. Other tools see `model.safetensors` change by one rename, and no
/// other file of the model changes during a run. A new folder is written beside its place and renamed.
struct Checkpoint {
  /// MODEL.
  let folder: String

  /// The path of the log.
  var log: String { "\(folder)/training/metrics.jsonl" }
  /// The folder of the best model.
  var best: String { "\(folder)/training/best" }
  private var next: String { "\(folder)/training/next" }
  private var steps: String { "\(folder)/training/steps" }
  private static let stepKey = "apus_step"

  /// Replaces the checkpoint; keeps the `keep` latest, this one included, under `training/steps`.
  func write(
    _ transformer: Transformer, _ tokenizer: Tokenizer, _ optimizer: any Optimizer,
    average: WeightAverage?, _ state: TrainingState
  ) throws {
    let isNew = !FileManager.default.fileExists(atPath: folder)
    let partial = isNew ? "\(folder).partial-\(getpid())" : "\(next).partial"
    if !isNew {
      try finish()
      try makeFolder("\(folder)/training")
    }
    try remove(partial)
    do {
      let metadata = [Self.stepKey: "\(state.step)"]
      try ModelFolder.write(transformer, tokenizer, to: partial, metadata: metadata)
      try makeFolder("\(partial)/training")
      try writeState(
        optimizer.state + (average?.state ?? []),
        to: "\(partial)/training/optimizer.safetensors", metadata)
      try writeWhole(try state.json(), to: "\(partial)/training/state.json")
    } catch {
      try? remove(partial)
      throw error
    }
    try move(partial, to: isNew ? folder : next)
    if !isNew { try finish() }
    try keepStep(state.step, keep: state.options.keep)
  }

  /// Puts the files of a complete newer checkpoint into their places, if there is one, and removes
  /// what an interrupted write has left.
  func finish() throws {
    let manager = FileManager.default
    let names = (try? manager.contentsOfDirectory(atPath: "\(folder)/training")) ?? []
    for name in names where name.hasPrefix("next.partial") {
      try remove("\(folder)/training/\(name)")
    }
    guard manager.fileExists(atPath: next) else { return }
    for part in ["training", ""] {
      let source = part.isEmpty ? next : "\(next)/\(part)"
      let target = part.isEmpty ? folder : "\(folder)/\(part)"
      for name in try manager.contentsOfDirectory(atPath: source).sorted()
      where name != "training" {
        if rename("\(source)/\(name)", "\(target)/\(name)") != 0 {
          throw FileFailure("create", "\(target)/\(name)")
        }
      }
      syncFolder(containing: "\(target)/.")
    }
    try remove(next)
  }

  /// Reads the model and the tokenizer that belong to a state.
  func readModel(_ state: TrainingState) throws -> LoadedModel {
    let model = try ModelFolder.load(folder)
    if let step = model.metadata[Self.stepKey], step != "\(state.step)" {
      throw TrainingError.badFile(
        path: "\(folder)/model.safetensors",
        problem: "it is the model after step \(step), but the state is that after step "
          + "\(state.step)")
    }
    guard model.tokenizer.identity == state.tokenizer else {
      throw TrainingError.tokenizerChanged(path: folder)
    }
    return model
  }

  /// Fills the state of an optimizer of `transformer`, which may be a part of a model, and the average
  /// of the weights if there is one.
  func read(
    into optimizer: any Optimizer, average: WeightAverage?, of transformer: Transformer,
    _ state: TrainingState
  ) throws {
    let path = "\(folder)/training/optimizer.safetensors"
    let file = try SafeTensorsFile(path)
    let wanted = optimizer.state + (average?.state ?? [])
    let (shard, configuration) = (transformer.part.shard, transformer.configuration)
    let slicings = Dictionary(
      uniqueKeysWithValues: configuration.declarations.map {
        ($0.name, shard.slicing(of: $0, configuration))
      })
    for tensor in wanted {
      guard let stored = file.tensors[tensor.name], let slicing = slicings[tensor.parameterName],
        stored.shape == [slicing.rows, slicing.columns]
      else {
        throw TrainingError.badFile(
          path: path, problem: "there is no \(tensor.name) of \(tensor.rows) × \(tensor.columns)")
      }
      if slicing.axis == nil {
        try file.read(
          stored,
          into: UnsafeMutableBufferPointer(start: tensor.values, count: stored.count))
      } else {
        slicing.cut(try file.read(stored), into: tensor.values, of: shard.tensor)
      }
    }
    if (shard.isWhole && file.tensors.count != wanted.count)
      || file.metadata[Self.stepKey] != "\(state.step)"
    {
      throw TrainingError.badFile(path: path, problem: "it belongs to another model or step")
    }
    optimizer.updates = state.updates
  }

  /// Removes what earlier runs in this folder have left, beside the checkpoint itself.
  func forgetEarlierRuns() throws {
    try remove(steps)
    try remove(best)
    try remove(log)
  }

  private func writeState(
    _ tensors: [StateTensor], to path: String, _ metadata: [String: String]
  ) throws(FileFailure) {
    let indices = Dictionary(
      uniqueKeysWithValues: tensors.enumerated().map { ($0.element.name, $0.offset) })
    var writer = try SafeTensorsWriter(
      path,
      tensors: tensors.map { .init($0.name, shape: [$0.rows, $0.columns]) }, metadata: metadata)
    for declaration in writer.tensors {
      guard let index = indices[declaration.name] else { continue }
      let values = UnsafeBufferPointer(start: tensors[index].values, count: declaration.count)
      try writer.append(values.span)
    }
    try writer.commit()
  }

  /// Makes `training/steps/step` of the checkpoint's files without copying them, and removes all
  /// but the `keep` latest.
  private func keepStep(_ step: Int, keep: Int) throws {
    let manager = FileManager.default
    if keep > 0, !manager.fileExists(atPath: "\(steps)/\(step)") {
      let partial = "\(steps)/\(step).partial"
      try makeFolder(steps)
      try remove(partial)
      try makeFolder(partial)
      try makeFolder("\(partial)/training")
      for name in try manager.contentsOfDirectory(atPath: folder) where name != "training" {
        try duplicate("\(folder)/\(name)", as: "\(partial)/\(name)")
      }
      for name in ["state.json", "optimizer.safetensors"] {
        try duplicate("\(folder)/training/\(name)", as: "\(partial)/training/\(name)")
      }
      try move(partial, to: "\(steps)/\(step)")
    }
    let kept = (try? manager.contentsOfDirectory(atPath: steps)) ?? []
    for old in kept.compactMap({ Int($0) }).sorted().dropLast(keep) {
      try remove("\(steps)/\(old)")
    }
  }

  /// A second name for a file, or a copy where the file system has no second names.
  private func duplicate(_ source: String, as target: String) throws {
    if link(source, target) == 0 { return }
    try FileManager.default.copyItem(atPath: source, toPath: target)
  }

  private func makeFolder(_ path: String) throws(FileFailure) {
    if mkdir(path, 0o755) != 0 && errno != EEXIST { throw FileFailure("create", path) }
  }

  private func move(_ source: String, to target: String) throws(FileFailure) {
    syncFolder(containing: "\(source)/.")
    if rename(source, target) != 0 { throw FileFailure("create", target) }
    syncFolder(containing: target)
  }

  private func remove(_ path: String) throws {
    if FileManager.default.fileExists(atPath: path) {
      try FileManager.default.removeItem(atPath: path)
    }
  }
}
