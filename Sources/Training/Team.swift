/// The processes that train one model, as the trainer sees them: one step, shared.

import Autograd
import Distributed
import Kernels
import Machine
import Models
import Tokenizers

/// What a step found, the same on every process.
struct StepTotals {
  /// Nats per token over the whole batch.
  var loss: Double
  /// The norm of all gradients together.
  var gradientNorm: Double
  /// Whether any process was asked to stop.
  var isInterrupted: Bool
}

/// This process's part of every step, and what it takes to make the parts one.
final class Team {
  /// All processes.
  let communicator: any Communicator
  /// Who computes which part of the model on which part of the batch.
  let layout: Layout
  /// The processes that hold the same part of the model and divide the batch.
  let data: any Communicator
  /// Who owns which parameters, among those processes.
  let shares: ParameterShares
  /// How a step is divided.
  let microBatches: MicroBatches
  private let place: Layout.Place
  private let transformer: Transformer
  private let gradients: GradientSum
  private let handOut: Exchange
  private let schedule: PipelineSchedule
  /// The embedding that is the head of another stage as well.
  private let repeated: RepeatedEmbedding?
  /// How the current step is divided.
  private var division: MicroBatches

  /// A team for a model, or the part of it that is this process's, that is trained as `options` say.
  init(
    _ transformer: Transformer, _ options: TrainingOptions, _ communicator: any Communicator,
    _ layout: Layout
  ) throws(TrainingError) {
    microBatches = MicroBatches(count: options.microBatches, sequences: options.sequences)
    if layout.data > microBatches.count {
      throw .tooManyProcesses(
        processes: layout.data, microBatches: microBatches.count, sequences: options.sequences)
    }
    if layout.tensor > 1, options.sampledTokens != nil {
      throw .layout(
        problem: "a loss that sees a sample of the vocabulary needs all of it in one process",
        hint: "leave out --tensor-parallel, or start the run with --sampled-softmax 0")
    }
    division = microBatches
    self.transformer = transformer
    self.communicator = communicator
    self.layout = layout
    place = layout.place(of: communicator.rank)
    data =
      layout.dividesModel
      ? ProcessGroup(layout.line(through: place, along: \.data), of: communicator) : communicator
    let shard = transformer.part.shard
    repeated = RepeatedEmbedding(transformer)
    shares = ParameterShares(
      transformer.parameters, kind: options.optimizer.kind,
      configuration: shard.local(transformer.configuration), processes: data.size,
      repeated: repeated?.parameter.name)
    gradients = GradientSum(transformer.parameters, shares, microBatches: microBatches.count, data)
    handOut = Exchange(data)
    schedule = PipelineSchedule(
      stage: shard.stage, of: shard.stages, count: gradients.run.count)
  }

  /// The layout of all processes of `communicator`, where `tensors` divide every layer and `stages`
  /// follow each other.
  static func layout(
    _ configuration: TransformerConfiguration, tensors: Int, stages: Int,
    _ communicator: any Communicator
  ) throws(TrainingError) -> Layout {
    let group = tensors * stages
    if communicator.size % group != 0 {
      let processes = communicator.size == 1 ? "1 process" : "\(communicator.size) processes"
      throw .layout(
        problem: "\(processes) cannot be divided into groups of \(tensors) × \(stages)",
        hint: "start a multiple of \(group) processes: mpirun -n \(group) apus train …")
    }
    if let problem = Shard.problem(configuration, tensors: tensors, stages: stages) {
      throw .layout(problem: problem.what, hint: problem.hint)
    }
    return Layout(tensor: tensors, stages: stages, data: communicator.size / group)
  }

  /// Whether this process writes and speaks.
  var isFirst: Bool { communicator.rank == 0 }

  /// Whether there are no other processes.
  var isAlone: Bool { communicator.size == 1 }

  /// The windows of the current step that this process trains on.
  var windows: Range<Int> { division.windows(of: gradients.run) }

  /// The next step has so many windows, in as many parts.
  func resize(toWindows count: Int) {
    division = MicroBatches(count: microBatches.count, sequences: count)
  }

  /// The stretches of the parameters that this process updates.
  var owned: [Range<Int>] { shares.ranges(of: data.rank) }

  /// Seconds in which this process only waited for others, and seconds it spent on messages in all.
  var communication: (waited: Double, total: Double) {
    let waited =
      gradients.exchange.secondsWaited + handOut.secondsWaited + (repeated?.seconds ?? 0)
      + (transformer.part.tensor?.seconds ?? 0) + transformer.secondsBetweenStages
    return (waited, waited + gradients.exchange.secondsBeside)
  }

  /// Adds up the gradients of the mean loss over a batch, of which this process has `windows`, of
  /// `length` tokens each, which the model sees in `parts`; `dropout` says what is dropped in a
  /// micro-batch, and `sample` which tokens stand for the vocabulary.
  func addGradients(
    inputs: [Token], targets: [Token], length: Int, parts: Int = 1,
    dropout: (Int) -> Dropout? = { _ in nil }, sample: VocabularySample? = nil
  ) -> StepTotals {
    var losses = [Double](repeating: 0, count: microBatches.count)
    let first = windows.lowerBound
    let isLast = transformer.part.shard.isLast
    var passes: [Int: StagePass] = [:]
    let completion = { [gradients] in gradients.add($0) }
    for step in schedule.steps {
      switch step {
      case .forward(let number):
        let index = gradients.run.lowerBound + number
        let range = division.windows(of: index)
        let tokens = (range.lowerBound - first) * length..<(range.upperBound - first) * length
        let weight = Double(range.count) / Double(division.sequences)
        // The head's gradient is complete as soon as the loss is.
        if isLast { gradients.start(index) }
        let pass = transformer.forward(
          inputs: Array(inputs[tokens]), targets: Array(targets[tokens]),
          sequences: range.count * parts,
          gradientScale: Float(weight), dropout: dropout(index),
          sample: sample, tape: number % schedule.underWay, completion: completion)
        losses[index] = weight * pass.loss
        passes[number] = pass
      case .backward(let number):
        if !isLast { gradients.start(gradients.run.lowerBound + number) }
        if let pass = passes.removeValue(forKey: number) {
          transformer.backward(pass, completion: completion)
        }
        gradients.end()
      }
    }
    transformer.finishStages()
    gradients.finish()
    repeated?.addGradients(shares, owner: data.rank, transformer.parameters)
    return total(losses)
  }

  /// Brings the parameters that their owners have updated to every process.
  func handOutParameters() {
    if data.size == 1 { return }
    let everyone = Array(0..<data.size)
    for (index, piece) in shares.pieces.enumerated() {
      handOut.add(
        tag: index,
        Exchange.handingOut(
          transformer.parameters.values + piece.range.lowerBound, count: piece.range.count,
          from: shares.owners[index], to: everyone, as: data.rank))
    }
    handOut.finish()
  }

  /// Brings an optimizer's state, of which every process has its share, to the first of those that
  /// hold the same part of the model.
  func gather(_ state: [StateTensor]) {
    if data.size == 1 { return }
    // A piece has several tensors: what is under way together needs tags of its own.
    var tag = 0
    for tensor in state {
      for (index, piece) in shares.pieces.enumerated()
      where shares.owners[index] != 0
        && (tensor.offset..<tensor.offset + tensor.rows * tensor.columns)
          .contains(piece.range.lowerBound)
      {
        let values = tensor.values + (piece.range.lowerBound - tensor.offset)
        tag = (tag + 1) % 32_768
        handOut.add(
          tag: tag,
          Exchange.handingOut(
            values, count: piece.range.count, from: shares.owners[index],
            to: [0, shares.owners[index]], as: data.rank))
      }
    }
    handOut.finish()
  }

  /// The parts of the model, to be brought together.
  var whole: WholeModel { WholeModel(transformer.configuration, layout, communicator) }

  /// Whether any process was asked to stop.
  func agreeOnInterruption() -> Bool {
    communicator.gatherAll([Interruption.isRequested ? 1 : 0]).contains { $0[0] > 0 }
  }

  /// The seconds that the first process measured.
  func agree(onSeconds seconds: Double) -> Double { communicator.gatherAll([seconds])[0][0] }

  /// Losses and norms in an order of addition that does not depend on the number of processes.
  private func total(_ losses: [Double]) -> StepTotals {
    let own = shares.owners.indices.filter { shares.owners[$0] == data.rank }
    var squares = [Double](repeating: 0, count: shares.pieces.count)
    let found = transformer.parameters.squaredGradients(in: own.map { shares.pieces[$0].range })
    for (index, square) in zip(own, found) { squares[index] = square }
    let flag = Interruption.isRequested ? 1.0 : 0
    var sums = losses + squares + [flag]
    if data.size > 1 {
      let all = data.gatherAll(sums)
      // Every number comes from one process, and is zero on the others.
      for index in sums.indices { sums[index] = all.reduce(0) { $0 + $1[index] } }
    }
    squares = Array(sums.dropFirst(losses.count).prefix(squares.count))
    return totalOfParts(
      loss: sums.prefix(losses.count).reduce(0, +), squares: squares,
      isInterrupted: (sums.last ?? 0) > 0)
  }

  /// Puts together what the parts of the model have found, in the order of the parameters.
  private func totalOfParts(loss: Double, squares: [Double], isInterrupted: Bool) -> StepTotals {
    guard layout.dividesModel else {
      return StepTotals(
        loss: loss, gradientNorm: squares.reduce(0, +).squareRoot(), isInterrupted: isInterrupted)
    }
    let counted = zip(shares.pieces, squares).filter { counts($0.0) }.map(\.1)
    let most = communicator.gatherAll([Double(counted.count)]).map { Int($0[0]) }
    let padding = [Double](repeating: 0, count: (most.max() ?? 0) - counted.count)
    let all = communicator.gatherAll([loss, isInterrupted ? 1 : 0] + counted + padding)
    var norm = 0.0
    for stage in 0..<layout.stages {
      for tensor in 0..<layout.tensor {
        let part = layout.rank(of: Layout.Place(tensor: tensor, data: 0, stage: stage))
        for square in all[part][2..<2 + most[part]] { norm += square }
      }
    }
    let last = layout.rank(
      of: Layout.Place(tensor: 0, data: place.data, stage: layout.stages - 1))
    return StepTotals(
      loss: all[last][0], gradientNorm: norm.squareRoot(),
      isInterrupted: all.contains { $0[1] > 0 })
  }

  /// Whether a piece counts here, and not in another process that has it as well.
  private func counts(_ piece: ParameterPiece) -> Bool {
    let parameter = transformer.parameters.parameters[piece.parameter]
    let shard = transformer.part.shard
    if parameter === repeated?.parameter, !shard.isFirst { return false }
    return shard.tensor == 0 || wholeNames[parameter.name] != true
  }

  /// Whether a parameter is whole in every process that divides a layer.
  private lazy var wholeNames: [String: Bool] = {
    let shard = transformer.part.shard
    let configuration = transformer.configuration
    return Dictionary(
      uniqueKeysWithValues: configuration.declarations.map {
        ($0.name, shard.slicing(of: $0, configuration).axis == nil)
      })
  }()
}
