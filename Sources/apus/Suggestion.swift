/// "Did you mean …?" for words that are nearly a verb or an option.

import ArgumentParser

/// The nearest known word to an unknown one.
package enum Suggestion {
  /// The candidate with the fewest single-letter edits (Levenshtein 1966), if few enough; a
  /// candidate that `word` begins counts as near.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    let ranked = candidates.map { candidate -> (name: String, distance: Int) in
      let isStart = word.filter { $0 != "-" }.count > 2 && candidate.hasPrefix(word)
      return (candidate, isStart ? 1 : distance(word, candidate))
    }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, word.count / 3) ? best.name : nil
  }

  /// The number of letters to insert, delete or change that make `first` into `second`.
  package static func distance(_ first: String, _ second: String) -> Int {
    let first = Array(first)
    let second = Array(second)
    var row = Array(0...second.count)
    for (i, a) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in second.enumerated() {
        let change = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(change, diagonal + 1, row[j] + 1)
      }
    }
    return row[second.count]
  }

  /// What to try after the argument parser refused `arguments` with a message.
  static func hint(for arguments: [String], refused message: String) -> String {
    let (command, path, rest) = deepestCommand(in: arguments)
    let help = "\(path) --help shows what is possible"
    if let word = rest.first, !word.hasPrefix("-"), !subcommands(of: command).isEmpty {
      let names = subcommands(of: command).map(name(of:))
      return nearest(to: word, among: names).map { "did you mean '\(path) \($0)'?" } ?? help
    }
    let known = options(of: command)
    for word in rest where word.hasPrefix("--") {
      let option = String(word.prefix { $0 != "=" })
      if !known.contains(option), let near = nearest(to: option, among: known) {
        return "did you mean '\(near)' for '\(option)'?"
      }
    }
    return purpose(of: message, in: command).map { "\($0) \(help)" } ?? help
  }

  /// What the help says of the option whose value is missing or was refused, if that is what `message` says.
  private static func purpose(of message: String, in command: any ParsableCommand.Type) -> String? {
    guard message.contains("is invalid for '") || message.hasPrefix("Missing value for '"),
      let option = message.split(separator: "'").last?.split(separator: " ").first
    else { return nil }
    // With lines this long, an option's text stands behind its name.
    let lines = Apus.helpMessage(for: command, columns: 400).split(separator: "\n")
    guard
      let place = lines.firstIndex(where: {
        $0.hasPrefix("  -") && $0.split { " ,/".contains($0) }.contains(option)
      })
    else { return nil }
    let words = lines[place].split(separator: "  ", omittingEmptySubsequences: true)
    guard let text = words.count > 1 ? words.last : lines.dropFirst(place + 1).first else {
      return nil
    }
    return "\(option): \(text.trimmingPrefix { $0 == " " })"
  }

  /// The command that the leading arguments name, how it is called, and the arguments after that.
  private static func deepestCommand(
    in arguments: [String]
  ) -> (command: any ParsableCommand.Type, path: String, rest: ArraySlice<String>) {
    var command: any ParsableCommand.Type = Apus.self
    var path = name(of: Apus.self)
    var rest = arguments[...]
    while let word = rest.first,
      let next = subcommands(of: command).first(where: { name(of: $0) == word })
    {
      command = next
      path += " " + word
      rest = rest.dropFirst()
    }
    return (command, path, rest)
  }

  private static func subcommands(
    of command: any ParsableCommand.Type
  ) -> [any ParsableCommand.Type] {
    let configuration = command.configuration
    return configuration.groupedSubcommands.flatMap(\.subcommands) + configuration.subcommands
  }

  private static func name(of command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? ""
  }

  /// The long options that the help of `command` lists.
  private static func options(of command: any ParsableCommand.Type) -> [String] {
    Apus.helpMessage(for: command, columns: 400).split(separator: "\n")
      .filter { $0.hasPrefix("  -") }
      .flatMap { $0.split { " ,/".contains($0) } }
      .filter { $0.hasPrefix("--") }
      .map(String.init)
  }
}
