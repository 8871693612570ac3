/// From one dial, the depth, to every number of a run, each with its reason.

import Glibc
import Kernels
import Models

/// A model and a way to train it, chosen from what is known about the corpus and the machine.
///
/// Whatever a wish names is taken as it is; the rest follows. The rules come from trials of one to
/// fifteen minutes on two cores; beyond that they extrapolate, and each says so in its reason.
public struct TrainingPlan: Sendable, Equatable {
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
  /// How often the text is read, as far as its length is known; else 0.
  public let readings: Double
  /// The share of values that dropout zeroes.
  public private(set) var dropout: Double
  /// What matrix products round their operands to.
  public let precision: Precision
  /// How embedding and head are fitted to counts before the first step, or nil.
  public private(set) var start: CountFit?
  /// Whether matrices into the residual stream start at 0; nil as is usual in the family.
  public let zeroProjections: Bool?
  /// How many tokens stand for the vocabulary in a step's loss, or nil for all.
  public private(set) var sampledTokens: Int?
  /// The share of the corpus's documents that is held out for validation; nil if none of it is.
  public private(set) var validationFraction: Double?
  /// Steps between evaluations.
  public private(set) var evaluateEvery: Int
  /// Tokens of the validation text that an evaluation uses.
  public private(set) var validationTokens: Int
  /// Every number, in the order in which it was decided.
  public private(set) var items: [Item] = []
  /// Useful FLOPs a second that estimates assume.
  public let speed: Double
  /// What tokens and steps take at that speed.
  let cost: StepCost
  /// Bytes of text to train on, if known.
  public let corpusBytes: Int?

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
    corpusBytes = wishes.corpusBytes
    speed = wishes.speed ?? Self.usualSpeedPerCore * Double(cores)

    // Size.
    let family = wishes.family ?? .nanochat
    items.append(
      Item(
        name: "family", value: family.rawValue,
        reason: wishes.family == nil ? "ahead of gpt2 in trials" : "as asked"))
    // Small corpora have vocabularies that need no sample.
    let mostTokens =
      wishes.vocabularySize
      ?? Self.vocabularySize(layers: 1, isSampled: true, corpusBytes: wishes.corpusBytes)
    let isSampled =
      Self.sampledTokens(wishes, family: family, vocabularySize: mostTokens) != nil
      && family != .gpt2
    var horizon = wishes.horizon
    if horizon == nil, wishes.depth == nil, wishes.layers == nil { horizon = .seconds(300) }
    var depth = Double(wishes.layers ?? wishes.depth ?? 4)
    var depthReason = "trials of five minutes on two cores"
    if wishes.depth == nil, wishes.layers == nil, let horizon, horizon.unit == .seconds {
      depth = Self.depth(seconds: horizon.amount, speed: speed, isSampled: isSampled)
      depthReason = "a root of the FLOPs in that time, from trials of 1 to 15 minutes"
    }
    let layers = decide(
      "layers", (wishes.layers ?? wishes.depth).map { max(1, $0) }, Int(depth.rounded()),
      depthReason)
    var (width, widthReason) = Self.width(depth: max(1, depth), isSampled: isSampled)
    if let heads = wishes.heads { width = (width + heads * 2 - 1) / (heads * 2) * heads * 2 }
    width = decide("width", wishes.width, width, widthReason)
    let usualHeads = Self.heads(width: width)
    let heads = decide("heads", wishes.heads, usualHeads, "of width \(width / usualHeads)")
    let keyValueHeads = decide("key-value heads", wishes.keyValueHeads, heads, "one a query head")
    let context = decide(
      "context", wishes.context, layers < 10 ? 256 : 1024,
      layers < 10 ? "short windows learn faster per second in small models" : "as GPT-2")
    let vocabularySize = decide(
      "vocabulary", wishes.vocabularySize,
      Self.vocabularySize(
        layers: layers, isSampled: isSampled, corpusBytes: wishes.corpusBytes),
      "as the loss allows, and at most a token per 1,000 bytes of corpus, 480 up to 2,048")
    configuration = TransformerConfiguration(
      family: family, vocabularySize: vocabularySize, contextLength: context, layers: layers,
      width: width, heads: heads, keyValueHeads: keyValueHeads)
    wishes.switches.apply(to: &configuration)

    precision = wishes.precision ?? .fp32
    items.append(
      Item(name: "precision", value: precision.rawValue, reason: Self.reason(for: precision)))

    // Optimizer.
    let kind = wishes.optimizer ?? (family == .gpt2 ? .adamw : .muon)
    items.append(
      Item(
        name: "optimizer", value: kind.rawValue,
        reason: wishes.optimizer != nil
          ? "as asked" : kind == .muon ? "ahead of AdamW in trials" : "nanoGPT's recipe"))
    sampledTokens = Self.sampledTokens(wishes, family: family, vocabularySize: vocabularySize)
    cost = StepCost(
      configuration, sampledTokens: sampledTokens, optimizer: kind, precision: precision)
    let length =
      horizon
      ?? .tokens(Self.tokens(configuration: configuration, corpusBytes: wishes.corpusBytes))
    let assumedBatch = wishes.batchTokens ?? 2_048
    var tokens = Self.expectedTokens(length, cost: cost, speed: speed, batch: assumedBatch)
    let epochs = Self.epochs(
      tokens: tokens, vocabularySize: vocabularySize, corpusBytes: wishes.corpusBytes)
    let startsFromCounts = Self.startsFromCounts(
      wishes, configuration, isSampled: sampledTokens != nil, epochs: epochs)
    if startsFromCounts, configuration.tiedHead {
      configuration.tiedHead = false
      items.append(Item(name: "head", value: "its own", reason: "to start from counts"))
    }
    zeroProjections = wishes.zeroProjections ?? (startsFromCounts ? true : nil)
    let fullRate =
      kind == .muon
      ? Self.muonRate(startsFromCounts: startsFromCounts)
      : 1e-3 * min(1, 384 / Double(width)).squareRoot()
    let rate = decide(
      "learning rate", wishes.learningRate,
      fullRate * (wishes.isContinuation ? Self.continuationRate : 1),
      wishes.isContinuation
        ? "a quarter of that of a new model, so that what is learnt stays"
        : kind == .muon
          ? "Muon's, at any width"
          : "0.001 up to width 384, then falling with its root")
    switch kind {
    case .muon:
      optimizer = Self.muon(wishes, rate: rate, startsFromCounts: startsFromCounts)
    case .adamw:
      optimizer = .adamW(learningRate: rate)
    }
    clip = decide(
      "clip", wishes.clip, kind == .muon ? 0 : 1,
      kind == .muon ? "Muon's steps have one length" : "nanoGPT's")

    items.append(
      Item(
        name: "sampled softmax", value: sampledTokens.map { "\($0) tokens" } ?? "none",
        reason: wishes.sampledTokens != nil
          ? "as asked"
          : sampledTokens == nil
            ? "the loss sees the whole vocabulary"
            : "and a step's targets stand for the vocabulary in its loss"))

    // Length and batch.
    self.horizon = length
    items.append(
      Item(
        name: "horizon", value: "\(Self.text(length.amount)) \(length.unit.rawValue)",
        reason: wishes.horizon != nil
          ? "as asked"
          : length.unit == .seconds
            ? "nothing was asked" : "2 a parameter, at most 4 times the corpus"))
    if startsFromCounts {
      // The fit is a share of what it leaves: each round brings the two nearer by half.
      for _ in 0..<12 {
        let fit = Self.countFit(
          wishes, configuration, trainingFLOPs: Double(tokens) * cost.usefulPerToken)
        start = fit
        tokens = Self.expectedTokens(
          length, cost: cost, speed: speed, batch: assumedBatch,
          fit: fit.flops(vocabularySize: vocabularySize, width: width))
      }
    }
    let batch = decide(
      "tokens a step", wishes.batchTokens,
      kind == .muon
        ? Self.batchTokens(
          tokens: tokens, context: context, processes: wishes.processes,
          isSampled: sampledTokens != nil) : 4_096,
      kind == .muon
        ? "2,048 from \(sampledTokens == nil ? "1.6" : "3") to 4.5 million tokens, fewer for fewer, more for more"
        : "nanoGPT's 16 × 256")
    sequences = max(1, batch / context)
    tokens = Self.expectedTokens(
      length, cost: cost, speed: speed, batch: sequences * context,
      fit: start?.flops(vocabularySize: vocabularySize, width: width) ?? 0)
    // It takes as much time as the family's, so what was estimated stays.
    if family == .nanochat, !wishes.isContinuation, wishes.switches.activation == nil,
      sampledTokens != nil, tokens < Self.leastTokensForSquaredReLU
    {
      configuration.use(.gelu)
      items.append(
        Item(
          name: "activation", value: "gelu",
          reason: "ahead of squared ReLU in trials of a minute, not in those of five"))
    }
    readings = Self.epochs(
      tokens: tokens, vocabularySize: vocabularySize, corpusBytes: wishes.corpusBytes)
    let usualDropout = Self.dropout(
      epochs: readings,
      parametersPerToken: Double(configuration.parameterCount) * readings / Double(tokens))
    dropout = decide(
      "dropout", wishes.dropout, usualDropout,
      readings < 1.5
        ? "\(readings < 1 ? "no" : "hardly any") text is read twice"
        : "for text that is read \(Int(readings.rounded())) times")
    optimizer.weightDecay = decide(
      "weight decay", wishes.weightDecay, kind == .muon ? min(0.1, usualDropout) : 0.1,
      kind == .muon ? "as dropout by its rule, up to 0.1" : "nanoGPT's")
    microBatches = decide(
      "micro-batches", wishes.microBatches,
      Self.microBatches(
        sequences: sequences, context: context, processes: wishes.processes,
        isSampled: sampledTokens != nil),
      "at most as many processes can share a step; they fix the order of its sums")

    // Schedule.
    let usual = Self.schedule(kind, startsFromCounts: startsFromCounts)
    let shape = decide("schedule", wishes.schedule, usual.shape, usual.reason)
    let expectedSteps = max(1, tokens / (sequences * context))
    let warmup = wishes.warmupSteps ?? min(kind == .muon ? 20 : 100, expectedSteps / 3)
    schedule = LearningRateSchedule(
      shape, warmupSteps: warmup, cooldown: 0.6, finalShare: kind == .muon ? 0.02 : 0.1)
    items.append(
      Item(
        name: "warm-up", value: "\(warmup) steps",
        reason: wishes.warmupSteps == nil ? "at most a third of the run" : "as asked"))
    items += Self.startItems(wishes, configuration, start, optimizer)
    if let usual = wishes.usualValidationFraction {
      validationFraction = decide(
        "held out", wishes.validationFraction, usual,
        "of the documents, to validate on: some 100,000 bytes, or a tenth, but at least 0.005")
    }
    let evaluations: Int
    (validationTokens, evaluations) = Self.validation(
      tokens: tokens, configuration, sampledTokens: sampledTokens)
    evaluateEvery = max(
      1, min(500 * max(1, 10 / evaluations), (expectedSteps + evaluations - 1) / evaluations))
    self.items = items
  }

  /// Learnt values.
  public var parameterCount: Int { configuration.parameterCount }

  /// The plan as options of a run on `data`.
  public func options(
    data: DataOptions, seed: UInt64 = 42
  ) -> TrainingOptions {
    var options = TrainingOptions(
      data: data, optimizer: optimizer, schedule: schedule, horizon: horizon,
      context: configuration.contextLength, sequences: sequences,
      microBatches: microBatches, clip: clip, evaluateEvery: evaluateEvery,
      saveEvery: evaluateEvery * 2, seed: seed)
    options.dropout = dropout
    options.precision = precision
    options.start = start
    options.sampledTokens = sampledTokens
    return options
  }
}
