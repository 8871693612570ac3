/// What every optimizer does: one update of the parameters from their gradients, with a state to save.

import Autograd
import Glibc
import Kernels
import Machine

/// Updates the parameters of one store from its gradients.
///
/// An optimizer keeps its state in arrays laid out like the store's, and lends it out as named
/// tensors, whole and in the parameters' shapes, so that a checkpoint means the same whatever the
/// number of threads or processes.
public protocol Optimizer: AnyObject {
  /// Updates made so far; bias corrections and the warm-up of the momentum depend on it.
  var updates: Int { get set }

  /// The state beside `updates`, in a fixed order.
  var state: [StateTensor] { get }

  /// Makes one update; the caller has made sure that every gradient is finite.
  ///
  /// - Parameters:
  ///   - rateShare: the share of the full learning rate that the schedule allows now.
  ///   - decayShare: the share of the full weight decay, beside the share of the rate that it is
  ///     multiplied by.
  ///   - gradientScale: factor of every gradient, less than 1 when they are clipped.
  func update(rateShare: Double, decayShare: Double, gradientScale: Float)
}

extension Optimizer {
  /// Makes one update with the full weight decay.
  public func update(rateShare: Double, gradientScale: Float) {
    update(rateShare: rateShare, decayShare: 1, gradientScale: gradientScale)
  }
}

/// A named matrix of an optimizer's state, valid as long as the optimizer lives.
public struct StateTensor {
  /// The parameter's name and the role of the state: `head.weight.firstMoment`.
  public let name: String
  /// Rows of the parameter.
  public let rows: Int
  /// Columns of the parameter.
  public let columns: Int
  /// `rows × columns` values.
  public let values: MutableFloats
  /// The position of the parameter in its store.
  public let offset: Int
}

/// Which optimizer, and its numbers; part of a run's options.
public struct OptimizerOptions: Sendable, Codable, Equatable {
  /// The optimizers that there are.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// AdamW for everything.
    case adamw
    /// Muon for the matrices inside the blocks, AdamW for the rest.
    case muon
  }

  /// The optimizer.
  public var kind: Kind
  /// The full learning rate of the matrices (with AdamW: of everything).
  public var learningRate: Double
  /// With Muon, the rate of the token embedding if the head is a matrix of its own.
  public var embeddingRate: Double
  /// With Muon, the rate of the head, of tied embeddings, of positions and of vectors.
  public var headRate: Double
  /// AdamW's memory of the mean gradient.
  public var beta1: Double
  /// AdamW's memory of the squared gradient.
  public var beta2: Double
  /// AdamW's ε.
  public var epsilon: Double
  /// Decoupled weight decay: matrices shrink by `learningRate · weightDecay` of themselves a step.
  public var weightDecay: Double
  /// Whether embeddings, positions and the head decay too, as in nanoGPT.
  public var decaysEmbeddings: Bool
  /// Whether only those values decay that the rest of the step brings nearer to 0 (arXiv 2510.12402).
  public var isCautious = false
  /// Whether the weight decay falls along a line to 0 at the end of the run.
  public var decayFalls = false
  /// With Muon, updates between two in which matrices move, by as many times the rate; 1 for all.
  public var orthogonalizesEvery = 1

  /// AdamW with nanoGPT's numbers for small models: β₂ = 0.99 because steps are small.
  public static func adamW(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.99, epsilon: Double = 1e-8,
    weightDecay: Double = 0.1, decaysEmbeddings: Bool = true
  ) -> OptimizerOptions {
    OptimizerOptions(
      kind: .adamw, learningRate: learningRate, embeddingRate: learningRate,
      headRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay, decaysEmbeddings: decaysEmbeddings)
  }

  /// Muon with the numbers that did best in trials of some minutes on two cores; the rates of
  /// everything else keep their proportion to `learningRate` unless they are given.
  public static func muon(
    learningRate: Double = 0.02, embeddingRate: Double? = nil, headRate: Double? = nil,
    beta1: Double = 0.8, beta2: Double = 0.95, epsilon: Double = 1e-8, weightDecay: Double = 0
  ) -> OptimizerOptions {
    OptimizerOptions(
      kind: .muon, learningRate: learningRate, embeddingRate: embeddingRate ?? 4.5 * learningRate,
      headRate: headRate ?? 0.15 * learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay, decaysEmbeddings: false)
  }
}

extension OptimizerOptions {
  /// With Muon, AdamW's rate of a parameter that is no matrix inside a block.
  func rate(of parameter: Parameter, hasHead: Bool) -> Double {
    if parameter.name.hasSuffix(".valueEmbedding") { return embeddingRate }
    if parameter.name.hasSuffix(".shortcutScale") { return learningRate }
    return hasHead && parameter.name == "embedding.weight" ? embeddingRate : headRate
  }
}

extension ParameterStore {
  /// The Euclidean norm of all gradients together; not finite if any gradient is not.
  public func gradientNorm() -> Double {
    let part = 1 << 16
    let parts = stride(from: 0, to: count, by: part).map { $0..<min($0 + part, count) }
    return squaredGradients(in: parts).reduce(0, +).squareRoot()
  }

  /// The sum of the squares of the gradients in each of `ranges`; not finite if any gradient is not.
  public func squaredGradients(in ranges: [Range<Int>]) -> [Double] {
    var sums = [Double](repeating: 0, count: ranges.count)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = SendablePointer(sums.baseAddress)
      Workers.shared.share(ranges.count) { (index: Int) in
        sums.value?[index] = gradientStretches(in: ranges[index]).reduce(0) {
          $0 + kernels.sumOfSquares(gradients + $1.lowerBound, count: $1.count)
        }
      }
    }
    return sums
  }
}

/// The factor that brings gradients of norm `norm` down to `limit`, as PyTorch's
/// `clip_grad_norm_` computes it; 1 if they are within it or `limit` is 0.
public func clippingScale(norm: Double, limit: Double) -> Float {
  limit > 0 ? Float(min(1, limit / (norm + 1e-6))) : 1
}

/// A pointer that crosses into the closures of `Workers`, whose pieces write disjoint elements.
struct SendablePointer<Element>: @unchecked Sendable {
  let value: UnsafeMutablePointer<Element>?
  init(_ value: UnsafeMutablePointer<Element>?) { self.value = value }
}
