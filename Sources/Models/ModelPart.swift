/// A part of a model together with the processes that hold the others.

import Autograd
import Distributed

/// What a process computes of a model, and with whom.
public struct ModelPart {
  /// Which part.
  public let shard: Shard
  /// The processes that divide every layer with this one, or nil.
  public let tensor: SumGroup?
  /// The processes of the stages of a pipeline, in order, or nil.
  public let stages: (any Communicator)?

  /// A model in one piece.
  public static var whole: ModelPart { ModelPart(tensor: nil, stages: nil) }

  /// A part as the numbers of this process in its groups say.
  public init(tensor: SumGroup?, stages: (any Communicator)?) {
    self.tensor = tensor.flatMap { $0.size > 1 ? $0 : nil }
    self.stages = stages.flatMap { $0.size > 1 ? $0 : nil }
    shard = Shard(
      tensor: tensor?.rank ?? 0, tensors: tensor?.size ?? 1, stage: stages?.rank ?? 0,
      stages: stages?.size ?? 1)
  }

  /// The part of this process of `communicator` in a layout.
  public init(_ layout: Layout, _ communicator: any Communicator) {
    let place = layout.place(of: communicator.rank)
    func group(_ axis: WritableKeyPath<Layout.Place, Int>) -> any Communicator {
      ProcessGroup(layout.line(through: place, along: axis), of: communicator)
    }
    self.init(
      tensor: layout.tensor > 1 ? SumGroup(group(\.tensor)) : nil,
      stages: layout.stages > 1 ? group(\.stage) : nil)
  }
}
