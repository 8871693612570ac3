/// What a run costs on a machine of known speed: how many tokens a time allows, how long tokens take.

import Kernels
import Models

/// The work of a run, in useful FLOPs at the speed that a plan assumes.
///
/// Kinds of work run at their own rates: products of the head, which are large, faster than those of the
/// blocks with their norms and softmaxes; what gathers and scatters rows of large tables waits for memory.
/// The shares of halves were fitted to 20 runs of one to fifteen minutes on a processor of the Zen 4 generation, rows to
/// two since tables know theirs; those of floats to seven short ones on a Cascade Lake, all within 6%
/// (docs/experiments.md). Those of three runs on the former foresaw 8 to 31% more tokens.
struct StepCost: Sendable, Equatable {
  /// What is counted of forward and backward pass, for every token.
  let usefulPerToken: Double
  /// Of forward and backward pass, for every token.
  let perToken: Double
  /// Of the optimizer, for every step.
  let perStep: Double

  init(
    _ configuration: TransformerConfiguration, sampledTokens: Int?,
    optimizer: OptimizerOptions.Kind, precision: Precision
  ) {
    let shares: Shares = precision == .fp32 ? .floats : .halves
    let blocks = configuration.trainingFLOPsPerToken(lossTokens: 0)
    let lossTokens = TrainingPlan.lossTokens(
      sampledTokens, vocabularySize: configuration.vocabularySize)
    usefulPerToken = configuration.trainingFLOPsPerToken(lossTokens: lossTokens)
    let head = usefulPerToken - blocks
    perToken =
      shares.blocks * blocks + shares.head * head + (sampledTokens == nil ? 0 : shares.rows)
    perStep =
      optimizer == .muon ? shares.muon * Self.orthogonalization(configuration) : 0
  }

  /// FLOPs of a run of so many tokens in steps of `batch`, after a fit to counts of `fit` FLOPs.
  func flops(tokens: Int, batch: Int, fit: Double) -> Double {
    Double(tokens) * (perToken + perStep / Double(batch)) + Self.fitShare * fit
  }

  /// How many tokens in steps of `batch` so many FLOPs allow, after a fit to counts of `fit` FLOPs.
  func tokens(flops: Double, batch: Int, fit: Double) -> Int {
    Int(max(0, flops - Self.fitShare * fit) / (perToken + perStep / Double(batch)))
  }

  /// FLOPs of making the gradients of all matrices orthogonal.
  private static func orthogonalization(_ configuration: TransformerConfiguration) -> Double {
    let width = configuration.width
    let queries = configuration.heads * configuration.headWidth
    let keys = configuration.keyValueHeads * configuration.headWidth
    let hidden = configuration.feedForwardWidth
    var shapes = [(queries, width), (keys, width), (keys, width), (width, queries)]
    shapes += [(hidden, width), (width, hidden)]
    if configuration.activation == .swiGLU { shapes.append((hidden, width)) }
    return Double(configuration.layers)
      * shapes.reduce(0) { $0 + Orthogonalization.cost(rows: $1.0, columns: $1.1) }
  }

  /// What a useful FLOP of each kind of work takes, over one at the speed of the plan.
  private struct Shares {
    var blocks: Double
    var head: Double
    var muon: Double
    /// Of gathering and scattering rows for a token, where the loss is sampled; in FLOPs.
    var rows: Double

    static let halves = Shares(blocks: 0.8, head: 0.49, muon: 0.67, rows: 0.7e6)
    static let floats = Shares(blocks: 1, head: 0.72, muon: 0.9, rows: 1.25e6)
  }

  /// Of a fit to counts, counting included.
  private static let fitShare = 1.65
}

extension TrainingPlan {
  /// Steps that the horizon allows, at the assumed speed if it is in seconds.
  public var expectedSteps: Int {
    horizon.unit == .steps
      ? Int(horizon.amount) : (expectedTokens + batchTokens - 1) / batchTokens
  }

  /// Tokens that the horizon allows, at the assumed speed if it is in seconds.
  public var expectedTokens: Int {
    Self.expectedTokens(horizon, cost: cost, speed: speed, batch: batchTokens, fit: fitFLOPs)
  }

  /// Seconds that the horizon takes at the assumed speed.
  public var expectedSeconds: Double {
    horizon.unit == .seconds
      ? horizon.amount
      : cost.flops(tokens: expectedTokens, batch: batchTokens, fit: fitFLOPs) / speed
  }

  /// FLOPs of training on one token, with the loss as it is.
  public var flopsPerToken: Double { cost.usefulPerToken }

  static func expectedTokens(
    _ horizon: Horizon, cost: StepCost, speed: Double, batch: Int, fit: Double = 0
  ) -> Int {
    switch horizon.unit {
    case .tokens: Int(horizon.amount)
    case .steps: Int(horizon.amount) * batch
    case .seconds: max(1, cost.tokens(flops: horizon.amount * speed, batch: batch, fit: fit))
    }
  }

  private var batchTokens: Int { sequences * configuration.contextLength }

  private var fitFLOPs: Double {
    start?.flops(vocabularySize: configuration.vocabularySize, width: configuration.width) ?? 0
  }
}
