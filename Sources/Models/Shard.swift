/// Which parameters of a model a process holds where several compute it together.

import Autograd

/// A part of a model: a share of every layer (tensor parallelism), a run of layers (a stage of a
/// pipeline), or both.
///
/// Attention is cut by heads, the feed-forward part by its inner width, embedding and head by the
/// vocabulary; norms, positions and what is added to a sum of processes everybody has.
public struct Shard: Sendable, Equatable {
  /// The share of every layer.
  public let tensor: Int
  /// Shares of a layer.
  public let tensors: Int
  /// The stage.
  public let stage: Int
  /// Stages.
  public let stages: Int

  /// Share `tensor` of `tensors` of stage `stage` of `stages`.
  public init(tensor: Int = 0, tensors: Int = 1, stage: Int = 0, stages: Int = 1) {
    self.tensor = tensor
    self.tensors = tensors
    self.stage = stage
    self.stages = stages
  }

  /// A model in one piece.
  public static let whole = Shard()

  /// Whether this is a model in one piece.
  public var isWhole: Bool { tensors * stages == 1 }
  /// Whether tokens enter here.
  public var isFirst: Bool { stage == 0 }
  /// Whether losses leave here.
  public var isLast: Bool { stage == stages - 1 }

  /// The blocks of a stage: as many for each, fewer for the last, which has the head to compute.
  public func blocks(of configuration: TransformerConfiguration) -> Range<Int> {
    let layers = configuration.layers
    guard stages > 1 else { return 0..<layers }
    let head = Double(configuration.vocabularySize * configuration.width)
    let block = Double(configuration.blockParameters)
    let last = (1...max(1, layers - stages + 1)).min { a, b in
      cost(a) < cost(b)
    }
    func cost(_ last: Int) -> Double {
      let most = (layers - last + stages - 2) / (stages - 1)
      return max(Double(most) * block, Double(last) * block + head)
    }
    let others = layers - (last ?? 1)
    if isLast { return others..<layers }
    return others * stage / (stages - 1)..<others * (stage + 1) / (stages - 1)
  }

  /// Whether this stage has the parameter of that name; a tied embedding is in the first and last.
  public func holds(_ name: String, of configuration: TransformerConfiguration) -> Bool {
    if stages == 1 { return true }
    let parts = name.split(separator: ".")
    if parts.first == "blocks", parts.count > 1, let block = Int(parts[1]) {
      return blocks(of: configuration).contains(block)
    }
    if name == "embedding.weight" { return isFirst || (isLast && configuration.tiedHead) }
    if name.hasPrefix("finalNorm.") || name == "head.weight" { return isLast }
    return isFirst
  }

  /// How a parameter is cut among the processes of a stage.
  public func slicing(
    of whole: Parameter.Declaration, _ configuration: TransformerConfiguration
  ) -> Slicing {
    let queries = configuration.heads * configuration.headWidth
    let keys = configuration.keyValueHeads * configuration.headWidth
    let inner = configuration.feedForwardWidth
    let isBias = whole.name.hasSuffix(".bias")
    func sliced(_ axis: Slicing.Axis?, _ stretches: [Int]? = nil) -> Slicing {
      Slicing(
        axis, rows: whole.rows, columns: whole.columns, stretches: stretches, count: tensors)
    }
    let map = whole.name.split(separator: ".").dropLast().suffix(2).joined(separator: ".")
    switch map {
    case "embedding", "head": return sliced(.rows)
    case "attention.qkv": return sliced(isBias ? .columns : .rows, [queries, keys, keys])
    case "feedForward.up":
      return sliced(
        isBias ? .columns : .rows,
        configuration.activation == .swiGLU ? [inner, inner] : [inner])
    case "attention.output", "feedForward.down": return sliced(isBias ? nil : .columns)
    default: return sliced(nil)
    }
  }

  /// The parameters of this part, in forward order, in the shapes that it has.
  public func declarations(
    _ configuration: TransformerConfiguration
  ) -> [Parameter.Declaration] {
    configuration.declarations.filter { holds($0.name, of: configuration) }.map { whole in
      var declaration = whole
      (declaration.rows, declaration.columns) = slicing(of: whole, configuration).shape(of: tensor)
      return declaration
    }
  }

  /// The shape of a layer as this process computes it.
  public func local(_ configuration: TransformerConfiguration) -> TransformerConfiguration {
    var local = configuration
    local.heads /= tensors
    local.keyValueHeads /= tensors
    local.feedForwardWidth /= tensors
    return local
  }

  /// Whether a gradient is complete only as the sum over the processes of a stage: of parameters that
  /// all have, but apply to heads of their own.
  func sumsGradient(of parameter: Parameter) -> Bool {
    tensors > 1
      && (parameter.name.hasSuffix(".queryNorm.weight")
        || parameter.name.hasSuffix(".keyNorm.weight"))
  }

  /// Why so many processes cannot divide a model, and what to do about it; nil if they can.
  public static func problem(
    _ configuration: TransformerConfiguration, tensors: Int, stages: Int
  ) -> (what: String, hint: String)? {
    let departures = configuration.departures
    if tensors * stages > 1,
      departures.embeddingShortcut || departures.valueEmbeddings || departures.logitScale
    {
      return (
        "a model with shortcuts of the embedding, value embeddings or a scale of logits cannot be "
          + "divided among processes",
        "leave these switches out, or let processes divide the batch only"
      )
    }
    let sizes = [
      ("heads", configuration.heads), ("key-value heads", configuration.keyValueHeads),
      ("feed-forward width", configuration.feedForwardWidth),
    ]
    for (name, size) in sizes where size % tensors != 0 {
      // A part of the number asked for divides as many processes as it does.
      let divisors = (1...tensors).filter { part in
        tensors % part == 0 && sizes.allSatisfy { $0.1 % part == 0 }
      }
      return (
        "\(tensors) processes cannot divide \(name == "feed-forward width" ? "a \(name) of \(size)" : "\(size) \(name)") equally",
        "--tensor-parallel \(divisors.last ?? 1) would do, or another number of heads"
      )
    }
    if stages > configuration.layers {
      return (
        "\(configuration.layers) blocks are too few for \(stages) stages",
        "--pipeline-parallel \(configuration.layers) is the most for this model"
      )
    }
    return nil
  }
}

extension TransformerConfiguration {
  /// Learnt values in the matrices of a block.
  fileprivate var blockParameters: Int {
    width * (attentionWidth + heads * headWidth)
      + (activation == .swiGLU ? 3 : 2) * feedForwardWidth * width
  }
}
