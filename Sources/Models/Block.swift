/// One block of the Transformer: attention, then a feed-forward part, each around a residual stream.

import Autograd
import Distributed

/// `x + attention(norm(x))`, then `x + feedForward(norm(x))`.
struct Block {
  private let configuration: TransformerConfiguration
  private let attentionNorm: Norm
  private let qkv: LinearMap
  private let queryNorm: Parameter?
  private let keyNorm: Parameter?
  private let output: LinearMap
  private let residualScale: Parameter?
  private let shortcutScale: Parameter?
  private let valueGate: Parameter?
  private let valueEmbedding: Parameter?
  private let feedForwardNorm: Norm
  private let up: LinearMap
  private let down: LinearMap

  /// A block with the parameters below `names`; `configuration` is what this process has of it, if
  /// the processes of `group` divide it.
  init(
    _ configuration: TransformerConfiguration, _ names: ParameterNames, group: SumGroup? = nil
  ) {
    self.configuration = configuration
    attentionNorm = Norm(configuration, names, "attentionNorm")
    qkv = LinearMap(names, "attention.qkv", division: group.map { .outputs($0) })
    queryNorm = names.optional("attention.queryNorm.weight")
    keyNorm = names.optional("attention.keyNorm.weight")
    output = LinearMap(names, "attention.output", division: group.map { .inputs($0) })
    residualScale = names.optional("residualScale")
    shortcutScale = names.optional("shortcutScale")
    valueGate = names.optional("attention.valueGate")
    valueEmbedding = names.optional("attention.valueEmbedding")
    feedForwardNorm = Norm(configuration, names, "feedForwardNorm")
    up = LinearMap(names, "feedForward.up", division: group.map { .outputs($0) })
    down = LinearMap(names, "feedForward.down", division: group.map { .inputs($0) })
  }

  func attentionShape(sequences: Int, length: Int, rotary: RotaryTable?) -> AttentionShape {
    AttentionShape(
      sequences: sequences, length: length, heads: configuration.heads,
      keyValueHeads: configuration.keyValueHeads, headWidth: configuration.headWidth,
      rotary: rotary, normalizes: configuration.normalizesHeads,
      epsilon: configuration.normEpsilon, queryNorm: queryNorm, keyNorm: keyNorm)
  }

  /// The stream as this block reads it: with its share of the `first`, if there are shortcuts.
  func entered(by x: Tensor, first: Tensor) -> Tensor {
    guard let residualScale, let shortcutScale else { return x }
    return x.blended(with: first, residual: residualScale, shortcut: shortcutScale)
  }

  func callAsFunction(
    _ x: Tensor, _ tokens: [UInt32], _ shape: AttentionShape, cache: CachedLayer?
  ) -> Tensor {
    let attended = heads(attentionNorm(x), tokens).attend(shape, cache: cache)
    if x.tape.dropout == nil {
      let y = output(attended, residual: x)
      return down(activated(up(feedForwardNorm(y))), residual: y)
    }
    let y = output(attended).dropped(residual: x)
    return down(activated(up(feedForwardNorm(y)))).dropped(residual: y)
  }

  /// Queries, keys and values, which take in those of the tokens if there are any.
  private func heads(_ x: Tensor, _ tokens: [UInt32]) -> Tensor {
    guard let valueGate, let valueEmbedding else { return qkv(x) }
    let gate = x.gates(valueGate)
    return qkv(x).addingValues(of: tokens, in: valueEmbedding, gate: gate)
  }

  private func activated(_ x: Tensor) -> Tensor {
    switch configuration.activation {
    case .gelu: x.gelu()
    case .swiGLU: x.swiGLU()
    case .squaredReLU: x.squaredReLU()
    }
  }
}

/// A weight with or without a bias.
struct LinearMap {
  let weight: Parameter
  let bias: Parameter?
  let division: Division?

  init(_ names: ParameterNames, _ name: String, division: Division? = nil) {
    weight = names["\(name).weight"]
    bias = names.optional("\(name).bias")
    self.division = division
  }

  func callAsFunction(_ x: Tensor, residual: Tensor? = nil) -> Tensor {
    x.linear(weight, bias: bias, residual: residual, division: division)
  }
}

/// The norm of the family: LayerNorm for gpt2, RMSNorm otherwise.
struct Norm {
  let weight: Parameter?
  let bias: Parameter?
  let epsilon: Float

  init(_ configuration: TransformerConfiguration, _ names: ParameterNames, _ name: String) {
    weight = names.optional("\(name).weight")
    bias = names.optional("\(name).bias")
    epsilon = configuration.normEpsilon
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    if let weight, let bias { return x.layerNorm(weight: weight, bias: bias, epsilon: epsilon) }
    return x.rmsNorm(weight: weight, epsilon: epsilon)
  }
}

/// Parameters by name, below a prefix.
struct ParameterNames {
  private let store: ParameterStore
  private let prefix: String

  init(_ store: ParameterStore, prefix: String = "") {
    self.store = store
    self.prefix = prefix
  }

  func scope(_ name: String) -> ParameterNames { ParameterNames(store, prefix: prefix + name) }

  func optional(_ name: String) -> Parameter? { store[prefix + name] }

  subscript(name: String) -> Parameter {
    guard let parameter = optional(name) else {
      preconditionFailure("The configuration declares no \(prefix + name).")
    }
    return parameter
  }
}
