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
///
/// Where processes divide every layer, each keeps the momentum of its part of a matrix; only the
/// orthogonalisation needs the whole, at one of them: see `SharedMatrices`.
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
  private let shared: SharedMatrices?

  /// An optimizer of all parameters of a model of that configuration.
  ///
  /// - Parameters:
  ///   - owned: the stretches of the store to update, if not all; a matrix lies in one of them or in
  ///     none.
  ///   - part: the part of a model that the parameters are.
  public init(
    _ parameters: ParameterStore, _ options: OptimizerOptions,
    configuration: TransformerConfiguration, owned: [Range<Int>]? = nil, part: ModelPart = .whole
  ) {
    self.parameters = parameters
    self.options = options
    // A tied embedding is the head as well, and positions are added to it: both are small then.
    let hasHead = !configuration.tiedHead
    rest = AdamW(
      parameters, options, parameters.parameters.filter { $0.role != .matrix }, owned: owned
    ) {
      hasHead && $0.name == "embedding.weight" ? options.embeddingRate : options.headRate
    }
    momentum = arena.floats(max(parameters.count, 1))
    var lanes = [Lane](repeating: Lane(), count: Workers.shared.count)
    // The dearest first, each to the thread with the least to do.
    let all = parameters.matrixSlices(
      part.shard.local(configuration), tensors: part.shard.tensors
    )
    .filter { slice in owned?.contains { $0.contains(slice.offset) } ?? true }
    shared = part.tensor.map { SharedMatrices(all, parameters, among: $0) }
    let slices =
      all
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
        let target = shared.map { $0.directions + slice.offset } ?? scratch.first
        writeDirection(
          of: slice, into: target, spare: scratch.second, beta: beta,
          gradientScale: gradientScale)
        if shared == nil {
          let orthogonal = Orthogonalization.apply(
            rows: slice.rows, columns: slice.columns, scratch)
          move(slice, along: orthogonal, rate: rate)
        }
      }
    }
    guard let shared else { return }
    shared.orthogonalize()
    Workers.shared.share(lanes.count) { index in
      for slice in lanes[index].slices {
        move(slice, along: shared.directions + slice.offset, rate: rate)
      }
    }
  }

  /// Moves the momentum on, and writes the direction in which it and the gradient point.
  private func writeDirection(
    of slice: MatrixSlice, into direction: MutableFloats, spare: MutableFloats, beta: Float,
    gradientScale: Float
  ) {
    let count = slice.count
    let mean = momentum + slice.offset
    kernels.scale(
      parameters.gradients + slice.offset, by: (1 - beta) * gradientScale, into: direction,
      count: count)
    kernels.scale(mean, by: beta, into: mean, count: count)
    kernels.add(direction, to: mean, count: count)
    kernels.scale(mean, by: beta, into: spare, count: count)
    kernels.add(spare, to: direction, count: count)
  }

  private func move(_ slice: MatrixSlice, along orthogonal: MutableFloats, rate: Double) {
    let count = slice.count
    let values = parameters.values + slice.offset
    let shape =
      max(1, Double(slice.slicing.rows) / Double(slice.slicing.columns)).squareRoot()
    kernels.scale(orthogonal, by: Float(-rate * shape), into: orthogonal, count: count)
    if options.weightDecay > 0 {
      kernels.scale(values, by: Float(1 - rate * options.weightDecay), into: values, count: count)
    }
    kernels.add(orthogonal, to: values, count: count)
  }
}
