/// Makes the runs of a study that are not made yet, and keeps what they came to.

import Corpora
import Distributed
import FoundationEssentials
import Glibc
import Machine
import Models
import Tokenizers
import Training

/// A study in its folder.
///
/// ```
/// STUDY/  plan.json tokenizer.json     what the study is
///         data/NAME.jsonl.zst          training sets, validation and test set
///         points/NAME.json             finished runs
///         run/                         the run in progress, as `apus train` would leave it
///         run-NAME/                    runs in progress, where several processes make them
///         study.json chart.svg         the report, written anew after every run
/// ```
///
/// A finished run is never made again, so an interrupted study goes on, and a study with more sizes
/// or seeds in the same folder keeps its points.
public final class ScalingStudy {
  /// Something that happened.
  public enum Event {
    /// The sets are there.
    case data(StudyData.Summary)
    /// A run begins: its number among all.
    case start(StudyRun, number: Int, of: Int)
    /// A run trains.
    case training(StudyRun, TrainingEvent)
    /// A run is finished, just now or before.
    case point(StudyPoint, isNew: Bool)
    /// All sizes but the largest are known, and this is what they say about it.
    case prediction(Prediction, StudyRun)
  }

  /// What the study is.
  public let plan: StudyPlan
  /// Its folder.
  public let folder: String
  /// The tokenizer of all runs.
  public let tokenizer: Tokenizer
  /// What was finished so far.
  public private(set) var points: [StudyPoint] = []
  /// What the largest size was expected to come to, before it was trained.
  public private(set) var prediction: Prediction?
  /// What the data are.
  public private(set) var summary = StudyData.Summary()

  /// Runs that several processes have just made.
  var justMade: Set<String> = []
  /// The processes that share the runs.
  let communicator: any Communicator

  /// A study in `folder`, which is made if it is not there.
  ///
  /// - Parameter communicator: processes that make runs side by side, all with the same plan,
  ///   tokenizer and folder.
  public init(
    _ plan: StudyPlan, tokenizer: Tokenizer, folder: String,
    communicator: any Communicator = LocalCommunicator()
  ) throws {
    let problem = plan.problem
    precondition(problem == nil, "A plan must be checked before it is used.")
    self.plan = plan
    self.tokenizer = tokenizer
    self.folder = folder
    self.communicator = communicator
    guard communicator.rank == 0 else { return }
    for part in ["points", "data"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
    }
    try tokenizer.write(to: "\(folder)/tokenizer.json")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try writeWhole(
      String(decoding: try encoder.encode(plan), as: UTF8.self) + "\n", to: "\(folder)/plan.json")
  }

  /// The plan of the study in `folder`, or nil if there is none.
  public static func plan(in folder: String) throws -> StudyPlan? {
    let path = "\(folder)/plan.json"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(
        StudyPlan.self, from: try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ScalingError.badFile(path: path)
    }
  }

  /// Runs what is missing.
  ///
  /// - Returns: false if it was interrupted.
  public func run(observe: (Event) -> Void = { _ in }) throws -> Bool {
    if communicator.rank == 0 {
      summary = try StudyData(plan, tokenizer: tokenizer, folder: folder).prepare()
    }
    communicator.meet()
    let known = try communicator.handOut(Array(JSONEncoder().encode(summary)))
    summary = try JSONDecoder().decode(StudyData.Summary.self, from: Data(known))
    observe(.data(summary))
    let validation = try testSet("validation")
    let test = try testSet("test")
    let runs = plan.runs
    for (index, run) in runs.enumerated() {
      if run.role == .heldOut, prediction == nil {
        prediction = StudyReport.prediction(points, plan: plan, for: run)
        if let prediction { observe(.prediction(prediction, run)) }
      }
      if communicator.size > 1, let wave = wave(from: index) {
        guard try share(wave, validation: validation, test: test, observe) else { return false }
      }
      if var point = try StudyPoint.read(path(of: run)), point.recipe == recipe(of: run) {
        point.run = run
        points.append(point)
        observe(.point(point, isNew: justMade.contains(run.name)))
        continue
      }
      observe(.start(run, number: index + 1, of: runs.count))
      guard let point = try train(run, validation: validation, test: test, observe) else {
        return false
      }
      try point.save(to: path(of: run))
      try FileManager.default.removeItem(atPath: workFolder(of: run))
      points.append(point)
      observe(.point(point, isNew: true))
    }
    return true
  }

  func path(of run: StudyRun) -> String { "\(folder)/points/\(run.name).json" }

  private func testSet(_ name: String) throws -> ValidationSet {
    try ValidationSet(
      corpus: try Corpus([StudyData.path(name, in: folder)]), tokenizer: tokenizer,
      length: plan.context)
  }

  /// Everything that decides what a run comes to.
  func recipe(of run: StudyRun) -> String {
    [
      tokenizer.identity, plan.family, "\(plan.context)x\(plan.sequences)", "\(plan.dropout)",
      "\(plan.learningRate)", "\(plan.warmupSteps)", "\(plan.maximumEpochs)",
      "\(plan.validationTokens)", "\(plan.testTokens)", "\(plan.passageBytes)",
      "\(plan.stopping.patience)/\(plan.stopping.threshold)/\(plan.stopping.standardErrors)",
      plan.corpus.joined(separator: ","), plan.validation.joined(separator: ","),
      plan.test.joined(separator: ","),
    ].joined(separator: " ")
  }

  private func options(of run: StudyRun) -> TrainingOptions {
    let set = plan.trainingSet(of: run)
    let data = DataOptions(
      corpus: [StudyData.path(set.name, in: folder)],
      validation: [StudyData.path("validation", in: folder)],
      validationTokens: plan.validationTokens)
    let stepsPerEpoch = max(1, run.tokens / plan.tokensPerStep)
    let readsOnce = plan.variation == .compute
    var horizon = readsOnce ? stepsPerEpoch : plan.maximumEpochs * stepsPerEpoch
    switch run.role {
    // As long as its counterpart on text that repeats or makes sense.
    case .fresh:
      // The corpus's tokens are estimated: a little less, so that nothing is read twice.
      let available = min(set.tokens, summary.trainingTokens * 19 / 20)
      horizon = min(partner(of: run)?.steps ?? horizon, max(1, available / plan.tokensPerStep))
    case .shuffled: horizon = partner(of: run)?.steps ?? horizon
    case .point, .heldOut, .doubled: break
    }
    var options = TrainingOptions(
      data: data, optimizer: .adamW(learningRate: plan.learningRate),
      schedule: LearningRateSchedule(
        readsOnce ? .wsd : .constant, warmupSteps: min(plan.warmupSteps, horizon / 5),
        cooldown: 0.4, finalShare: readsOnce ? 0.02 : 1),
      horizon: .steps(horizon), context: plan.context, sequences: plan.sequences, clip: 1,
      evaluateEvery: plan.evaluateEvery(tokens: run.tokens),
      saveEvery: 8 * plan.evaluateEvery(tokens: run.tokens),
      earlyStopping: readsOnce || run.role == .fresh || run.role == .shuffled
        ? nil : plan.stopping,
      seed: UInt64(run.seed))
    options.dropout = plan.dropout
    return options
  }

  /// The point of the same size and seed.
  private func partner(of run: StudyRun) -> StudyPoint? {
    points.first {
      $0.run.role != .doubled && $0.run.tokens == run.tokens && $0.run.seed == run.seed
        && $0.run.model == run.model
    }
  }

  /// What a run comes to; nil if it was interrupted.
  func train(
    _ run: StudyRun, validation: ValidationSet, test: ValidationSet, _ observe: (Event) -> Void
  ) throws -> StudyPoint? {
    let folder = workFolder(of: run)
    let options = options(of: run)
    let trainer = try resumed(folder, options) ?? fresh(run, folder, options)
    let outcome = try trainer.run { observe(.training(run, $0)) }
    if outcome == .interrupted { return nil }
    let model = trainer.transformer
    let state = trainer.state
    let measured =
      run.role == .shuffled ? try testSet("test-shuffled") : test
    let sequences = max(1, 4_096 / plan.context)
    let result = Evaluation(of: model, on: measured, sequences: sequences)
    let training = try ValidationSet(
      corpus: try Corpus(options.data.corpus), tokenizer: tokenizer, length: plan.context,
      maximumTokens: plan.testTokens)
    let clusters = Self.clusters(of: result, length: measured.length)
    let seen = Double(state.step * plan.tokensPerStep)
    return StudyPoint(
      run: run, parameters: model.parameters.parameterCount,
      trainLoss: Evaluation(of: model, on: training, sequences: sequences).loss,
      validationLoss: state.stopping.bestLoss
        ?? Evaluation(of: model, on: validation, sequences: sequences).loss,
      testLoss: result.loss, bitsPerByte: result.bitsPerByte,
      bestStep: options.earlyStopping == nil ? state.step : state.stopping.bestStep,
      steps: state.step, epochs: seen / Double(plan.trainingSet(of: run).tokens),
      flops: seen * model.configuration.trainingFLOPsPerToken, seconds: state.seconds,
      isCensored: options.earlyStopping != nil && outcome == .finished,
      clusterNats: clusters.nats, clusterTokens: clusters.tokens, testBytes: measured.bytes,
      recipe: recipe(of: run))
  }

  /// The run that an interruption left, if it is this one.
  private func resumed(_ folder: String, _ options: TrainingOptions) throws -> Trainer? {
    guard let state = try? TrainingState.read(from: folder),
      state.options.data == absolute(options),
      state.options.seed == options.seed, state.options.horizon == options.horizon
    else { return nil }
    return try Trainer(resuming: folder)
  }

  private func absolute(_ options: TrainingOptions) -> DataOptions {
    var data = options.data
    data.corpus = data.corpus.map(absolutePath)
    data.validation = data.validation?.map(absolutePath)
    return data
  }

  private func fresh(_ run: StudyRun, _ folder: String, _ options: TrainingOptions) throws
    -> Trainer
  {
    try? FileManager.default.removeItem(atPath: folder)
    let transformer = Transformer(plan.configuration(run.model), seed: UInt64(run.seed))
    return try Trainer(transformer, tokenizer: tokenizer, options: options, folder: folder)
  }

  /// Windows in a row, together at least 1,024 tokens, so that clusters hardly depend on each other.
  private static func clusters(of result: Evaluation, length: Int) -> (
    nats: [Double], tokens: [Double]
  ) {
    let size = max(1, (1_024 + length - 1) / length)
    var nats: [Double] = []
    var tokens: [Double] = []
    for start in stride(from: 0, to: result.windows.count, by: size) {
      let part = result.windows[start..<min(start + size, result.windows.count)]
      nats.append(part.reduce(0) { $0 + Double($1) * Double(length) })
      tokens.append(Double(part.count * length))
    }
    return (nats, tokens)
  }
}
