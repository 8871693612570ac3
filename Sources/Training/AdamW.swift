/// AdamW over a store of parameters.

import Autograd
import Glibc
import Kernels
import Machine

/// Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it.
///
/// Memory: two floats a parameter. Cost: one pass over 28 bytes a parameter, bound by memory; of
/// tables whose gradient has known rows, over those, if rows that no step has met stay as they are.
public final class AdamW: Optimizer {
  /// Parameters that are treated alike.
  private struct Group {
    var range: Range<Int>
    var rate: Double
    var decay: Double
  }

  /// Floats that a thread takes at a time.
  private static let piece = 1 << 16

  /// Updates made so far, by which the corrections of the moments' bias go.
  public var updates = 0
  private let options: OptimizerOptions
  private let parameters: ParameterStore
  private let selected: [Parameter]
  private let groups: [Group]
  private let arena = Arena()
  private let skipsUntouched: Bool
  private let firstMoment: MutableFloats
  private let secondMoment: MutableFloats

  /// An optimizer of all parameters at `options.learningRate`.
  ///
  /// - Parameters:
  ///   - owned: the stretches of the store to update, if not all.
  ///   - skipsUntouched: whether rows of tables that a step has not met, whose gradient is zero, stay as
  ///     they are, moments included.
  public convenience init(
    _ parameters: ParameterStore, _ options: OptimizerOptions, owned: [Range<Int>]? = nil,
    skipsUntouched: Bool = false
  ) {
    self.init(
      parameters, options, parameters.parameters, owned: owned, skipsUntouched: skipsUntouched
    ) { _ in options.learningRate }
  }

  /// An optimizer of `selected` parameters, in the store's order, each at its own rate.
  init(
    _ parameters: ParameterStore, _ options: OptimizerOptions, _ selected: [Parameter],
    owned: [Range<Int>]?, skipsUntouched: Bool, rate: (Parameter) -> Double
  ) {
    self.parameters = parameters
    self.options = options
    self.selected = selected
    self.skipsUntouched = skipsUntouched
    firstMoment = arena.floats(max(parameters.count, 1))
    secondMoment = arena.floats(max(parameters.count, 1))
    var groups: [Group] = []
    for parameter in selected {
      let decays: Bool =
        switch parameter.role {
        case .matrix: true
        case .embedding: options.decaysEmbeddings
        case .vector: false
        }
      // Padding between parameters is zero and stays zero: neighbours merge across it.
      let end = parameter.offset + (parameter.count + 15) & ~15
      let group = Group(
        range: parameter.offset..<end, rate: rate(parameter),
        decay: decays ? options.weightDecay : 0)
      if let last = groups.last, last.range.upperBound == group.range.lowerBound,
        last.rate == group.rate, last.decay == group.decay
      {
        groups[groups.count - 1].range = last.range.lowerBound..<end
      } else {
        groups.append(group)
      }
    }
    self.groups =
      owned.map { owned in
        groups.flatMap { group in
          owned.map { $0.clamped(to: group.range) }.filter { !$0.isEmpty }
            .map { Group(range: $0, rate: group.rate, decay: group.decay) }
        }
      } ?? groups
  }

  /// Both moments of every parameter.
  public var state: [StateTensor] {
    selected.flatMap { parameter in
      [("firstMoment", firstMoment), ("secondMoment", secondMoment)].map { role, array in
        StateTensor(
          name: "\(parameter.name).\(role)", rows: parameter.rows, columns: parameter.columns,
          values: array + parameter.offset, offset: parameter.offset)
      }
    }
  }

  /// Makes one update of every parameter that this optimizer is for.
  public func update(rateShare: Double, decayShare: Double, gradientScale: Float) {
    updates += 1
    let correction1 = Float(1 - pow(options.beta1, Double(updates)))
    let correction2 = Float(1 - pow(options.beta2, Double(updates)))
    for group in groups {
      let pieces = (group.range.count + Self.piece - 1) / Self.piece
      Workers.shared.share(pieces) { (index: Int) in
        let start = group.range.lowerBound + index * Self.piece
        let piece = start..<min(start + Self.piece, group.range.upperBound)
        for part in skipsUntouched ? parameters.gradientStretches(in: piece) : [piece] {
          let start = part.lowerBound
          kernels.adamW(
            parameters.values + start, gradient: parameters.gradients + start,
            firstMoment: firstMoment + start, secondMoment: secondMoment + start,
            count: part.count, gradientScale: gradientScale,
            rate: Float(group.rate * rateShare), beta1: Float(options.beta1),
            beta2: Float(options.beta2), epsilon: Float(options.epsilon),
            decay: Float(group.decay * decayShare),
            isCautious: options.isCautious, skipsUntouched: skipsUntouched,
            correction1: correction1, correction2: correction2)
        }
      }
    }
  }
}
