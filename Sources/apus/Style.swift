/// Colour in four roles, or none.

import Glibc

/// How text is set off on one stream: not at all unless it is a terminal that wants it.
struct Style {
  /// Whether escape sequences are written.
  let isEnabled: Bool

  /// For standard error.
  static let standardError = Style(descriptor: STDERR_FILENO)
  /// For standard output.
  static let standardOutput = Style(descriptor: STDOUT_FILENO)

  /// Colour on a terminal, unless `NO_COLOR` is set, `TERM` is dumb or `--no-color` was given.
  init(descriptor: Int32) {
    let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    let terminal = getenv("TERM").map { String(cString: $0) } ?? "dumb"
    isEnabled =
      Console.isTerminal(descriptor) && !refused && terminal != "dumb"
      && !CommandLine.arguments.contains("--no-color")
  }

  /// Red: something failed.
  func error(_ text: String) -> String { wrap(text, "31;1") }
  /// Yellow: something deserves attention.
  func warning(_ text: String) -> String { wrap(text, "33") }
  /// Cyan: what to do next.
  func hint(_ text: String) -> String { wrap(text, "36") }
  /// Bold: the number that was asked for.
  func strong(_ text: String) -> String { wrap(text, "1") }

  private func wrap(_ text: String, _ code: String) -> String {
    isEnabled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
