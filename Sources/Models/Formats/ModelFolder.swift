/// A model as a folder that transformers, vLLM and llama.cpp open without conversion.

import Autograd
import FoundationEssentials
import Glibc
import Machine
import Tokenizers

/// A model that was read from a folder.
public struct LoadedModel: Sendable {
  /// The model.
  public let transformer: Transformer
  /// Its tokenizer.
  public let tokenizer: Tokenizer
  /// The folder.
  public let path: String
  /// What `__metadata__` of `model.safetensors` says; see `ModelFolder.write`.
  public let metadata: [String: String]
}

/// Reading and writing of model folders: `config.json`, `model.safetensors`, `tokenizer.json`,
/// `tokenizer_config.json`, `generation_config.json`.
public enum ModelFolder {
  /// The name of the file that says that a folder's files are being replaced.
  ///
  /// Files get their names one by one; while this file is there, old and new ones may be mixed, and
  /// `load` refuses the folder.
  public static let unfinishedMark = "unfinished.partial"

  /// The model and tokenizer of a folder.
  ///
  /// Throws a `ModelFileError`, or whatever reading `tokenizer.json` throws. Memory: 4 bytes a
  /// parameter.
  public static func load(_ path: String) throws -> LoadedModel {
    let path = plain(path)
    try checkFolder(path)
    let configuration = try configuration(path)
    let tokenizerPath = "\(path)/tokenizer.json"
    try checkExists(tokenizerPath, in: path)
    let tokenizer = try Tokenizer(contentsOf: tokenizerPath)
    if tokenizer.vocabularySize > configuration.vocabularySize {
      throw ModelFileError(
        .badData, tokenizerPath,
        "the tokenizer has \(tokenizer.vocabularySize) tokens, but the model's vocabulary (vocab_size "
          + "in config.json) is \(configuration.vocabularySize)",
        hint: "Put the tokenizer.json that the model was trained with into the folder.")
    }
    let (transformer, metadata) = try loadTransformer(path)
    return LoadedModel(
      transformer: transformer, tokenizer: tokenizer, path: path, metadata: metadata)
  }

  /// The model of a folder, which need not have a tokenizer, and the metadata of its tensors.
  public static func loadTransformer(
    _ path: String
  ) throws(ModelFileError) -> (transformer: Transformer, metadata: [String: String]) {
    let path = plain(path)
    try checkFolder(path)
    let configuration = try configuration(path)
    if access("\(path)/\(TensorFiles.index)", F_OK) != 0 {
      try checkExists("\(path)/\(TensorFiles.single)", in: path)
    }
    let files = try TensorFiles(folder: path)
    let matches = try ModelWeights.match(files, to: configuration)
    let transformer = Transformer(configuration, seed: nil)
    try ModelWeights.read(matches, into: transformer.parameters)
    return (transformer, files.metadata)
  }

  /// The configuration that `config.json` of the folder describes.
  public static func configuration(
    _ path: String
  ) throws(ModelFileError) -> TransformerConfiguration {
    let file = "\(path)/config.json"
    try checkExists(file, in: path)
    return try ConfigJSON.configuration(try InputFile.whole(file), path: file)
  }

  /// Writes the model and its tokenizer to the folder `path`.
  ///
  /// A new folder appears whole: it is made beside, as `path.partial-…`, and renamed. In an existing
  /// one only these files are replaced: all are first written and made durable under temporary names,
  /// so that a full disk leaves everything as it was; then each is renamed. If more than one changes,
  /// `unfinished.partial` lies in the folder from the first rename to the last, and `load` refuses
  /// the folder while it does. A trainer that saves over its own model changes only
  /// `model.safetensors`: one rename.
  ///
  /// `metadata` goes into `model.safetensors`, where a trainer's state can say which model it belongs
  /// to. Cost: one buffer of about a megabyte beside the parameters.
  public static func write(
    _ transformer: Transformer, _ tokenizer: Tokenizer, to path: String,
    metadata: [String: String] = [:]
  ) throws(FileFailure) {
    precondition(
      tokenizer.vocabularySize <= transformer.configuration.vocabularySize,
      "The tokenizer fits the model's vocabulary.")
    let texts = TokenizerTexts(tokenizer, contextLength: transformer.configuration.contextLength)
    let config = ConfigJSON.text(
      transformer.configuration, beginningOfText: texts.beginningOfText?.id,
      endOfText: texts.endOfText?.id)
    let small: [(String, [UInt8])] = [
      ("tokenizer.json", tokenizer.json()),
      ("tokenizer_config.json", Array(texts.tokenizerConfig.utf8)),
      ("generation_config.json", Array(texts.generationConfig.utf8)),
      ("config.json", Array(config.utf8)),
    ]
    let path = Self.plain(path)
    if !exists(path) {
      try writeNew(transformer, small, to: path, metadata)
    } else {
      try replace(transformer, small, in: path, metadata)
    }
  }

  /// Writes the tensors alone, as the file `path`, with transformers' names.
  public static func writeTensors(
    of transformer: Transformer, to path: String, metadata: [String: String] = [:]
  ) throws(FileFailure) {
    var file = try ModelWeights.write(
      transformer.parameters, of: transformer.configuration, to: path, metadata: metadata)
    try file.commit()
  }

  private static func writeNew(
    _ transformer: Transformer, _ small: [(String, [UInt8])], to path: String,
    _ metadata: [String: String]
  ) throws(FileFailure) {
    let temporary = "\(path).partial-\(getpid())"
    if mkdir(temporary, 0o755) != 0 && errno != EEXIST { throw FileFailure("create", path) }
    do throws(FileFailure) {
      try replace(transformer, small, in: temporary, metadata)
      if rename(temporary, path) != 0 { throw FileFailure("create", path) }
    } catch {
      for (name, _) in small { unlink("\(temporary)/\(name)") }
      unlink("\(temporary)/\(TensorFiles.single)")
      unlink("\(temporary)/\(unfinishedMark)")
      rmdir(temporary)
      throw FileFailure(error.action, path, code: error.code)
    }
    syncFolder(containing: path)
  }

  private static func replace(
    _ transformer: Transformer, _ small: [(String, [UInt8])], in path: String,
    _ metadata: [String: String]
  ) throws(FileFailure) {
    var weights = try ModelWeights.write(
      transformer.parameters, of: transformer.configuration, to: "\(path)/\(TensorFiles.single)",
      metadata: metadata)
    try weights.synchronize()
    var pending: [PendingFile] = []
    for (name, bytes) in small {
      let file = "\(path)/\(name)"
      if (try? InputFile.whole(file)) == bytes { continue }
      pending.append(try PendingFile(file, bytes))
    }
    let mark = "\(path)/\(unfinishedMark)"
    if !pending.isEmpty {
      try writeWhole("The files of this model are being replaced.\n", to: mark)
    }
    do throws(FileFailure) {
      try weights.commit()
    } catch {
      unlink(mark)
      throw error
    }
    for file in pending { try file.commit() }
    if unlink(mark) == 0 { syncFolder(containing: mark) }
  }

  private static func checkFolder(_ path: String) throws(ModelFileError) {
    var status = stat()
    if stat(path, &status) != 0 {
      if errno != ENOENT { throw ModelFileError(FileFailure("read", path)) }
      let partial = hasPartial(of: path)
      throw ModelFileError(
        .missing, path, "there is no such model folder",
        hint: partial
          ? "A write of it was interrupted and left \(path).partial-…; write it again."
          : "Give the folder that `apus train -o` wrote, or one that transformers saved.")
    }
    if status.st_mode & S_IFMT != S_IFDIR {
      throw ModelFileError(
        .badData, path, "it is a file, not a model folder",
        hint: "Give the folder that holds config.json and model.safetensors.")
    }
    if exists("\(path)/\(unfinishedMark)") {
      throw ModelFileError(
        .badData, path, "a write of this model was interrupted: old and new files may be mixed",
        hint: "Write the model again; or delete \(unfinishedMark) if you know the files to match.")
    }
  }

  private static func checkExists(_ file: String, in folder: String) throws(ModelFileError) {
    if exists(file) { return }
    let hint: String
    if hasPartial(of: file) {
      hint = "A write of it was interrupted and left \(file).partial-…; write the model again."
    } else if exists("\(folder)/pytorch_model.bin"), file.hasSuffix(TensorFiles.single) {
      hint = "The weights are a pickle; let transformers save them again as safetensors."
    } else {
      hint = "A model folder holds config.json, model.safetensors and tokenizer.json."
    }
    throw ModelFileError(.missing, file, "there is no such file", hint: hint)
  }

  /// The path without slashes at its end, so that temporary names lie beside the folder, not in it.
  package static func plain(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    return String(path)
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether a temporary file or folder for `path` lies beside it.
  private static func hasPartial(of path: String) -> Bool {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    return names?.contains { $0.hasPrefix("\(name).partial-") } ?? false
  }
}
