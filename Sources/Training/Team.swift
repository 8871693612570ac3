/// The processes that train one model, as the trainer sees them: one step, shared.

import Autograd
import Distributed
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
  /// The processes.
  let communicator: any Communicator
  /// Who owns which parameters.
  let shares: ParameterShares
  /// How a step is divided.
  let microBatches: MicroBatches
  private let transformer: Transformer
  private let gradients: GradientSum
  private let handOut: Exchange
  /// How the current step is divided.
  private var division: MicroBatches

  /// A team for a model that is trained as `options` say.
  init(
    _ transformer: Transformer, _ options: TrainingOptions, _ communicator: any Communicator
  ) throws(TrainingError) {
    microBatches = MicroBatches(count: options.microBatches, sequences: options.sequences)
    if communicator.size > microBatches.count {
      throw .tooManyProcesses(
        processes: communicator.size, microBatches: microBatches.count,
        sequences: options.sequences)
    }
    division = microBatches
    self.transformer = transformer
    self.communicator = communicator
    shares = ParameterShares(
      transformer.parameters, kind: options.optimizer.kind,
      configuration: transformer.configuration, processes: communicator.size)
    gradients = GradientSum(
      transformer.parameters, shares, microBatches: microBatches.count, communicator)
    handOut = Exchange(communicator)
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
  var owned: [Range<Int>] { shares.ranges(of: communicator.rank) }

  /// Seconds in which this process only waited for others, and seconds it spent on messages in all.
  var communication: (waited: Double, total: Double) {
    let waited = gradients.exchange.secondsWaited + handOut.secondsWaited
    return (waited, waited + gradients.exchange.secondsBeside)
  }

  /// Adds up the gradients of the mean loss over a batch, of which this process has `windows`, of
  /// `length` tokens each, which the model sees in `parts`; `dropout` says what is dropped in a
  /// micro-batch.
  func addGradients(
    inputs: [Token], targets: [Token], length: Int, parts: Int = 1,
    dropout: (Int) -> Dropout? = { _ in nil }
  ) -> StepTotals {
    var losses = [Double](repeating: 0, count: microBatches.count)
    let first = windows.lowerBound
    for index in gradients.run {
      let range = division.windows(of: index)
      let tokens = (range.lowerBound - first) * length..<(range.upperBound - first) * length
      let weight = Double(range.count) / Double(division.sequences)
      gradients.start(index)
      let loss = transformer.addGradients(
        inputs: Array(inputs[tokens]), targets: Array(targets[tokens]),
        sequences: range.count * parts, gradientScale: Float(weight), dropout: dropout(index),
        completion: { [gradients] in gradients.add($0) })
      losses[index] = weight * loss
      gradients.end()
    }
    gradients.finish()
    return total(losses)
  }

  /// Brings the parameters that their owners have updated to every process.
  func handOutParameters() {
    if communicator.size == 1 { return }
    let everyone = Array(0..<communicator.size)
    for (index, piece) in shares.pieces.enumerated() {
      handOut.add(
        tag: index,
        Exchange.handingOut(
          transformer.parameters.values + piece.range.lowerBound, count: piece.range.count,
          from: shares.owners[index], to: everyone, as: communicator.rank))
    }
    handOut.finish()
  }

  /// Brings an optimizer's state, of which every process has its share, to the first process.
  func gather(_ state: [StateTensor]) {
    if communicator.size == 1 { return }
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
            to: [0, shares.owners[index]], as: communicator.rank))
      }
    }
    handOut.finish()
  }

  /// Whether any process was asked to stop.
  func agreeOnInterruption() -> Bool {
    communicator.gatherAll([Interruption.isRequested ? 1 : 0]).contains { $0[0] > 0 }
  }

  /// The seconds that the first process measured.
  func agree(onSeconds seconds: Double) -> Double { communicator.gatherAll([seconds])[0][0] }

  /// Losses and norms in an order of addition that does not depend on the number of processes.
  private func total(_ losses: [Double]) -> StepTotals {
    let own = shares.owners.indices.filter { shares.owners[$0] == communicator.rank }
    var squares = [Double](repeating: 0, count: shares.pieces.count)
    let found = transformer.parameters.squaredGradients(in: own.map { shares.pieces[$0].range })
    for (index, square) in zip(own, found) { squares[index] = square }
    let flag = Interruption.isRequested ? 1.0 : 0
    var sums = losses + squares + [flag]
    if communicator.size > 1 {
      let all = communicator.gatherAll(sums)
      // Every number comes from one process, and is zero on the others.
      for index in sums.indices { sums[index] = all.reduce(0) { $0 + $1[index] } }
    }
    return StepTotals(
      loss: sums.prefix(losses.count).reduce(0, +),
      gradientNorm: sums.dropFirst(losses.count).prefix(squares.count).reduce(0, +).squareRoot(),
      isInterrupted: (sums.last ?? 0) > 0)
  }
}
