/// `apus scaling`: how the loss falls with the amount of text, as a law with an interval and a test.

import ArgumentParser

struct ScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Train on growing subsets, fit the power law, and test it on a size held out.",
    subcommands: [ScalingStudyCommand.self, ScalingFitCommand.self],
    defaultSubcommand: ScalingStudyCommand.self)
}
