/// The tape: records how every tensor came about, and walks back from the loss to the parameters.

import Kernels
import Machine

/// Reverse-mode automatic differentiation, eagerly, over fused operations.
///
/// An operation computes its output at once and, if the tape records, leaves a pullback: a closure
/// that turns the output's gradient into contributions to the inputs' gradients and adds to those of
/// parameters. `backward()` calls the pullbacks from the last to the first. A node costs about half a
/// microsecond; the time is inside the operations.
///
/// One tape serves many steps: activations come from an arena that is rewound, gradient buffers from
/// a free list, so that after the first step nothing is allocated but the closures. A tape belongs
/// to one thread.
///
/// - SeeAlso: Baydin et al. 2018, "Automatic differentiation in machine learning: a survey".
public final class Tape {
  /// Whether operations leave pullbacks; a forward pass alone needs none and keeps less.
  public private(set) var isRecording: Bool
  /// What the next `dropped()` drops; nil for nothing. Set before every step.
  public var dropout: Dropout?
  /// What the operands of linear maps and of the head are rounded to when they are multiplied.
  public var precision = Precision.fp32
  private let activations = Arena()
  private let gradients = Arena()
  private var pullbacks: [() -> Void] = []
  /// Contributions to gradients that are still to come, by parameter.
  private var pending: [ObjectIdentifier: Int] = [:]
  /// Called during `backward` with every parameter whose gradient is complete for this pass.
  public var completion: ((Parameter) -> Void)?
  private var free: [Int: [MutableFloats]] = [:]

  /// Where the time of this tape's operations is summed, if anywhere.
  public var profile: Profile?

  /// A tape that records, or one that only computes.
  public init(recording: Bool) {
    isRecording = recording
  }

  /// The most memory that activations and their gradients have taken so far, in bytes.
  public var peakBytes: Int { activations.peakBytes + gradients.peakBytes }

  /// An operation announces, on the way forward, that it will contribute to these gradients.
  func willContribute(to parameters: Parameter?...) {
    guard isRecording else { return }
    for case let parameter? in parameters { pending[ObjectIdentifier(parameter), default: 0] += 1 }
  }

  /// The contribution that was announced has been made.
  func didContribute(to parameters: Parameter?...) {
    for case let parameter? in parameters {
      let left = (pending[ObjectIdentifier(parameter)] ?? 1) - 1
      pending[ObjectIdentifier(parameter)] = left
      if left == 0 { completion?(parameter) }
    }
  }

  /// Forgets the step: tensors of this tape must not be used afterwards.
  public func reset() {
    pullbacks.removeAll(keepingCapacity: true)
    pending.removeAll(keepingCapacity: true)
    activations.rewind()
  }

  /// Memory that lives until the step ends, or the enclosing `scope` of a tape that does not record.
  public func floats(_ count: Int) -> MutableFloats { activations.floats(count) }

  /// The share and the key of the next mask, if there is dropout.
  func nextDropout() -> (share: Float, key: UInt32)? {
    guard let share = dropout?.share, let key = dropout?.next() else { return nil }
    return (share, key)
  }

  /// A new tensor with unspecified values.
  public func tensor(rows: Int, columns: Int) -> Tensor {
    Tensor(rows: rows, columns: columns, value: floats(rows * columns), tape: self)
  }

  /// A new tensor with the values that `make` writes: now and, on a tape that records, again whenever
  /// they are needed and were put aside. It takes less time to norm or activate twice than to store.
  ///
  /// - Parameter isKept: whether the values stay as they are until the step ends, because some reader
  ///   does not put them aside.
  func tensor(
    rows: Int, columns: Int, isKept: Bool = false,
    make: @escaping (_ values: MutableFloats) -> Void
  ) -> Tensor {
    if isRecording, !isKept {
      let result = Tensor(rows: rows, columns: columns, tape: self, make: make)
      _ = result.value
      return result
    }
    let result = tensor(rows: rows, columns: columns)
    make(result.value)
    return result
  }

  /// Runs `body`; a tape that does not record frees what `body` allocated.
  ///
  /// Only values that lie in memory from before the scope may leave it.
  public func scope<Result>(_ body: () -> Result) -> Result {
    let mark = activations.usedBytes
    defer { if !isRecording { activations.rewind(to: mark) } }
    return body()
  }

  /// Leaves a pullback for `output`; it is called with the output's gradient, if one arrived.
  public func record(_ output: Tensor, _ pullback: @escaping (_ gradient: MutableFloats) -> Void) {
    guard isRecording else { return }
    pullbacks.append { [unowned self] in
      guard let gradient = output.gradient else { return }
      pullback(gradient)
      // Unless the pullback handed the buffer on to another tensor.
      if output.gradient != nil {
        output.gradient = nil
        giveBack(gradient, output.count)
      }
    }
  }

  /// Walks back: every parameter that the step used has its gradient afterwards. Resets the tape.
  public func backward() {
    precondition(isRecording, "A tape that does not record cannot go back.")
    profile?.isBackward = true
    while let pullback = pullbacks.popLast() { pullback() }
    profile?.isBackward = false
    reset()
  }

  /// `body(x)`, keeping nothing of what `body` computes but its result: the way back computes it again.
  ///
  /// For a part that returns a tensor of the shape of its input, such as a block around a residual
  /// stream. Costs a second forward pass of `body`; the results are the same bits.
  ///
  /// - SeeAlso: Chen et al. 2016, arXiv 1604.06174.
  public func recomputed(_ x: Tensor, _ body: @escaping (Tensor) -> Tensor) -> Tensor {
    guard isRecording else { return body(x) }
    // A tape that does not record adds to the stream in place, so it gets a copy.
    let y = tensor(rows: x.rows, columns: x.columns)
    y.value.update(from: x.value, count: x.count)
    let masks = dropout
    isRecording = false
    let result = scope { body(y) }
    isRecording = true
    precondition(result.value == y.value, "A part that is recomputed returns its stream.")
    record(y) { [unowned self] dy in
      let mark = activations.usedBytes
      let later = pullbacks
      pullbacks = []
      let input = Tensor(rows: x.rows, columns: x.columns, value: x.value, tape: self)
      let next = dropout
      dropout = masks
      let output = body(input)
      dropout = next
      output.receive { buffer, _ in buffer.update(from: dy, count: output.count) }
      while let pullback = pullbacks.popLast() { pullback() }
      pullbacks = later
      activations.rewind(to: mark)
      if x.gradient == nil {
        x.gradient = input.gradient
      } else {
        x.adoptGradient(of: input)
        if let rest = input.gradient { giveBack(rest, input.count) }
      }
      input.gradient = nil
    }
    return y
  }

  /// Starts the way back at `output` with a given gradient; for roots other than a loss.
  package func backward(from output: Tensor, gradient: [Float]) {
    precondition(gradient.count == output.count, "A gradient has the shape of its tensor.")
    output.receive { buffer, keep in
      precondition(!keep, "The root has no other reader.")
      for (index, value) in gradient.enumerated() { buffer[index] = value }
    }
    backward()
  }

  /// Runs `body`, an operation that multiplies `flops` times and moves at least `floats` numbers, and
  /// adds its time to the profile if there is one.
  func measure<Result>(
    _ name: @autoclosure () -> String, flops: Int = 0, floats: Int = 0, _ body: () -> Result
  ) -> Result {
    guard let profile else { return body() }
    return profile.measure(
      name(), flops: Double(flops), bytes: Double(floats * MemoryLayout<Float>.stride), body)
  }

  /// A buffer for `count` floats of gradient, with unspecified contents.
  func borrow(_ count: Int) -> MutableFloats {
    free[count]?.popLast() ?? gradients.floats(count)
  }

  /// Returns a buffer that `borrow` gave.
  func giveBack(_ buffer: MutableFloats, _ count: Int) {
    free[count, default: []].append(buffer)
  }
}
