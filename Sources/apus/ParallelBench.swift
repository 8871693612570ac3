/// The measurements behind `apus parallel`.

import Corpora
import Distributed
import Glibc
import Machine
import Models
import Scaling
import Tokenizers
import Training

/// The windows that a trial trains on.
struct TrialText {
  /// The size of the tokenizer's vocabulary, if there is a corpus.
  let vocabulary: Int?
  private let loader: BatchLoader?

  init(_ command: ParallelCommand) throws {
    guard let path = command.tokenizer else {
      vocabulary = nil
      loader = nil
      return
    }
    let tokenizer = try TokenizerOptions.load(path)
    let corpus = try Corpus(
      command.corpus, textField: command.form.textField, lines: command.form.lines)
    vocabulary = tokenizer.vocabularySize
    loader = try BatchLoader(
      corpus: corpus, split: .all, tokenizer: tokenizer, sequences: command.trial.shape.sequences,
      length: command.trial.shape.context, shuffle: .none, seed: 42)
  }

  /// Whether the tokens mean something.
  var isText: Bool { loader != nil }

  /// Inputs and targets of the next batch; random ones without a corpus.
  func batch(_ trial: TrialOptions) throws -> (inputs: [Token], targets: [Token]) {
    if let batch = try loader?.next() { return (batch.inputs, batch.targets) }
    return trial.shape.batch
  }
}

/// Times steps on several numbers of workers.
final class ParallelBench {
  private let trial: TrialOptions
  private let text: TrialText
  private let steps: Int
  private let processes: any Communicator
  private let layout: LayoutOptions
  private var batch: (inputs: [Token], targets: [Token]) = ([], [])
  /// Learnt values of the model.
  private(set) var parameterCount = 0
  private var pieces = 0
  private var alone = (step: 1.0, update: 0.0)
  private var crowding = 1.0
  private var link: (latency: Double, bandwidth: Double)?

  init(
    _ trial: TrialOptions, text: TrialText, steps: Int, processes: any Communicator,
    layout: LayoutOptions
  ) {
    self.layout = layout
    self.trial = trial
    self.text = text
    self.steps = steps
    self.processes = processes
  }

  private var options: TrainingOptions {
    trial.options(processes: max(1, processes.size / layout.tensorParallel))
  }
  private var tokens: Int { trial.shape.tokens }

  /// Measures 1, 2, 4 … and `most` workers.
  func study(
    upTo most: Int, byProcess: Bool, report: (_ tokens: Int, _ total: Int) -> Void
  ) throws -> ParallelStudy {
    batch = try text.batch(trial)
    let configuration = try trial.configuration(vocabulary: text.vocabulary)
    // Alone, then as many as hold the model together, then twice as many, and so on.
    let group = layout.processes
    var counts = Array(sequence(first: group) { $0 * 2 }.prefix { $0 < most }) + [most]
    if group > 1 { counts.insert(1, at: 0) }
    link = processes.measureLink()
    var points: [ParallelStudy.Point] = []
    var reference: [Float] = []
    for (index, count) in counts.enumerated() {
      if !byProcess { Workers.configure(count: count) }
      if !byProcess || processes.rank < count {
        let group: any Communicator =
          byProcess ? ProcessGroup(Array(0..<count), of: processes) : LocalCommunicator()
        let bench = try ParallelTrial(
          configuration, options, inputs: batch.inputs, targets: batch.targets,
          communicator: group, tensors: count == 1 ? 1 : layout.tensorParallel,
          stages: count == 1 ? 1 : layout.pipelineParallel)
        (parameterCount, pieces) = (bench.parameterCount, bench.pieces)
        var difference: Float = 0
        // Complete in the first process, which has the reference.
        if let gradients = bench.wholeGradients() {
          if count == 1 { reference = gradients }
          difference = zip(gradients, reference).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        let timing = time(bench)
        if count == 1 { alone = (timing.step, timing.update) }
        points.append(
          ParallelStudy.Point(
            workers: count, tokensPerSecond: Double(tokens) / timing.step,
            communicationShare: timing.communication / timing.step,
            gradientDifference: difference))
      }
      processes.meet()
      report((index + 1) * tokens * steps, counts.count * tokens * steps)
    }
    if byProcess { try measureCrowding(configuration) }
    if processes.rank > 0, points.first?.workers != 1 {
      points.insert(
        ParallelStudy.Point(
          workers: 1, tokensPerSecond: 1, communicationShare: 0, gradientDifference: 0), at: 0)
    }
    return ParallelStudy(points: points)
  }

  /// The slowest process that computes alone while all others do, over one by itself.
  private func measureCrowding(_ configuration: TransformerConfiguration) throws {
    let bench = try ParallelTrial(
      configuration, options, inputs: batch.inputs, targets: batch.targets)
    processes.meet()
    let own = time(bench).step
    let all = processes.gatherAll([own, alone.step])
    crowding = max(1, (all.map { $0[0] }.max() ?? 1) / all[0][1])
  }

  private func time(_ bench: ParallelTrial) -> ParallelTrial.Timing {
    _ = bench.step()
    let all = (0..<steps).map { _ in bench.step() }.sorted { $0.step < $1.step }
    return all[all.count / 2]
  }

  /// The noise of the gradient over text, after some steps of training; nil without text.
  func noise() throws -> GradientNoise? {
    guard text.isText, options.microBatches > 1 else { return nil }
    var small = 0.0
    var large = 0.0
    let batches = 6
    for _ in 0..<batches {
      let next = try text.batch(trial)
      // Every process takes part, so that none waits for long.
      let bench = try ParallelTrial(
        try trial.configuration(vocabulary: text.vocabulary), options, inputs: next.inputs,
        targets: next.targets)
      for _ in 0..<2 { _ = bench.step() }
      let lengths = bench.squaredLengths()
      small += lengths.small / Double(batches)
      large += lengths.large / Double(batches)
    }
    return GradientNoise(
      small: small, smallTokens: tokens / options.microBatches, large: large, largeTokens: tokens)
  }

  /// The cluster of machines like this one.
  func clusterModel(_ cluster: ClusterOptions, study: ParallelStudy) -> ClusterModel {
    ClusterModel(
      costs: StepCosts(
        secondsPerToken: (alone.step - alone.update) / Double(tokens),
        secondsPerUpdate: alone.update, parameters: parameterCount, pieces: pieces,
        batchTokens: tokens, microBatches: options.microBatches, layers: trial.shape.layers,
        width: trial.shape.width),
      inside: Link(latency: link?.latency ?? 2e-6, bandwidth: link?.bandwidth ?? 4e9),
      network: Link(
        latency: cluster.latency * 1e-6, bandwidth: Double(cluster.bandwidth.value) / 8),
      crowding: crowding)
  }

  /// Predicted tokens a second of the processes that were measured; nil for threads.
  func check(
    _ model: ClusterModel, study: ParallelStudy, byProcess: Bool
  ) -> (predicted: Double, measured: Double)? {
    guard byProcess, let last = study.points.last,
      let prediction = model.predict(
        machines: 1, processesPerMachine: last.workers, tensors: layout.tensorParallel,
        stages: layout.pipelineParallel)
    else { return nil }
    return (prediction.tokensPerSecond, last.tokensPerSecond)
  }
}
