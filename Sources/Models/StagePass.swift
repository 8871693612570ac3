/// The way of a micro-batch through this part of a model, forward and, perhaps much later, back.

import Autograd
import Distributed
import Kernels
import Tokenizers

/// A micro-batch that has gone forward and not yet back.
public final class StagePass {
  /// Mean nats per token; 0 in stages that are not the last.
  public let loss: Double
  fileprivate let tape: Tape
  /// The stream from the stage before.
  fileprivate let arrived: Tensor?
  /// The stream to the stage after, and the message that takes it there.
  fileprivate let left: (stream: Tensor, transfer: any Transfer)?

  fileprivate init(
    loss: Double, tape: Tape, arrived: Tensor?, left: (stream: Tensor, transfer: any Transfer)?
  ) {
    self.loss = loss
    self.tape = tape
    self.arrived = arrived
    self.left = left
  }
}

extension Transformer {
  /// Runs a micro-batch forward through this stage: takes the residual stream from the stage before,
  /// if there is one, and hands it to the one after, or computes the losses.
  ///
  /// - Parameters:
  ///   - sample: the tokens that stand for the vocabulary in the loss, or nil for all.
  ///   - tape: which of several micro-batches under way this one is.
  ///   - completion: in the last stage, as in `addGradients`; the head's gradient is complete here.
  public func forward(
    inputs: [Token], targets: [Token], sequences: Int, gradientScale: Float, dropout: Dropout?,
    sample: VocabularySample? = nil, tape index: Int, completion: ((Parameter) -> Void)? = nil
  ) -> StagePass {
    let tape = recordingTape(index)
    tape.dropout = dropout.map { $0.skipping(masksBefore) }
    let arrived = arrival(rows: inputs.count, on: tape)
    let x = stream(inputs, sequences: sequences, on: tape, arriving: arrived)
    if !part.shard.isLast {
      return StagePass(loss: 0, tape: tape, arrived: arrived, left: (x, sendOn(x)))
    }
    observe(tape, completion)
    let losses = losses(
      of: x, targets: targets, gradientScale: gradientScale / Float(targets.count),
      sample: sample)
    let loss = losses.reduce(0) { $0 + Double($1) } / Double(targets.count)
    return StagePass(loss: loss, tape: tape, arrived: arrived, left: nil)
  }

  /// Runs a micro-batch back: takes the gradient of the stream from the stage after and hands on that
  /// of the stage before.
  ///
  /// Passes go back in the order in which they went forward.
  public func backward(_ pass: StagePass, completion: ((Parameter) -> Void)?) {
    observe(pass.tape, completion)
    if let left = pass.left {
      left.stream.receive { gradient, _ in
        waitBetweenStages {
          left.transfer.wait()
          receive(gradient, count: left.stream.count, from: part.shard.stage + 1)
        }
      }
    }
    pass.tape.backward()
    pass.tape.completion = nil
    guard let arrived = pass.arrived, let gradient = arrived.gradient, let stages = part.stages
    else { return }
    settle { $0.isComplete() }
    let transfer = stages.send(
      UnsafeRawBufferPointer(start: gradient, count: 4 * arrived.count),
      to: part.shard.stage - 1, tag: Tag.activation)
    departing.append((transfer, arrived))
  }

  /// Returns when everything that this stage has sent has left.
  public func finishStages() {
    waitBetweenStages { for message in departing { message.transfer.wait() } }
    settle { _ in true }
  }

  /// As `logProbabilities`, by all stages of a pipeline together, which all call this.
  ///
  /// - Returns: `sequences × length` values in the last stage, zeros in the others.
  public func stageLogProbabilities(of targets: [Token], after inputs: [Token], sequences: Int)
    -> [Float]
  {
    if part.stages == nil {
      return logProbabilities(of: targets, after: inputs, sequences: sequences)
    }
    let tape = plainTape
    defer { tape.reset() }
    let arrived = arrival(rows: inputs.count, on: tape)
    let x = stream(inputs, sequences: sequences, on: tape, arriving: arrived)
    if part.shard.isLast { return losses(of: x, targets: targets, gradientScale: 0).map { -$0 } }
    let transfer = sendOn(x)
    waitBetweenStages { transfer.wait() }
    return [Float](repeating: 0, count: targets.count)
  }

  /// Masks of dropout that earlier stages take: one after the embedding, two a block.
  private var masksBefore: Int {
    part.shard.isFirst ? 0 : 1 + 2 * part.shard.blocks(of: configuration).lowerBound
  }

  /// The residual stream from the stage before; nil in the first.
  private func arrival(rows: Int, on tape: Tape) -> Tensor? {
    if part.shard.isFirst { return nil }
    let x = tape.tensor(rows: rows, columns: configuration.width)
    waitBetweenStages { receive(x.value, count: x.count, from: part.shard.stage - 1) }
    return x
  }

  private func sendOn(_ x: Tensor) -> any Transfer {
    guard let stages = part.stages else { preconditionFailure("There is no next stage.") }
    return stages.send(
      UnsafeRawBufferPointer(start: x.value, count: 4 * x.count), to: part.shard.stage + 1,
      tag: Tag.activation)
  }

  private func receive(_ values: MutableFloats, count: Int, from stage: Int) {
    part.stages?.receive(
      UnsafeMutableRawBufferPointer(start: values, count: 4 * count), from: stage,
      tag: Tag.activation
    ).wait()
  }

  /// Frees the gradients that have left.
  private func settle(_ hasLeft: (any Transfer) -> Bool) {
    departing.removeAll { message in
      guard hasLeft(message.transfer) else { return false }
      message.source.releaseGradient()
      return true
    }
  }

  private func waitBetweenStages(_ body: () -> Void) {
    let clock = ContinuousClock()
    let start = clock.now
    body()
    secondsBetweenStages += (clock.now - start) / .seconds(1)
  }
}
