/// The trained model that a verb works with.

import ArgumentParser
import Models

struct ModelOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A model's folder, as apus train or transformers wrote it."),
    completion: .directory)
  var model: String

  /// Reads the folder.
  func load() throws -> LoadedModel { try ModelFolder.load(model) }
}
