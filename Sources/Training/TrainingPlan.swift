/// From one dial, the depth, to every number of a run, each with its reason.

import Glibc
import Models

/// A model and a way to train it, chosen from what is known about the corpus and the machine.
///
/// Whatever a wish names is taken as it is; the rest follows. The rules come from trials of one to
/// fifteen minutes on two cores; beyond that they extrapolate, and each says so in its reason.
public struct TrainingPlan: Sendable, Equatable {
  /// What the user asked for, and what is known; nil leaves the choice to the plan.
  public struct Wishes: Sendable, Equatable {
    /// The dial: the number of blocks, from which the rest follows.
    public var depth: Int?
    /// The family of the model.
    public var family: TransformerConfiguration.Family?
    /// Blocks, if they shall differ from `depth`.
    public var layers: Int?
    /// Width of the residual stream.
    public var width: Int?
    /// Query heads.
    public var heads: Int?
    /// Key and value heads.
    public var keyValueHeads: Int?
    /// Tokens in a window.
    public var context: Int?
    /// Tokens in the vocabulary; what the tokenizer has, if there is one.
    public var vocabularySize: Int?
    /// The optimizer.
    public var optimizer: OptimizerOptions.Kind?
    /// The full learning rate.
    public var learningRate: Double?
    /// Decoupled weight decay.
    public var weightDecay: Double?
    /// The shape of the schedule.
    public var schedule: LearningRateSchedule.Shape?
    /// Steps of warm-up.
    public var warmupSteps: Int?
    /// Tokens in a step.
    public var batchTokens: Int?
    /// The largest norm of all gradients together, or 0.
    public var clip: Double?
    /// The length of the run.
    public var horizon: Horizon?
    /// Bytes of text in the corpus, if known.
    public var corpusBytes: Int?
    /// Parts of a step; a power of two.
    public var microBatches: Int?
    /// Processes that share a step.
    public var processes = 1
    /// Useful FLOPs a second of training on this machine, if measured.
    public var speed: Double?

    /// No wishes.
    public init() {}
  }

  /// One number of the plan.
  public struct Item: Sendable, Equatable, CustomStringConvertible {
    /// What it is: "width".
    public let name: String
    /// How much: "256".
    public let value: String
    /// Where it comes from.
    public let reason: String

    /// `name value (reason)`
    public var description: String { "\(name) \(value) (\(reason))" }
  }

  /// The model.
  public private(set) var configuration: TransformerConfiguration
  /// The optimizer and its numbers.
  public private(set) var optimizer: OptimizerOptions
  /// The course of the learning rate.
  public private(set) var schedule: LearningRateSchedule
  /// The length of the run.
  public private(set) var horizon: Horizon
  /// Windows in a step.
  public private(set) var sequences: Int
  /// Parts of a step that pass through the model one after another, or in other processes.
  public private(set) var microBatches: Int
  /// The largest norm of all gradients together, or 0.
  public private(set) var clip: Double
  /// Steps between evaluations.
  public private(set) var evaluateEvery: Int
  /// Every number, in the order in which it was decided.
  public private(set) var items: [Item] = []
  /// Useful FLOPs a second that estimates assume.
  public let speed: Double

  /// Useful FLOPs a second of one core, if nothing is measured.
  private static let usualSpeedPerCore = 70e9

  /// Decides everything that `wishes` leave open, for a machine of `cores` cores.
  public init(_ wishes: Wishes = Wishes(), cores: Int) {
    var items: [Item] = []
    func decide<Value>(_ name: String, _ wish: Value?, _ value: Value, _ reason: String) -> Value {
      items.append(
        Item(name: name, value: "\(wish ?? value)", reason: wish == nil ? reason : "as asked"))
      return wish ?? value
    }
    speed = wishes.speed ?? Self.usualSpeedPerCore * Double(cores)

    // Size.
    let family = wishes.family ?? .nanochat
    items.append(
      Item(
        name: "family", value: family.rawValue,
        reason: wishes.family == nil ? "ahead of gpt2 in trials" : "as asked"))
    var horizon = wishes.horizon
    if horizon == nil, wishes.depth == nil, wishes.layers == nil { horizon = .seconds(300) }
    var depth = wishes.depth ?? 4
    var depthReason = "trials of five minutes on two cores"
    if wishes.depth == nil, let horizon, horizon.unit == .seconds {
      depth = Self.depth(seconds: horizon.amount, speed: speed)
      depthReason = "fifth root of the FLOPs in that time, fitted at 5 and 15 minutes"
    }
    depth = max(1, wishes.layers ?? depth)
    let layers = decide(
      "layers", wishes.layers ?? wishes.depth.map { max(1, $0) }, depth, depthReason)
    var width = max(128, 64 * layers)
    if let heads = wishes.heads { width = (width + heads * 2 - 1) / (heads * 2) * heads * 2 }
    width = decide("width", wishes.width, width, "64 a layer, at least 128")
    let heads = decide("heads", wishes.heads, Self.heads(width: width), "of width 64")
    let keyValueHeads = decide("key-value heads", wishes.keyValueHeads, heads, "one a query head")
    let context = decide(
      "context", wishes.context, layers < 10 ? 256 : 1024,
      layers < 10 ? "short windows learn faster per second in small models" : "as GPT-2")
    let vocabularySize = decide(
      "vocabulary", wishes.vocabularySize,
      Self.vocabularySize(layers: layers, corpusBytes: wishes.corpusBytes),
      "by depth, and at most a token per 1,000 bytes of corpus")
    configuration = TransformerConfiguration(
      family: family, vocabularySize: vocabularySize, contextLength: context, layers: layers,
      width: width, heads: heads, keyValueHeads: keyValueHeads)

    // Optimizer.
    let kind = wishes.optimizer ?? (family == .gpt2 ? .adamw : .muon)
    items.append(
      Item(
        name: "optimizer", value: kind.rawValue,
        reason: wishes.optimizer != nil
          ? "as asked" : kind == .muon ? "ahead of AdamW in trials" : "nanoGPT's recipe"))
    let usualRate =
      kind == .muon ? 0.02 : 1e-3 * min(1, 384 / Double(width)).squareRoot()
    let rate = decide(
      "learning rate", wishes.learningRate, usualRate,
      kind == .muon
        ? "Muon's, at any width; embedding 4.5 times, head 0.15 times that"
        : "0.001 up to width 384, then falling with its root")
    switch kind {
    case .muon:
      optimizer = .muon(learningRate: rate, weightDecay: wishes.weightDecay ?? 0)
    case .adamw:
      optimizer = .adamW(learningRate: rate, weightDecay: wishes.weightDecay ?? 0.1)
    }
    items.append(
      Item(
        name: "weight decay", value: "\(optimizer.weightDecay)",
        reason: wishes.weightDecay != nil
          ? "as asked" : kind == .muon ? "none in short runs" : "nanoGPT's"))
    clip = decide(
      "clip", wishes.clip, kind == .muon ? 0 : 1,
      kind == .muon ? "Muon's steps have one length" : "nanoGPT's")

    // Length and batch.
    if horizon == nil {
      horizon = .tokens(
        Self.tokens(configuration: configuration, corpusBytes: wishes.corpusBytes))
    }
    let length = horizon ?? .seconds(300)
    self.horizon = length
    items.append(
      Item(
        name: "horizon", value: "\(Self.text(length.amount)) \(length.unit.rawValue)",
        reason: wishes.horizon != nil
          ? "as asked"
          : length.unit == .seconds
            ? "nothing was asked" : "2 a parameter, at most 4 times the corpus"))
    let tokens = Self.expectedTokens(
      length, speed: speed, configuration: configuration, batchTokens: wishes.batchTokens)
    let usualBatch = kind == .muon ? Self.batchTokens(tokens: tokens) : 4_096
    let batch = decide(
      "tokens a step", wishes.batchTokens, usualBatch,
      kind == .muon
        ? "2,048 up to a million tokens, then as their 0.4th power" : "nanoGPT's 16 × 256")
    sequences = max(1, batch / context)
    microBatches = decide(
      "micro-batches", wishes.microBatches,
      Self.microBatches(sequences: sequences, context: context, processes: wishes.processes),
      "at most as many processes can share a step; they fix the order of its sums")

    // Schedule.
    let shape = wishes.schedule ?? (kind == .muon ? .wsd : .cosine)
    let expectedSteps = max(1, tokens / (sequences * context))
    let warmup = wishes.warmupSteps ?? min(kind == .muon ? 20 : 100, expectedSteps / 3)
    schedule = LearningRateSchedule(
      shape, warmupSteps: warmup, cooldown: 0.6, finalShare: kind == .muon ? 0.02 : 0.1)
    items.append(
      Item(
        name: "schedule", value: shape.rawValue,
        reason: wishes.schedule != nil
          ? "as asked" : shape == .wsd ? "flat, then a line over 60% down to 2%" : "down to 10%"))
    items.append(
      Item(
        name: "warm-up", value: "\(warmup) steps",
        reason: wishes.warmupSteps == nil ? "at most a third of the run" : "as asked"))
    evaluateEvery = max(1, min(500, expectedSteps / 10))
    self.items = items
  }

  /// Learnt values.
  public var parameterCount: Int {
    configuration.declarations.reduce(0) { $0 + $1.rows * $1.columns }
  }

  /// Steps that the horizon allows, at the assumed speed if it is in seconds.
  public var expectedSteps: Int {
    switch horizon.unit {
    case .steps: Int(horizon.amount)
    case .tokens, .seconds:
      (expectedTokens + sequences * configuration.contextLength - 1)
        / (sequences * configuration.contextLength)
    }
  }

  /// Tokens that the horizon allows, at the assumed speed if it is in seconds.
  public var expectedTokens: Int {
    Self.expectedTokens(
      horizon, speed: speed, configuration: configuration,
      batchTokens: sequences * configuration.contextLength)
  }

  /// Seconds that the horizon takes at the assumed speed.
  public var expectedSeconds: Double {
    horizon.unit == .seconds
      ? horizon.amount : Double(expectedTokens) * configuration.trainingFLOPsPerToken / speed
  }

  /// The plan as options of a run on `data`.
  public func options(
    data: DataOptions, seed: UInt64 = 42
  ) -> TrainingOptions {
    TrainingOptions(
      data: data, optimizer: optimizer, schedule: schedule, horizon: horizon,
      context: configuration.contextLength, sequences: sequences,
      microBatches: microBatches, clip: clip, evaluateEvery: evaluateEvery,
      saveEvery: evaluateEvery * 2, seed: seed)
  }
}

extension TrainingPlan {
  /// Depth 4 is best for about 4e13 FLOPs and depth 5 for three times as much.
  private static func depth(seconds: Double, speed: Double) -> Int {
    let budget = max(seconds * speed, 1)
    return min(48, max(2, Int((4 * pow(budget / 4e13, 0.2)).rounded())))
  }

  /// Heads of width 64 if that divides the width, else the fewest heads that are narrower.
  private static func heads(width: Int) -> Int {
    (max(1, width / 64)...max(1, width)).first { width % ($0 * 2) == 0 } ?? 1
  }

  /// A power of two: small models spend too much on the head, small corpora show each token too
  /// seldom.
  private static func vocabularySize(layers: Int, corpusBytes: Int?) -> Int {
    let byDepth = layers <= 2 ? 4_096 : layers <= 8 ? 8_192 : layers <= 12 ? 16_384 : 32_768
    guard let corpusBytes else { return byDepth }
    var size = 512
    while size < byDepth, size * 2 * 1_000 <= corpusBytes { size *= 2 }
    return size
  }

  /// Two tokens a parameter of the matrices and the head, from at most four epochs of a corpus
  /// with four bytes a token (arXiv 2305.16264: until then, repetition is almost as good as new).
  private static func tokens(configuration: TransformerConfiguration, corpusBytes: Int?) -> Int {
    let attention =
      6 * configuration.layers * configuration.heads * configuration.headWidth
      * configuration.contextLength
    let wanted = 2 * (Int(configuration.trainingFLOPsPerToken) - attention) / 6
    return max(1, corpusBytes.map { min(wanted, $0) } ?? wanted)
  }

  private static func batchTokens(tokens: Int) -> Int {
    let growth = pow(max(1, Double(tokens) / 1e6), 0.4)
    return 2_048 << Int(log2(growth).rounded())
  }

  /// Up to four parts of at least 1,024 tokens, more where they would exceed 16,384; no more than
  /// windows, and one for every process.
  private static func microBatches(sequences: Int, context: Int, processes: Int) -> Int {
    var count = 1
    let tokens = sequences * context
    while count * 2 <= sequences,
      count < processes || tokens > count * 16_384 || (count < 4 && tokens >= count * 2_048)
    {
      count *= 2
    }
    return count
  }

  private static func expectedTokens(
    _ horizon: Horizon, speed: Double, configuration: TransformerConfiguration, batchTokens: Int?
  ) -> Int {
    switch horizon.unit {
    case .tokens: Int(horizon.amount)
    case .steps: Int(horizon.amount) * (batchTokens ?? 2_048)
    case .seconds: Int(horizon.amount * speed / configuration.trainingFLOPsPerToken)
    }
  }

  private static func text(_ amount: Double) -> String {
    amount == amount.rounded() && abs(amount) < 1e15 ? "\(Int(amount))" : "\(amount)"
  }
}
