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
/// `3m²n + 17m³` FLOPs for a matrix with sides `m ≤ n`, whatever the size of the batch; with
/// `OptimizerOptions.orthogonalizesEvery` above 1, that cost is paid in some updates only.
///
/// Where processes divide every layer, each keeps the momentum of its part of a matrix; only the
/// orthogonalisation needs the whole, at one of them: see `SharedMatrices`.
public final class Muon: Optimizer {
  private let options: OptimizerOptions
  private let parameters: ParameterStore
  private let rest: AdamW
  private let arena = Arena()
  private let momentum: MutableFloats
  /// The dearest first, so that threads end together.
  private let slices: [MatrixSlice]
  private let shared: SharedMatrices?
  /// One for every thread that there has been.
  private var scratch: [Orthogonalization.Scratch]

  /// Where the time of updates is summed, if anywhere.
  public var profile: Profile?

  /// An optimizer of all parameters of a model of that configuration.
  ///
  /// - Parameters:
  ///   - owned: the stretches of the store to update, if not all; a matrix lies in one of them or in
  ///     none.
  ///   - part: the part of a model that the parameters are.
  ///   - skipsUntouched: as for `AdamW`.
  public init(
    _ parameters: ParameterStore, _ options: OptimizerOptions,
    configuration: TransformerConfiguration, owned: [Range<Int>]? = nil, part: ModelPart = .whole,
    skipsUntouched: Bool = false
  ) {
    self.parameters = parameters
    self.options = options
    // A tied embedding is the head as well, and positions are added to it: both are small then.
    let hasHead = !configuration.tiedHead
    rest = AdamW(
      parameters, options, parameters.parameters.filter { $0.role != .matrix }, owned: owned,
      skipsUntouched: skipsUntouched
    ) {
      options.rate(of: $0, hasHead: hasHead)
    }
    momentum = arena.floats(max(parameters.count, 1))
    let own = parameters.matrixSlices(
      part.shard.local(configuration), tensors: part.shard.tensors
    )
    .filter { slice in owned?.contains { $0.contains(slice.offset) } ?? true }
    shared = part.tensor.map { SharedMatrices(own, parameters, among: $0) }
    slices =
      own
      .map { (slice: $0, cost: Orthogonalization.cost(rows: $0.rows, columns: $0.columns)) }
      .sorted { $0.cost > $1.cost }
      .map(\.slice)
    scratch = []
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
  public func update(rateShare: Double, decayShare: Double, gradientScale: Float) {
    measure("AdamW", flops: 0) {
      rest.update(rateShare: rateShare, decayShare: decayShare, gradientScale: gradientScale)
    }
    let interval = options.orthogonalizesEvery
    let moves = updates % interval == 0
    let flops = slices.reduce(0) {
      $0 + Orthogonalization.cost(rows: $1.rows, columns: $1.columns)
    }
    let beta = Float(0.85 + 0.1 * min(1, Double(updates) / 300))
    let rate = options.learningRate * rateShare * Double(interval)
    let decay = Float(rate * options.weightDecay * decayShare)
    while scratch.count < min(slices.count, Workers.shared.count) {
      scratch.append(Orthogonalization.Scratch(slices, in: arena))
    }
    measure("Muon", flops: moves ? flops : 0) {
      // One matrix a thread: products this small lose more to hand-over than they gain by sharing.
      Workers.shared.share(slices.count) { (index: Int, thread: Int) in
        let slice = slices[index]
        let scratch = scratch[thread]
        kernels.addMomentum(
          of: parameters.gradients + slice.offset, gradientScale: gradientScale, beta: beta,
          to: momentum + slice.offset,
          into: shared.map { $0.directions + slice.offset } ?? scratch.first, count: slice.count)
        guard moves, shared == nil else { return }
        Orthogonalization.apply(rows: slice.rows, columns: slice.columns, scratch)
        move(slice, along: scratch.second, rate: rate, decay: decay)
      }
      guard moves, let shared else { return }
      shared.orthogonalize()
      Workers.shared.share(slices.count) { (index: Int) in
        move(
          slices[index], along: shared.directions + slices[index].offset, rate: rate, decay: decay)
      }
    }
  }

  private func move(_ slice: MatrixSlice, along direction: Floats, rate: Double, decay: Float) {
    let whole = slice.slicing
    let shape = max(1, Double(whole.rows) / Double(whole.columns)).squareRoot()
    kernels.move(
      parameters.values + slice.offset, along: direction, by: Float(-rate * shape), decay: decay,
      isCautious: options.isCautious, count: slice.count)
  }

  private func measure(_ name: String, flops: Double, _ body: () -> Void) {
    guard let profile else { return body() }
    profile.measure(name, flops: flops, body)
  }
}
