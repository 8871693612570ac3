/// What a user may try on a training run to learn more in the same time; all of it is off by default.

import ArgumentParser
import Training

/// Growth over a run, as people write it: `1/4`, `1/4:0.3`.
struct BatchGrowth: ExpressibleByArgument, Equatable {
  var ramp: BatchRamp

  /// `SHARE[:UNTIL[:EXPONENT]]`, the share a power of two as a fraction or a decimal.
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), let share = Self.fraction(parts[0]), share > 0, share < 1,
      let until = parts.count > 1 ? Double(parts[1]) : 0.5, until > 0, until <= 1,
      let exponent = parts.count > 2 ? Double(parts[2]) : 0.5, (0...2).contains(exponent)
    else { return nil }
    let divisor = Int((1 / share).rounded())
    guard divisor > 1, divisor <= 1 << 16, divisor & (divisor - 1) == 0,
      abs(1 / Double(divisor) - share) < 1e-9
    else { return nil }
    ramp = BatchRamp(
      Ramp(doublings: divisor.trailingZeroBitCount, until: until), rateExponent: exponent)
  }

  private static func fraction(_ text: String) -> Double? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let number = Double(parts[0]) else { return nil }
    if parts.count == 1 { return number }
    guard parts.count == 2, let divisor = Double(parts[1]), divisor > 0 else { return nil }
    return number / divisor
  }
}

/// The first length of growing windows: `64`, `64:0.3`.
struct WindowGrowth: ExpressibleByArgument, Equatable {
  var tokens: Int
  var until: Double

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), let tokens = Count(argument: parts[0]), tokens.value > 1,
      let until = parts.count > 1 ? Double(parts[1]) : 0.5, until > 0, until <= 1
    else { return nil }
    self.tokens = tokens.value
    self.until = until
  }

  /// The ramp to windows of `context` tokens, or nil if doubling does not lead there.
  func ramp(to context: Int) -> Ramp? {
    var length = tokens
    var doublings = 0
    while length < context {
      length *= 2
      doublings += 1
    }
    return length == context && doublings <= 16 ? Ramp(doublings: doublings, until: until) : nil
  }
}

extension StartKind: ExpressibleByArgument {}

/// How a run is made to learn more per second.
struct RecipeOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Start at a power-of-two share of the batch and double it until a share of the run is over \
      (0.5); the rate goes with the batch's share to an exponent (0.5).
      """, valueName: "1/4[:until[:exponent]]"))
  var batchRamp: BatchGrowth?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Start with windows of n tokens and double them until a share of the run is over (0.5); a \
      step keeps its tokens.
      """, valueName: "n[:until]"))
  var contextRamp: WindowGrowth?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Keep an average of the weights over the latest share x of the run, say 0.1, and end with it \
      if it does better on the validation text.
      """, valueName: "x"))
  var average: Double?

  @Flag(name: .long, help: "Decay only the weights that the step brings nearer to 0 as well.")
  var cautious = false

  @Flag(name: .long, help: "Let the weight decay fall along a line to 0 at the end of the run.")
  var decayToZero = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Let Muon move matrices in every n-th step, n times as far (default: 1).", valueName: "n"))
  var muonEvery: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Let n tokens, drawn anew for every step, stand for the vocabulary in its loss, beside the \
      step's targets; 0 for the whole vocabulary (default: 2,048 of 8,192 or more; none for gpt2).
      """, valueName: "n"))
  var sampledSoftmax: Count?

  @Option(
    name: .long,
    help: """
      counts fits embedding and head to how often tokens follow each other in the corpus, before the \
      first step; random leaves them to the seed (default: counts where the model allows it).
      """)
  var start: StartKind?

  func validate() throws {
    if let average, !(average > 0 && average <= 1) {
      throw ValidationError("--average is a share of the run, above 0 and at most 1")
    }
    if let muonEvery, muonEvery < 1 { throw ValidationError("--muon-every is at least 1") }
  }

  /// Whether nothing was asked for.
  var isEmpty: Bool {
    batchRamp == nil && contextRamp == nil && average == nil && !cautious && !decayToZero
      && muonEvery == nil && sampledSoftmax == nil && start == nil
  }

  /// Puts what was asked for into the options of a run.
  func apply(to options: inout TrainingOptions) throws {
    options.batchRamp = batchRamp?.ramp
    options.average = average
    options.optimizer.isCautious = cautious
    options.optimizer.decayFalls = decayToZero
    if let muonEvery { options.optimizer.orthogonalizesEvery = muonEvery }
    if let contextRamp {
      options.contextRamp = contextRamp.ramp(to: options.context)
      if options.contextRamp == nil {
        throw Failure(
          "windows of \(contextRamp.tokens) tokens do not double to the \(options.context) of --context",
          status: .usage, hint: "start with \(options.context / 4) tokens, for example")
      }
    }
  }
}
