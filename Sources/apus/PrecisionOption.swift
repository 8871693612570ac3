/// `--precision`: what the operands of matrix products are rounded to.

import ArgumentParser
import Kernels
import Machine

/// A precision by name, or `auto`.
struct PrecisionOption: ParsableArguments {
  /// What can be asked for.
  enum Choice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case fp32
    case bf16
    case fp16
  }

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      What matrix products multiply: fp32, bf16, fp16, or auto for what this processor computes \
      fastest (default: auto to train, else fp32, or bf16 with --weights bf16 where that is faster).
      """, valueName: "p"))
  var precision: Choice?

  /// The precision that was asked for, or nil if nothing was.
  ///
  /// - Throws: `Failure` if this processor does not have it.
  func asked() throws(Failure) -> Precision? {
    guard let precision else { return nil }
    guard let named = Precision(rawValue: precision.rawValue) else { return .fastest }
    guard named.isAvailable else {
      throw Failure(
        "this processor (\(Processor.name)) has no products in \(precision.rawValue)",
        status: .usage, hint: "--precision auto takes what it computes fastest")
    }
    return named
  }
}
