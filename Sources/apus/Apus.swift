/// The root command: the list of verbs, and what happens when one of them fails.

import ArgumentParser
import Glibc
import Machine

/// `apus`: parse, call, show.
@main
struct Apus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Train language models on text, sample from them, and measure them.",
    discussion: """
      EXAMPLES
        apus train corpora/tales.jsonl.zst -o tales --time 2m
        apus sample tales "Once upon a time"
        apus next tales "The fox opened the"
        apus perplexity tales letter.txt

      Data goes to standard output, everything else to standard error. A corpus is a .jsonl or .txt \
      file, either with .zst, a folder or a glob of these, or - for standard input. Sizes are \
      written 250M or 4GiB, times 90s, 15m or 2h. Reports take --json.

      EXIT CODES
        0 done · 1 failure · 64 usage · 65 bad data · 66 no input · 73 cannot create
        74 input or output failed · 130 interrupted
      """,
    version: "apus 0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "DATA",
        subcommands: [TokenizerCommand.self, TokenizeCommand.self, DetokenizeCommand.self]),
      CommandGroup(
        name: "MODEL",
        subcommands: [
          TrainCommand.self, SampleCommand.self, NextCommand.self, PerplexityCommand.self,
          ScalingCommand.self,
        ]),
      CommandGroup(
        name: "MACHINE", subcommands: [DoctorCommand.self, BenchCommand.self, ParallelCommand.self]),
    ])

  static func main() {
    refuseOldProcessor()
    FreedMemory.keep()
    // Both come back as errors of write, which unwind and leave nothing half-written.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
      Cooperation.leave()
    } catch {
      Cooperation.fail(explanation(of: error, arguments: arguments))
    }
  }

  /// Every failure as this program shows it: its own, a library's, or the argument parser's.
  private static func explanation(of error: any Error, arguments: [String]) -> Failure {
    if let failure = Failure(error) { return failure }
    if exitCode(for: error) == .success {
      Console.show(fullMessage(for: error) + "\n")
      return .silentSuccess
    }
    // The parser's own suggestion comes without regard to the verb; the hint has a better one.
    let message = message(for: error).split(separator: ". Did you mean").first ?? ""
    return Failure(
      String(message), status: exitCode(for: error) == .validationFailure ? .usage : .failure,
      hint: Suggestion.hint(for: arguments, refused: String(message)))
  }

  /// Ends the program on a processor that has not what it was compiled for.
  ///
  /// Before anything else, and without a generic function or a string: modules compiled for
  /// x86-64-v3 may have lent the linker any of those, also of the argument parser.
  private static func refuseOldProcessor() {
    if Processor.isSupported { return }
    let message: StaticString = """
      error: this processor lacks AVX2, FMA or BMI2
      hint: apus needs an x86-64-v3 processor (Intel Haswell of 2013, AMD Zen of 2017, or later)

      """
    _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
    _exit(1)
  }
}
