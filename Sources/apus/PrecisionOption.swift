/// `--precision`: what the operands of matrix products are rounded to.

import ArgumentParser
import Kernels
import Machine

/// A precision by name, or `auto`.
struct PrecisionOption: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "What matrix products multiply: fp32, bf16, or auto for what this processor computes fastest.",
      valueName: "p"))
  var precision: String?

  func validate() throws {
    guard let precision, precision != "auto", Precision(rawValue: precision) == nil else { return }
    let names = ["auto"] + Precision.allCases.map(\.rawValue)
    throw ValidationError(
      "'\(precision)' is no precision (it is one of \(names.joined(separator: ", ")))")
  }

  /// The precision that was asked for, or `standard` if nothing was.
  ///
  /// - Throws: `Failure` if this processor does not have it.
  func chosen(standard: Precision = .fp32) throws(Failure) -> Precision {
    guard let precision else { return standard }
    guard let named = Precision(rawValue: precision) else { return .fastest }
    guard named.isAvailable else {
      throw Failure(
        "this processor (\(Processor.name)) has no products in \(precision)",
        status: .usage, hint: "--precision auto takes what it computes fastest")
    }
    return named
  }
}
