import ArgumentParser
import Machine

@main
struct Apus: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "apus")
}
