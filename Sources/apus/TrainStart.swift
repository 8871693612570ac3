/// From the options of `apus train` to the plan and the options of a run.

import Corpora
import Models
import Tokenizers
import Training

/// What a new run starts from: the plan, and a tokenizer and weights if they were given.
struct TrainStart {
  /// The tokenizer that was named, or that of the model that was.
  let tokenizer: Tokenizer?
  /// The weights that were named.
  let transformer: Transformer?
  /// The plan.
  let plan: TrainingPlan
  private let command: TrainCommand
  private let wishes: TrainingPlan.Wishes

  init(_ command: TrainCommand, _ texts: Corpus) throws {
    self.command = command
    var wishes = command.wishes
    if let path = command.initialModel {
      let loaded = try ModelOptions.load(path)
      tokenizer = loaded.tokenizer
      transformer = loaded.transformer
      let shape = loaded.transformer.configuration
      wishes.isContinuation = true
      wishes.family = shape.family
      wishes.layers = shape.layers
      wishes.width = shape.width
      wishes.heads = shape.heads
      wishes.keyValueHeads = shape.keyValueHeads
      wishes.vocabularySize = shape.vocabularySize
      wishes.context = command.shape.context ?? shape.contextLength
      if let context = command.shape.context, context > shape.contextLength {
        throw Failure(
          "a window of \(context) tokens is longer than the model's \(shape.contextLength)",
          status: .usage, hint: "leave out --context, or ask for at most \(shape.contextLength)")
      }
    } else {
      transformer = nil
      tokenizer = try command.tokenizer.map(TokenizerOptions.load)
      if let tokenizer {
        if let size = command.vocabSize, size.value != tokenizer.vocabularySize {
          throw Failure(
            "--vocab-size is for the tokenizer that is trained first, and --tokenizer names one of "
              + "\(tokenizer.vocabularySize) tokens", status: .usage, hint: "leave one of them out")
        }
        wishes.vocabularySize = tokenizer.vocabularySize
      }
    }
    let bytes = try textBytes(of: texts)
    let watch = command.watch
    if watch.validation.isEmpty {
      wishes.validationFraction = watch.validationFraction
      wishes.usualValidationFraction =
        try watch.validationFraction ?? texts.usualValidationFraction(bytes: bytes)
    }
    let heldOut = wishes.usualValidationFraction ?? 0
    wishes.corpusBytes = bytes.map { Int(Double($0) * (1 - heldOut)) }
    // One plan for all processes, by the speed of the first.
    let processes = command.processes
    let precision = try command.precision.asked() ?? .fastest
    let own = [MachineSpeed.training(in: precision, seconds: 0.2)]
    let speed = processes.gatherAll(own)[0][0]
    wishes.precision = precision
    wishes.speed = speed * Double(processes.size)
    // A micro-batch for every process that divides the batch, and for every stage of its pipeline.
    wishes.dividesVocabulary = command.layout.tensorParallel > 1
    wishes.processes = max(1, processes.size / command.layout.tensorParallel)
    self.wishes = wishes
    plan = TrainingPlan(wishes, cores: command.threads.count)
    if let parts = wishes.microBatches, parts > plan.sequences {
      throw Failure(
        "a step of \(Format.plural(plan.sequences, "window")) has no \(parts) micro-batches",
        status: .usage, hint: "ask for fewer, or for more --batch-tokens")
    }
    if wishes.switches.softCap != nil, plan.configuration.family != .nanochat {
      throw Failure(
        "--soft-cap is a part of nanochat alone", status: .usage,
        hint: "leave it out, or take --family nanochat")
    }
    if command.recipe.start == .counts, plan.start == nil {
      throw Failure(
        command.initialModel == nil
          ? "no start from counts: it takes a norm without means, a head of its own and projections "
            + "that start at zero"
          : "--init brings the first weights, and --start counts makes others", status: .usage,
        hint: command.initialModel == nil
          ? "every family but gpt2 has them without switches; --start random is for all others"
          : "leave one of them out")
    }
    if plan.sampledTokens != nil, wishes.dividesVocabulary {
      throw Failure(
        "--sampled-softmax and --tensor-parallel exclude each other: processes divide the vocabulary "
          + "already", status: .usage, hint: "leave one of them out")
    }
    try plan.configuration.check()
    _ = try options(for: plan)
  }

  /// The plan for a vocabulary of another size.
  func plan(vocabularySize: Int) -> TrainingPlan {
    var wishes = wishes
    wishes.vocabularySize = vocabularySize
    return TrainingPlan(wishes, cores: command.threads.count)
  }

  /// The plan with what the command line says beside it.
  func options(for plan: TrainingPlan) throws -> TrainingOptions {
    let watch = command.watch
    var data = DataOptions(corpus: command.corpus.corpus)
    data.validation = watch.validation.isEmpty ? nil : watch.validation
    if let share = plan.validationFraction { data.validationFraction = share }
    data.validationTokens = watch.validationTokens?.value ?? plan.validationTokens
    data.textField = command.corpus.form.textField
    data.lines = command.corpus.form.lines
    if command.shuffle == .none { data.shuffle = .none }
    var options = plan.options(data: data, seed: command.seed)
    options.recomputesBlocks = command.recompute
    let step = command.step
    if let rate = step.minLearningRate {
      options.schedule.finalShare = min(1, rate / options.optimizer.learningRate)
    }
    if let cooldown = step.cooldown { options.schedule.cooldown = cooldown }
    if let beta = step.beta1 { options.optimizer.beta1 = beta }
    if let beta = step.beta2 { options.optimizer.beta2 = beta }
    if let interval = watch.evaluateEvery { options.evaluateEvery = interval.steps }
    if let interval = watch.saveEvery { options.saveEvery = interval.steps }
    if let keep = watch.keep { options.keep = keep }
    if watch.earlyStopping {
      options.earlyStopping = EarlyStopping.Rule(patience: watch.patience ?? 8)
    }
    try command.recipe.apply(to: &options)
    return options
  }
}

/// Bytes of text in a corpus, estimated from its first two megabytes; nil for a pipe.
func textBytes(of corpus: Corpus) throws -> Int? {
  guard corpus.isRereadable else { return nil }
  let reader = try corpus.makeReader(from: .start, split: .all)
  var bytes = 0
  while bytes < 1 << 21, try reader.advance() {
    while bytes < 1 << 21, try reader.readChunk({ bytes += $0.count }) {}
  }
  let read = max(1, reader.compressedBytesRead)
  return Int(Double(bytes) / Double(read) * Double(corpus.compressedBytes))
}

extension TrainCommand {
  /// What the command line asks of the plan.
  fileprivate var wishes: TrainingPlan.Wishes {
    var wishes = TrainingPlan.Wishes()
    wishes.depth = shape.depth
    wishes.family = shape.family
    wishes.layers = shape.layers
    wishes.width = shape.width
    wishes.heads = shape.heads
    wishes.keyValueHeads = shape.kvHeads
    wishes.context = shape.context
    wishes.vocabularySize = vocabSize?.value
    wishes.switches = switches.switches
    wishes.optimizer = step.optimizer
    wishes.learningRate = step.learningRate
    wishes.embeddingRate = step.embeddingRate
    wishes.headRate = step.headRate
    wishes.weightDecay = step.weightDecay
    wishes.schedule = step.schedule ?? (step.cooldown == nil ? nil : .wsd)
    wishes.warmupSteps = step.warmUp
    wishes.batchTokens = step.batchTokens?.value
    wishes.microBatches = step.microBatches
    wishes.clip = step.clip
    wishes.horizon = length.horizon
    wishes.dropout = step.dropout
    wishes.start = recipe.start
    wishes.sampledTokens = recipe.sampledSoftmax?.value
    wishes.zeroProjections = switches.zeroProjections?.isOn
    return wishes
  }
}

extension TrainingPlan.Item {
  /// Whether weights that are already there decide it.
  var isShape: Bool {
    ["family", "layers", "width", "heads", "key-value heads", "vocabulary"].contains(name)
  }
}
