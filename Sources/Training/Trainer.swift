/// The loop: batches in, a better model out, and everything on disk to go on after any stop.

import Autograd
import Corpora
import Distributed
import Glibc
import Machine
import Models
import Tokenizers

/// A run that trains one model in one folder.
///
/// Equal options, model, tokenizer and corpus give equal bytes (unless the horizon is in seconds) on
/// any number of threads and processes, and a run that was stopped and resumed, with however many,
/// gives the bytes of one that was not.
public final class Trainer {
  /// Steps in a row with numbers that are none after which a run gives up.
  public static let patienceWithSkippedSteps = 3

  /// The model, or this process's part of it.
  public let transformer: Transformer
  /// Its tokenizer.
  public let tokenizer: Tokenizer
  /// The folder of the model and its run.
  public let folder: String
  /// Where the run stands.
  public internal(set) var state: TrainingState
  /// The latest evaluation in this process.
  public internal(set) var evaluation: Evaluation?

  let team: Team
  let optimizer: any Optimizer
  let average: WeightAverage?
  let data: TrainingData
  let loader: BatchLoader
  let checkpoint: Checkpoint
  var sampler: FrequencyDraw?
  private var notes: [String]
  var savedStep: Int?
  private var pace = 0.0
  private var sessionSeconds = 0.0
  private let firstProgress: Double
  private var isInterrupted = false

  /// A new run that trains `transformer`, to be saved in `folder`.
  ///
  /// An existing folder is overwritten by the first checkpoint, which `run` writes before it trains.
  /// Reads the validation text. Throws a `CorpusError`, or a `TrainingError` if the processes of
  /// `communicator`, all of which make a trainer, differ.
  ///
  /// - Parameters:
  ///   - transformer: the whole model, on every process.
  ///   - tensors: processes that divide every layer among them.
  ///   - stages: processes, or groups of them, that each take a run of layers.
  public init(
    _ transformer: Transformer, tokenizer: Tokenizer, options: TrainingOptions, folder: String,
    communicator: any Communicator = LocalCommunicator(), tensors: Int = 1, stages: Int = 1
  ) throws {
    precondition(
      options.context <= transformer.configuration.contextLength,
      "A window fits into the model's context.")
    precondition(
      tokenizer.vocabularySize <= transformer.configuration.vocabularySize,
      "The tokenizer fits the model's vocabulary.")
    guard options.precision.isAvailable else {
      throw TrainingError.noPrecision(name: options.precision.rawValue)
    }
    if let problem = options.rampProblem { preconditionFailure("No such run: \(problem).") }
    var options = options
    options.data.corpus = options.data.corpus.map(absolutePath)
    options.data.validation = options.data.validation?.map(absolutePath)
    let layout = try Team.layout(
      transformer.configuration, tensors: tensors, stages: stages, communicator)
    self.transformer = Self.part(of: transformer, layout, communicator, options)
    self.tokenizer = tokenizer
    self.folder = ModelFolder.plain(folder)
    data = try TrainingData(options, tokenizer: tokenizer)
    state = TrainingState(
      options: options, corpora: data.fingerprints, tokenizer: tokenizer.identity)
    team = try Team(self.transformer, options, communicator, layout)
    try Agreement.check(state, transformer.parameters, layout, communicator)
    loader = try data.loader(from: .start, rows: team.windows)
    optimizer = makeOptimizer(of: self.transformer, options, owned: team.owned)
    let part = self.transformer
    average = options.average.map { WeightAverage(part.parameters, share: $0) }
    checkpoint = Checkpoint(folder: self.folder)
    notes = data.note.map { [$0] } ?? []
    firstProgress = 0
  }

  /// Goes on with the run that `folder` holds, from its latest checkpoint.
  ///
  /// - Parameters:
  ///   - tensors: as for a new run; need not be what the run had before, and so `stages`.
  ///   - adjust: changes the options, for example to a longer horizon; the run then is no longer the
  ///     one that was never interrupted.
  /// - Throws: `TrainingError`, `ModelFileError`, `CorpusError`, `FileFailure`.
  public init(
    resuming folder: String, communicator: any Communicator = LocalCommunicator(),
    tensors: Int = 1, stages: Int = 1,
    adjust: (inout TrainingOptions) -> Void = { _ in }
  ) throws {
    let folder = ModelFolder.plain(folder)
    let checkpoint = Checkpoint(folder: folder)
    if communicator.rank == 0 { try checkpoint.finish() }
    communicator.meet()
    var state = try TrainingState.read(from: folder)
    adjust(&state.options)
    guard state.options.precision.isAvailable else {
      throw TrainingError.noPrecision(name: state.options.precision.rawValue)
    }
    let model = try checkpoint.readModel(state)
    self.checkpoint = checkpoint
    self.folder = folder
    let layout = try Team.layout(
      model.transformer.configuration, tensors: tensors, stages: stages, communicator)
    transformer = Self.part(of: model.transformer, layout, communicator, state.options)
    tokenizer = model.tokenizer
    data = try TrainingData(state.options, tokenizer: model.tokenizer)
    guard data.fingerprints == state.corpora else {
      throw TrainingError.corpusChanged(
        paths: state.options.data.corpus + (state.options.data.validation ?? []))
    }
    team = try Team(transformer, state.options, communicator, layout)
    try Agreement.check(state, model.transformer.parameters, layout, communicator)
    loader = try data.loader(from: state.position, rows: team.windows)
    optimizer = makeOptimizer(of: transformer, state.options, owned: team.owned)
    let part = transformer
    average = state.options.average.map { WeightAverage(part.parameters, share: $0) }
    try checkpoint.read(into: optimizer, average: average, of: transformer, state)
    if state.modelIsAverage, state.progress < 1, !state.stoppedEarly {
      average?.exchange()
      state.modelIsAverage = false
    }
    notes = data.note.map { [$0] } ?? []
    self.state = state
    savedStep = state.step
    firstProgress = state.progress
  }

  /// Trains until the horizon, an early stop, or an interruption, and saves.
  ///
  /// - Parameter observe: is told what happens, between steps.
  /// - Throws: `TrainingError.diverged`, `CorpusError`, `FileFailure`; the folder then holds the
  ///   latest checkpoint.
  public func run(observe: (TrainingEvent) -> Void = { _ in }) throws -> TrainingOutcome {
    for note in notes { observe(.note(note)) }
    notes = []
    // Filling the first block is no training: it does not count against a horizon in seconds.
    while state.progress < 1, !state.stoppedEarly, !Interruption.isRequested,
      !loader.isReady(within: 0.2)
    {
      let (tokens, wanted) = loader.progress
      observe(.reading(tokens: tokens, of: wanted))
    }
    if savedStep == nil {
      // Text that cannot be read leaves no folder behind.
      if loader.isReady(within: 0) { _ = try loader.tokensAhead() }
      // A folder that cannot be written is an error now, not after hours.
      try save(nil) { _ in }
      if team.isFirst { try checkpoint.forgetEarlierRuns() }
    }
    let log = team.isFirst ? try RunLog(checkpoint.log, keeping: state.logBytes) : nil
    isInterrupted = team.agreeOnInterruption()
    if let fit = state.options.start, state.step == 0, !isInterrupted {
      try startFromCounts(fit, observe)
      FreedMemory.giveBack()
    }
    while state.progress < 1, !state.stoppedEarly {
      if isInterrupted || team.isAlone && Interruption.isRequested {
        try save(log, observe)
        return .interrupted
      }
      try step(log, observe)
      if let interval = state.options.evaluateEvery, state.step % interval == 0 {
        try evaluate(log, observe)
      }
      if let interval = state.options.saveEvery, state.step % interval == 0, state.progress < 1,
        !state.stoppedEarly
      {
        try save(log, observe)
      }
    }
    if state.evaluatedStep != state.step { try evaluate(log, observe) }
    if state.stoppedEarly, state.stopping.bestStep != state.step { try takeBest() }
    if let average, !state.modelIsAverage { try consider(average, log, observe) }
    if savedStep != state.step { try save(log, observe) }
    return state.stoppedEarly ? .stoppedEarly(bestStep: state.stopping.bestStep) : .finished
  }

  /// What this process computes of a model.
  private static func part(
    of transformer: Transformer, _ layout: Layout, _ communicator: any Communicator,
    _ options: TrainingOptions
  ) -> Transformer {
    let part =
      layout.dividesModel
      ? transformer.divided(ModelPart(layout, communicator)) : transformer
    part.recomputesBlocks = options.recomputesBlocks
    part.trainingPrecision = options.precision
    return part
  }

  private func step(_ log: RunLog?, _ observe: (TrainingEvent) -> Void) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let options = state.options
    let shape = options.stepShape(at: state.progress)
    let share =
      shape.rateFactor * options.schedule.share(step: state.step, progress: state.progress)
    let decayShare = options.optimizer.decayFalls ? max(0, 1 - state.progress) : 1
    let waited = loader.secondsWaited
    team.resize(toWindows: shape.windows)
    // Before the loader moves: the first sample looks at the block that it holds.
    let sample = try sample()
    let batch = try loader.next(sequences: shape.windows, rows: team.windows)
    let tokens = shape.windows * options.context
    let totals = team.addGradients(
      inputs: batch.inputs, targets: batch.targets, length: batch.length, parts: shape.parts,
      dropout: dropout(microBatch:), sample: sample)
    let (loss, norm) = (totals.loss, totals.gradientNorm)
    isInterrupted = totals.isInterrupted
    // Squares of larger gradients overflow in the optimizer's second moment.
    let isUsable = loss.isFinite && norm < 1e18
    if isUsable {
      optimizer.update(
        rateShare: share, decayShare: decayShare,
        gradientScale: clippingScale(norm: norm, limit: options.clip))
      team.handOutParameters()
      average?.add(updates: optimizer.updates)
    }
    let seconds = team.agree(onSeconds: (clock.now - start) / .seconds(1))
    state.step += 1
    state.tokens += tokens
    state.seconds += seconds
    state.updates = optimizer.updates
    state.position = batch.position
    state.skippedInARow = isUsable ? 0 : state.skippedInARow + 1
    state.skippedSteps += isUsable ? 0 : 1
    sessionSeconds += seconds
    let record = StepRecord(
      step: state.step, tokens: state.tokens, loss: isUsable ? loss : nil,
      learningRate: options.optimizer.learningRate * share,
      gradientNorm: norm.isFinite ? norm : nil,
      tokensPerSecond: Double(tokens) / max(seconds, 1e-9), seconds: state.seconds,
      loaderSeconds: loader.secondsWaited - waited)
    try log?.append(.step(record))
    observe(isUsable ? .step(progress(record, epoch: batch.epoch)) : .skipped(step: state.step))
    if state.skippedInARow >= Self.patienceWithSkippedSteps {
      throw TrainingError.diverged(
        step: state.step, steps: state.skippedInARow, checkpoint: savedStep ?? 0, path: folder)
    }
  }

  private func dropout(microBatch: Int) -> Dropout? {
    let share = state.options.dropout
    guard share > 0 else { return nil }
    return Dropout(
      share: Float(share), seed: state.options.seed, step: state.step << 16 | microBatch)
  }

  private func progress(_ record: StepRecord, epoch: Int) -> TrainingProgress {
    pace = pace == 0 ? record.tokensPerSecond : 0.9 * pace + 0.1 * record.tokensPerSecond
    let share = min(1, state.progress)
    let done = share - firstProgress
    return TrainingProgress(
      record: record, share: share, tokensPerSecond: pace,
      secondsLeft: done > 0 ? sessionSeconds * (1 - share) / done : 0,
      waitShare: loader.secondsWaited / max(sessionSeconds, 1e-9), epoch: epoch)
  }

  func measure(on validation: ValidationSet) -> Evaluation {
    Evaluation(
      of: transformer, on: validation, sequences: team.microBatches.windows(of: 0).count,
      sharedBy: team.data, stages: transformer.part.stages)
  }

  private func evaluate(_ log: RunLog?, _ observe: (TrainingEvent) -> Void) throws {
    state.evaluatedStep = state.step
    guard let validation = data.validation else { return }
    let result = measure(on: validation)
    evaluation = result
    try log?.append(
      .evaluation(
        EvaluationRecord(
          step: state.step, loss: result.loss, bitsPerByte: result.bitsPerByte)))
    let verdict = state.stopping.observe(
      loss: result.loss, windows: result.windows, step: state.step)
    if state.options.earlyStopping != nil {
      let isBest = state.stopping.bestStep == state.step
      if isBest, let whole = wholeModel() {
        try ModelFolder.write(whole, tokenizer, to: checkpoint.best)
      }
      state.stoppedEarly = verdict == .stop
    }
    observe(.evaluation(result, step: state.step, isBest: state.stopping.bestStep == state.step))
  }
}
