/// Options that several verbs share.

import ArgumentParser
import Corpora
import Glibc
import Machine

/// How much is said while a command works.
struct OutputOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  @Flag(name: .long, help: "Show no progress.")
  var noProgress = false

  @Flag(name: .long, help: "Use no colour (so does the environment variable NO_COLOR).")
  var noColor = false

  /// Whether progress lines appear.
  var showsProgress: Bool { !quiet && !noProgress }

  /// Says a line on standard error unless `--quiet`.
  func say(_ text: String) {
    if !quiet { Console.say(text) }
  }

  /// Says what to do next.
  func suggest(_ command: String) {
    say(Style.standardError.hint("next:") + " " + command)
  }

  /// Says something that deserves attention.
  func warn(_ text: String, hint: String? = nil) {
    say(Style.standardError.warning("warning:") + " " + text)
    if let hint { say(Style.standardError.hint("hint:") + " " + hint) }
  }
}

/// The form of a report.
struct ReportOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON object instead of words.")
  var json = false

  /// Prints a report in the form that was asked for.
  func print(_ json: @autoclosure () -> JSON, _ words: @autoclosure () -> String) throws {
    try Console.write((self.json ? json().text : words()) + "\n")
  }
}

/// How many threads compute.
struct ThreadOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Threads that compute (default: one a core).", valueName: "n"))
  var threads: Int?

  /// The number in force.
  var count: Int { threads ?? Cooperation.current.cores }

  /// Sizes the pool; call before the first product.
  func apply() {
    Workers.configure(count: count)
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads is at least 1") }
  }
}

/// Where texts come from.
struct CorpusOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Files (.jsonl, .txt, either with .zst), folders or globs; - for standard input.",
      valueName: "corpus"),
    completion: .file(extensions: ["zst", "jsonl", "txt"]))
  var corpus: [String] = []

  @OptionGroup var form: TextOptions

  /// Opens the corpus; with no path named, standard input is the corpus.
  func open<Command: ParsableCommand>(for command: Command.Type) throws -> Corpus {
    if corpus.isEmpty || corpus == ["-"] { try Input.requireData(for: command) }
    return try Corpus(
      corpus.isEmpty ? ["-"] : corpus, textField: form.textField, lines: form.lines)
  }
}

/// How texts lie in their files.
struct TextOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("The field of a .jsonl line that holds the text.", valueName: "name"))
  var textField = "text"

  @Flag(name: .long, help: "Make each line of a .txt file or of standard input a document.")
  var lines = false
}

/// Where a result goes, and whether it may replace something.
struct ReplaceOptions: ParsableArguments {
  @Flag(name: .long, help: "Replace what is already there.")
  var force = false

  /// Refuses to go on if something is at `path`.
  func check(_ path: String) throws {
    if force || access(path, F_OK) != 0 { return }
    throw Failure("\(path) exists", status: .cannotCreate, hint: "--force replaces it")
  }
}
