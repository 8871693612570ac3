/// What a user may wish of a training run; the plan decides the rest.

import ArgumentParser
import Models
import Training

extension TransformerConfiguration.Family: ExpressibleByArgument {}
extension OptimizerOptions.Kind: ExpressibleByArgument {}
extension LearningRateSchedule.Shape: ExpressibleByArgument {}

/// The shape of the model.
struct ShapeOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The one dial: blocks, from which width, heads, batch, rate and length follow.",
      valueName: "n"))
  var depth: Int?

  @Option(name: .long, help: "gpt2, llama, qwen3 or nanochat.")
  var family: TransformerConfiguration.Family?

  @Option(name: .long, help: ArgumentHelp("Blocks, if not --depth.", valueName: "n"))
  var layers: Int?

  @Option(name: .long, help: ArgumentHelp("Width of the residual stream.", valueName: "n"))
  var width: Int?

  @Option(name: .long, help: ArgumentHelp("Query heads.", valueName: "n"))
  var heads: Int?

  @Option(
    name: .long, help: ArgumentHelp("Key and value heads; divides --heads.", valueName: "n"))
  var kvHeads: Int?

  @Option(name: .long, help: ArgumentHelp("Tokens in a window.", valueName: "n"))
  var context: Int?

  /// Whether nothing was asked for.
  var isEmpty: Bool {
    family == nil && [depth, layers, width, heads, kvHeads, context].allSatisfy { $0 == nil }
  }

  func validate() throws {
    let sizes = [
      ("--depth", depth), ("--layers", layers), ("--width", width), ("--heads", heads),
      ("--kv-heads", kvHeads), ("--context", context),
    ]
    for (name, size) in sizes {
      if let size, size < 1 { throw ValidationError("\(name) is at least 1") }
    }
    if let context, context < 2 { throw ValidationError("--context is at least 2") }
  }
}

/// How long a run is; with `--resume`, from its start.
struct LengthOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Train on n tokens, repetitions included.", valueName: "n"))
  var tokens: Count?

  @Option(name: .long, help: ArgumentHelp("Train for n optimizer steps.", valueName: "n"))
  var steps: Count?

  @Option(name: .long, help: ArgumentHelp("Train for this long: 90s, 15m, 2h.", valueName: "t"))
  var time: TimeSpan?

  func validate() throws {
    if [tokens != nil, steps != nil, time != nil].filter({ $0 }).count > 1 {
      throw ValidationError("--tokens, --steps and --time exclude each other")
    }
    if (tokens?.value ?? 1) < 1 || (steps?.value ?? 1) < 1 {
      throw ValidationError("a run has at least one step")
    }
  }

  /// The length asked for, or nil.
  var horizon: Horizon? {
    tokens.map { .tokens($0.value) } ?? steps.map { .steps($0.value) }
      ?? time.map { .seconds($0.seconds) }
  }
}

/// How a step is made.
struct StepOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Tokens in an optimizer step.", valueName: "n"))
  var batchTokens: Count?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Parts of a step, a power of two: as many processes can share it.", valueName: "n"))
  var microBatches: Int?

  @Option(name: .long, help: "adamw or muon.")
  var optimizer: OptimizerOptions.Kind?

  @Option(name: .long, help: ArgumentHelp("The full learning rate.", valueName: "x"))
  var learningRate: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With Muon, the full learning rate of the embedding (4.5 times the matrices', 10 times after a start from counts).",
      valueName: "x"))
  var embeddingRate: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With Muon, the full learning rate of the head (0.15 times the matrices', 0.07 times after a start from counts).",
      valueName: "x"))
  var headRate: Double?

  @Option(
    name: .long, help: ArgumentHelp("The learning rate at the end of the run.", valueName: "x"))
  var minLearningRate: Double?

  @Option(name: .long, help: "constant, cosine, linear or wsd.")
  var schedule: LearningRateSchedule.Shape?

  @Option(name: .long, help: ArgumentHelp("Steps over which the rate rises.", valueName: "n"))
  var warmUp: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The share of the run over which the rate falls, with --schedule wsd, which it stands for.",
      valueName: "x"))
  var cooldown: Double?

  @Option(name: .long, help: ArgumentHelp("Decoupled weight decay of matrices.", valueName: "x"))
  var weightDecay: Double?

  @Option(name: .long, help: ArgumentHelp("AdamW's memory of the mean gradient.", valueName: "x"))
  var beta1: Double?

  @Option(
    name: .long, help: ArgumentHelp("AdamW's memory of the squared gradient.", valueName: "x"))
  var beta2: Double?

  @Option(
    name: .long,
    help: ArgumentHelp("The largest norm of the gradient; 0 for no limit.", valueName: "x"))
  var clip: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The share of values that dropout zeroes (default: by how often the text is read).",
      valueName: "x"))
  var dropout: Double?

  /// Whether nothing was asked for.
  var isEmpty: Bool {
    batchTokens == nil && microBatches == nil && optimizer == nil && schedule == nil
      && warmUp == nil
      && [learningRate, minLearningRate, cooldown, weightDecay, beta1, beta2, clip, dropout]
        .allSatisfy { $0 == nil }
      && embeddingRate == nil && headRate == nil
  }

  func validate() throws {
    if let batchTokens, batchTokens.value < 1 {
      throw ValidationError("--batch-tokens is at least 1")
    }
    if let microBatches, microBatches < 1 || microBatches & (microBatches - 1) != 0 {
      throw ValidationError("--micro-batches is a power of two")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate is above 0")
    }
    for (name, rate) in [("--embedding-rate", embeddingRate), ("--head-rate", headRate)] {
      if let rate, !(rate >= 0 && rate.isFinite) {
        throw ValidationError("\(name) is at least 0")
      }
    }
    if let minLearningRate, !(minLearningRate >= 0 && minLearningRate.isFinite) {
      throw ValidationError("--min-learning-rate is at least 0")
    }
    if let warmUp, warmUp < 0 { throw ValidationError("--warm-up is at least 0") }
    if let cooldown, !(0...1).contains(cooldown) {
      throw ValidationError("--cooldown lies between 0 and 1")
    }
    if cooldown != nil, let schedule, schedule != .wsd {
      throw ValidationError("--cooldown belongs to --schedule wsd, not \(schedule.rawValue)")
    }
    if let weightDecay, !(weightDecay >= 0 && weightDecay.isFinite) {
      throw ValidationError("--weight-decay is at least 0")
    }
    for (name, beta) in [("--beta1", beta1), ("--beta2", beta2)] {
      if let beta, !(0..<1).contains(beta) {
        throw ValidationError("\(name) is at least 0 and below 1")
      }
    }
    if let dropout, !(0..<1).contains(dropout) {
      throw ValidationError("--dropout is at least 0 and below 1")
    }
    if let clip, !(clip >= 0 && clip.isFinite) { throw ValidationError("--clip is at least 0") }
  }
}

/// A number of steps, or never.
struct Interval: ExpressibleByArgument, Equatable {
  /// Steps between two of them, or nil for never.
  var steps: Int?

  init?(argument: String) {
    if argument == "never" { return }
    guard let count = Count(argument: argument), count.value > 0 else { return nil }
    steps = count.value
  }
}

/// How a run is watched and saved.
struct WatchOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("A corpus to validate on; repeatable.", valueName: "corpus"))
  var validation: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      The share of the corpus's documents that is held out for validation, chosen by hash (default: some 100,000 \
      bytes, or a tenth, but at least 0.005).
      """,
      valueName: "x"))
  var validationFraction: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Tokens of the validation text that are used, spread out over at least 98,304.",
      valueName: "n"))
  var validationTokens: Count?

  @Option(
    name: .long,
    help: ArgumentHelp("Steps between evaluations, or never.", valueName: "n|never"))
  var evaluateEvery: Interval?

  @Flag(name: .long, help: "Stop when the validation loss no longer falls; keep the best model.")
  var earlyStopping = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Evaluations without progress before early stopping (default: 8).", valueName: "n"))
  var patience: Int?

  @Option(
    name: .long, help: ArgumentHelp("Steps between checkpoints, or never.", valueName: "n|never"))
  var saveEvery: Interval?

  @Option(
    name: .long, help: ArgumentHelp("Earlier checkpoints to keep (default: 0).", valueName: "n"))
  var keep: Int?

  func validate() throws {
    if let validationFraction, !(0..<1).contains(validationFraction) {
      throw ValidationError("--validation-fraction is at least 0 and below 1")
    }
    if validationFraction != nil, !validation.isEmpty {
      throw ValidationError("--validation and --validation-fraction exclude each other")
    }
    if let validationTokens, validationTokens.value < 2 {
      throw ValidationError("--validation-tokens is at least 2")
    }
    if let patience, patience < 1 { throw ValidationError("--patience is at least 1") }
    if let keep, keep < 0 { throw ValidationError("--keep is at least 0") }
    if earlyStopping, evaluateEvery?.steps == nil, evaluateEvery != nil {
      throw ValidationError("--early-stopping needs evaluations")
    }
  }
}
