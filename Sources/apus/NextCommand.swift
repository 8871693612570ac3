import ArgumentParser
struct NextCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "next") }
