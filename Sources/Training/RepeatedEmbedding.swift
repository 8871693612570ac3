/// One matrix in two stages of a pipeline: the embedding that is also the head.

import Autograd
import Distributed
import Models

/// The embedding that the first stage looks up and the last multiplies by, and the sum of what both
/// learn about it.
final class RepeatedEmbedding {
  /// This stage's copy.
  let parameter: Parameter
  /// Seconds spent on messages.
  private(set) var seconds = 0.0
  private let stages: any Communicator
  /// The stage that has the other copy.
  private let other: Int

  /// The embedding of the stage that `transformer` is; nil if no other stage has it too.
  init?(_ transformer: Transformer) {
    let shard = transformer.part.shard
    guard
      let stages = transformer.part.stages, transformer.configuration.tiedHead,
      shard.isFirst != shard.isLast,
      let parameter = transformer.parameters["embedding.weight"]
    else { return nil }
    self.parameter = parameter
    self.stages = stages
    other = shard.isFirst ? stages.size - 1 : 0
  }

  /// Adds the other copy's gradient to the pieces of this one that are `owner`'s.
  func addGradients(_ shares: ParameterShares, owner: Int, _ parameters: ParameterStore) {
    let clock = ContinuousClock()
    let start = clock.now
    let own = shares.pieces.indices.filter {
      shares.owners[$0] == owner
        && parameters.parameters[shares.pieces[$0].parameter] === parameter
    }
    let exchange = Exchange(stages)
    parameter.willHaveAllRows()
    let total = own.reduce(0) { $0 + shares.pieces[$1].range.count }
    let copies = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(total, 1))
    defer { copies.deallocate() }
    var place = 0
    for index in own {
      let range = shares.pieces[index].range
      guard let copy = copies.baseAddress.map({ $0 + place }) else { continue }
      place += range.count
      let gradients = parameters.gradients + range.lowerBound
      copy.update(from: gradients, count: range.count)
      // Two lists, so that both go at once; two numbers have one sum, in whatever order.
      exchange.add(tag: index, [.send(copy, count: range.count, to: other)])
      exchange.add(
        tag: index, [.receiveAndAdd(gradients, count: range.count, from: other)])
    }
    exchange.finish()
    seconds += (clock.now - start) / .seconds(1)
  }
}
