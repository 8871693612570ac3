/// Steps of training that are only timed, on so many threads or processes as are given.

import Autograd
import Distributed
import Machine
import Models
import Tokenizers

/// Trains one model on given windows again and again, and tells where the time goes.
public final class ParallelTrial {
  /// Where the seconds of one step went.
  public struct Timing: Sendable {
    /// The whole step.
    public var step: Double
    /// Forward and back, with what of the communication went on beside it.
    public var gradients: Double
    /// The optimizer.
    public var update: Double
    /// Messages: time in which nothing else was done, and what polling cost beside.
    public var communication: Double
  }

  private let transformer: Transformer
  private let team: Team
  private let optimizer: any Optimizer
  private let options: TrainingOptions
  private let inputs: [Token]
  private let targets: [Token]

  /// A trial of one step on `inputs` and `targets`, which hold the whole batch's windows; `tensors`
  /// and `stages` as in a `Trainer`.
  public init(
    _ configuration: TransformerConfiguration, _ options: TrainingOptions, inputs: [Token],
    targets: [Token], communicator: any Communicator = LocalCommunicator(), tensors: Int = 1,
    stages: Int = 1
  ) throws(TrainingError) {
    let layout = try Team.layout(configuration, tensors: tensors, stages: stages, communicator)
    let whole = Transformer(configuration, seed: options.seed)
    transformer =
      layout.dividesModel ? whole.divided(ModelPart(layout, communicator)) : whole
    self.options = options
    team = try Team(transformer, options, communicator, layout)
    optimizer = makeOptimizer(of: transformer, options, owned: team.owned)
    let rows = team.windows
    let tokens = rows.lowerBound * options.context..<rows.upperBound * options.context
    self.inputs = Array(inputs[tokens])
    self.targets = Array(targets[tokens])
  }

  /// Learnt values of the model.
  public var parameterCount: Int { transformer.parameterCount }

  /// Pieces of the parameters that are sent one by one.
  public var pieces: Int { team.shares.pieces.count }

  /// Takes one step.
  public func step() -> Timing {
    let clock = ContinuousClock()
    let before = team.communication.total
    let start = clock.now
    let totals = team.addGradients(inputs: inputs, targets: targets, length: options.context)
    let summed = clock.now
    optimizer.update(
      rateShare: 0.1,
      gradientScale: clippingScale(norm: totals.gradientNorm, limit: options.clip))
    let updated = clock.now
    team.handOutParameters()
    let end = clock.now
    return Timing(
      step: (end - start) / .seconds(1), gradients: (summed - start) / .seconds(1),
      update: (updated - summed) / .seconds(1), communication: team.communication.total - before)
  }

  /// The gradients of the batch, parameter after parameter, in the first process; nil in the others.
  public func wholeGradients() -> [Float]? {
    _ = team.addGradients(inputs: inputs, targets: targets, length: options.context)
    let store = transformer.parameters
    team.gather(
      store.parameters.map {
        StateTensor(
          name: $0.name, rows: $0.rows, columns: $0.columns, values: store.gradients + $0.offset,
          offset: $0.offset)
      })
    var all: [Float] = []
    for declaration in transformer.configuration.declarations {
      var values = [Float](repeating: 0, count: declaration.rows * declaration.columns)
      let part = store[declaration.name].map { store.gradients + $0.offset }
      values.withUnsafeMutableBufferPointer {
        team.whole.collect(declaration, part: part, into: team.isFirst ? $0.baseAddress : nil)
      }
      all += values
    }
    return team.isFirst ? all : nil
  }

  /// Squares of the gradient's length, of single micro-batches on average and of all together.
  public func squaredLengths() -> (small: Double, large: Double) {
    precondition(team.isAlone, "One process sees every micro-batch.")
    let store = transformer.parameters
    let all = [0..<store.count]
    var small = 0.0
    for index in 0..<team.microBatches.count {
      let rows = team.microBatches.windows(of: index)
      let tokens = rows.lowerBound * options.context..<rows.upperBound * options.context
      store.zeroGradients()
      _ = transformer.addGradients(
        inputs: Array(inputs[tokens]), targets: Array(targets[tokens]),
        sequences: rows.count)
      small += store.squaredGradients(in: all)[0]
    }
    _ = team.addGradients(inputs: inputs, targets: targets, length: options.context)
    return (small / Double(team.microBatches.count), store.squaredGradients(in: all)[0])
  }
}

/// The optimizer that `options` name, for the stretches of the parameters that are `owned`.
func makeOptimizer(
  of transformer: Transformer, _ options: TrainingOptions, owned: [Range<Int>]
) -> any Optimizer {
  // A loss that sees few tokens leaves the rows of the others alone.
  let skipsUntouched = options.sampledTokens != nil
  return switch options.optimizer.kind {
  case .adamw:
    AdamW(
      transformer.parameters, options.optimizer, owned: owned, skipsUntouched: skipsUntouched)
  case .muon:
    Muon(
      transformer.parameters, options.optimizer, configuration: transformer.configuration,
      owned: owned, part: transformer.part, skipsUntouched: skipsUntouched)
  }
}
