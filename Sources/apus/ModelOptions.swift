/// The trained model that a verb works with.

import ArgumentParser
import Models

struct ModelOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A model's folder, as apus train or transformers wrote it."),
    completion: .directory)
  var model: String

  /// Reads the folder.
  func load() throws -> LoadedModel { try Self.load(model) }

  /// Reads a model's folder; a path that is nearly right gets a hint.
  static func load(_ path: String) throws -> LoadedModel {
    try Input.requireExists(path, what: "model")
    return try ModelFolder.load(path)
  }
}
