import ArgumentParser
struct PerplexityCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "perplexity") }
