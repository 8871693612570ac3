/// How processes divide a model: `--tensor-parallel`, `--pipeline-parallel`.

import ArgumentParser

/// The processes that hold one copy of the model together.
struct LayoutOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Processes that divide every layer among them.", valueName: "n"))
  var tensorParallel = 1

  @Option(
    name: .long,
    help: ArgumentHelp("Stages of a pipeline, each a run of layers.", valueName: "n"))
  var pipelineParallel = 1

  /// Processes that hold one copy of the model.
  var processes: Int { tensorParallel * pipelineParallel }

  func validate() throws {
    if tensorParallel < 1 { throw ValidationError("--tensor-parallel is at least 1") }
    if pipelineParallel < 1 { throw ValidationError("--pipeline-parallel is at least 1") }
  }
}
