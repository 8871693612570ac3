/// `apus scaling fit`: laws for losses that were measured elsewhere.

import ArgumentParser
import Scaling

struct ScalingFitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fit power laws to a table of losses.",
    discussion: """
      EXAMPLES
        apus scaling fit losses.csv
        apus scaling fit chinchilla.csv --huber 0.001

      The table has a header and commas or tabs between its columns: loss, and one or more of \
      tokens, parameters and compute (FLOPs); seed if there are several runs of a size. With \
      parameters and tokens, L(N, D) = E + A/N^a + B/D^b is fitted; with one variable, a power law \
      with a floor and without. If parameters and compute are there and tokens are not, tokens are \
      compute / (6 · parameters).
      """)

  @Argument(help: ArgumentHelp("A table; - for standard input.", valueName: "table.csv"))
  var table: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Residuals of ln L beyond this count linearly (default: 1.345 robust deviations).",
      valueName: "x"))
  var huber: Double?

  @Option(name: .long, help: ArgumentHelp("Resamplings for the intervals.", valueName: "n"))
  var draws = 4_000

  @OptionGroup var report: ReportOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if let huber, !(huber > 0) { throw ValidationError("--huber is above 0") }
    if draws < 40 { throw ValidationError("--draws is at least 40") }
  }

  func run() throws {
    let losses = try LossTable(text: try Input(table).text(), path: table)
    let size = huber.map { LawFit.Huber.fixed($0) } ?? .adaptive
    let bootstraps = losses.forms.compactMap {
      Bootstrap(losses.groups, form: $0, huber: size, draws: draws)
    }
    if bootstraps.isEmpty {
      throw Failure(
        "\(table) holds \(losses.groups.count) losses, too few for a law", status: .badData,
        hint: "a law of one power and a floor has three numbers, and needs more losses than those")
    }
    let weights = Prediction.weights(bootstraps.map(\.fit.criterion))
    var lines: [String] = []
    var laws: [JSON] = []
    for (bootstrap, weight) in zip(bootstraps, weights) {
      let fit = bootstrap.fit
      var members: [(key: String, value: JSON)] = []
      var row = ["L"]
      var numbers: [String] = []
      func number(_ name: String, _ value: Double, _ read: (ScalingLaw) -> Double) {
        let interval = bootstrap.interval(read)
        members.append((name, .number(value)))
        members.append((name + "_ci95", .array([.number(interval.low), .number(interval.high)])))
        numbers.append(
          "\(name) = \(Format.short(value)) [\(Format.short(interval.low)), "
            + "\(Format.short(interval.high))]")
      }
      if fit.form.hasOffset { number("E", fit.law.offset, \.offset) }
      for (index, term) in fit.law.terms.enumerated() {
        let symbol = term.variable.symbol
        number("coefficient_\(symbol)", term.coefficient) { $0.terms[index].coefficient }
        number("exponent_\(symbol)", term.exponent) { $0.terms[index].exponent }
        row.append("\(symbol)^-\(Format.fixed(term.exponent, 4))")
      }
      members += [
        ("r_squared", .number(fit.rSquared)), ("weight", .number(weight)),
        ("points", .integer(fit.points)),
      ]
      laws.append(.members(members))
      lines.append(
        (fit.form.hasOffset ? "with a floor" : "pure power law")
          + ", weight \(Format.fixed(weight, 3)), R² \(Format.fixed(fit.rSquared, 4))")
      lines += numbers.map { "  \($0)" }
    }
    try report.print(.members([("fits", .array(laws))]), lines.joined(separator: "\n"))
  }
}
