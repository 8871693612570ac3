/// Muon for the matrices inside the blocks, AdamW for everything else.

import Autograd
import Kernels
import Machine
import Models

/// Momentum, orthogonalised by Newton–Schulz steps (Jordan et al. 2024).
///
/// For a gradient `G` of a matrix: `M = βM + (1−β)G`, `N = (1−β)G + βM` (Nesterov), and the matrix
/// moves by `−rate · √max(1, rows/columns) · orthogonalised(N)`. β rises from 0.85 to 0.95 over the
/// first 300 updates. Embeddings, head and vectors are AdamW's, at rates of their own.
///
/// Not for models whose matrices are much larger than a batch is worth: an update costs
/// `5 · (4m²n + 2m³)` FLOPs for a matrix with sides `m ≤ n`, whatever the size of the batch.
public final class Muon: Optimizer {
  /// One thread's share of the matrices, and its scratch memory.
  private struct Lane: @unchecked Sendable {
    var slices: [MatrixSlice] = []
    var cost = 0.0
    var scratch: Orthogonalization.Scratch?
  }

  private let options: OptimizerOptions
  private let parameters: ParameterStore
  private let rest: AdamW
  private let arena = Arena()
  private let momentum: MutableFloats
  private let lanes: [Lane]

  /// An optimizer of all parameters of a model of that configuration.
  ///
  /// - Parameter owned: the stretches of the store to update, if not all; a matrix lies in one of
  ///   them or in none.
  public init(
    _ parameters: ParameterStore, _ options: OptimizerOptions,
    configuration: TransformerConfiguration, owned: [Range<Int>]? = nil
  ) {
    self.parameters = parameters
    self.options = options
    // A tied embedding is the head as well, and positions are added to it: both are small then.
    let hasHead = parameters["head.weight"] != nil
    rest = AdamW(
      parameters, options, parameters.parameters.filter { $0.role != .matrix }, owned: owned
    ) {
      hasHead && $0.name == "embedding.weight" ? options.embeddingRate : options.headRate
    }
    momentum = arena.floats(max(parameters.count, 1))
    var lanes = [Lane](repeating: Lane(), count: Workers.shared.count)
    // The dearest first, each to the thread with the least to do.
    let slices = parameters.matrixSlices(configuration)
      .filter { slice in owned?.contains { $0.contains(slice.offset) } ?? true }
      .map { (slice: $0, cost: Orthogonalization.cost(rows: $0.rows, columns: $0.columns)) }
      .sorted { $0.cost > $1.cost }
    for (slice, cost) in slices {
      let lane = lanes.indices.min { lanes[$0].cost < lanes[$1].cost } ?? 0
      lanes[lane].slices.append(slice)
      lanes[lane].cost += cost
    }
    for index in lanes.indices where !lanes[index].slices.isEmpty {
      lanes[index].scratch = Orthogonalization.Scratch(lanes[index].slices, in: arena)
    }
    self.lanes = lanes
  }

  /// Updates made so far, by which the momentum warms up and AdamW's corrections go.
  public var updates: Int {
    get { rest.updates }
    set { rest.updates = newValue }
  }

  /// AdamW's moments, and the momentum of every matrix.
  public var state: [StateTensor] {
    rest.state
      + parameters.parameters.filter { $0.role == .matrix }.map {
        StateTensor(
          name: "\($0.name).momentum", rows: $0.rows, columns: $0.columns,
          values: momentum + $0.offset, offset: $0.offset)
      }
  }

  /// Makes one update of every parameter.
  public func update(rateShare: Double, gradientScale: Float) {
    rest.update(rateShare: rateShare, gradientScale: gradientScale)
    let beta = Float(0.85 + 0.1 * min(1, Double(updates) / 300))
    let rate = options.learningRate * rateShare
    // One matrix a thread: products this small lose more to hand-over than they gain by sharing.
    Workers.shared.share(lanes.count) { index in
      guard let scratch = lanes[index].scratch else { return }
      for slice in lanes[index].slices {
        update(slice, scratch, beta: beta, rate: rate, gradientScale: gradientScale)
      }
    }
  }

  private func update(
    _ slice: MatrixSlice, _ scratch: Orthogonalization.Scratch, beta: Float, rate: Double,
    gradientScale: Float
  ) {
    let count = slice.count
    let values = parameters.values + slice.offset
    let mean = momentum + slice.offset
    let direction = scratch.first
    kernels.scale(
      parameters.gradients + slice.offset, by: (1 - beta) * gradientScale, into: direction,
      count: count)
    kernels.scale(mean, by: beta, into: mean, count: count)
    kernels.add(direction, to: mean, count: count)
    kernels.scale(mean, by: beta, into: scratch.second, count: count)
    kernels.add(scratch.second, to: direction, count: count)
    let orthogonal = Orthogonalization.apply(rows: slice.rows, columns: slice.columns, scratch)
    let shape = max(1, Double(slice.rows) / Double(slice.columns)).squareRoot()
    kernels.scale(orthogonal, by: Float(-rate * shape), into: orthogonal, count: count)
    if options.weightDecay > 0 {
      kernels.scale(values, by: Float(1 - rate * options.weightDecay), into: values, count: count)
    }
    kernels.add(orthogonal, to: values, count: count)
  }
}
