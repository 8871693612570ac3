/// The parts of a model brought together: what is saved is whole, whatever the layout.

import Autograd
import Distributed
import Kernels
import Models

/// Arrays that lie in parts on several processes, on their way to the first.
struct WholeModel {
  private let layout: Layout
  private let configuration: TransformerConfiguration
  private let communicator: any Communicator
  /// Floats in a message: lengths are 32-bit numbers of bytes.
  private static let most = 1 << 27

  /// The parts of a model that the processes of `communicator` hold.
  init(
    _ configuration: TransformerConfiguration, _ layout: Layout, _ communicator: any Communicator
  ) {
    self.configuration = configuration
    self.layout = layout
    self.communicator = communicator
  }

  /// Brings an array with a value for every one of a parameter's to the first process.
  ///
  /// All processes call this in the same order.
  ///
  /// - Parameters:
  ///   - part: this process's part, if it has one.
  ///   - whole: where the whole goes, in the first process.
  func collect(
    _ declaration: Parameter.Declaration, part: MutableFloats?, into whole: MutableFloats?
  ) {
    let shard = Shard(tensors: layout.tensor)
    let slicing = shard.slicing(of: declaration, configuration)
    let stage =
      (0..<layout.stages).first {
        Shard(stage: $0, stages: layout.stages).holds(declaration.name, of: configuration)
      } ?? 0
    for tensor in 0..<(slicing.axis == nil ? 1 : layout.tensor) {
      let source = layout.rank(of: Layout.Place(tensor: tensor, data: 0, stage: stage))
      let (rows, columns) = slicing.shape(of: tensor)
      let count = rows * columns
      if source == 0 {
        if let whole, let part { slicing.paste(part, into: whole, of: tensor) }
      } else if communicator.rank == source, let part {
        move(count) { range in
          communicator.send(
            UnsafeRawBufferPointer(start: part + range.lowerBound, count: 4 * range.count), to: 0,
            tag: Tag.result)
        }
      } else if communicator.rank == 0, let whole {
        let arrived = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { arrived.deallocate() }
        guard let base = arrived.baseAddress else { continue }
        move(count) { range in
          communicator.receive(
            UnsafeMutableRawBufferPointer(start: base + range.lowerBound, count: 4 * range.count),
            from: source, tag: Tag.result)
        }
        slicing.paste(base, into: whole, of: tensor)
      }
    }
  }

  /// The model with the parameters of all parts, in the first process; nil in the others.
  func parameters(of part: Transformer) -> Transformer? {
    let whole = communicator.rank == 0 ? Transformer(configuration, seed: nil) : nil
    for declaration in configuration.declarations {
      collect(
        declaration, part: part.parameters[declaration.name]?.value,
        into: whole?.parameters[declaration.name]?.value)
    }
    return whole
  }

  /// Fills the state of an optimizer of the whole model, `target`, in the first process.
  ///
  /// - Parameter names: the state tensors of the whole model, in their order.
  func state(_ part: [StateTensor], into target: [StateTensor]) {
    let parts = Dictionary(uniqueKeysWithValues: part.map { ($0.name, $0.values) })
    let declarations = Dictionary(
      uniqueKeysWithValues: configuration.declarations.map { ($0.name, $0) })
    for tensor in target {
      guard let declaration = declarations[tensor.parameterName] else { continue }
      collect(declaration, part: parts[tensor.name], into: tensor.values)
    }
  }

  private func move(_ count: Int, _ start: (Range<Int>) -> any Transfer) {
    for first in stride(from: 0, to: count, by: Self.most) {
      start(first..<min(count, first + Self.most)).wait()
    }
  }
}

extension StateTensor {
  /// The name of the parameter that this state belongs to.
  var parameterName: String {
    name.split(separator: ".").dropLast().joined(separator: ".")
  }
}
