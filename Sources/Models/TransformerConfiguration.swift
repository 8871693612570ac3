/// The numbers and switches that make a Transformer one of the four families.

/// The shape of a decoder-only Transformer, and the names by which other tools know it.
public struct TransformerConfiguration: Sendable, Equatable {
  /// A family of models, as `model_type` in `config.json` names it.
  public enum Family: String, Sendable, CaseIterable {
    /// Learned positions, LayerNorm, GELU, biases, tied head (Radford et al. 2019).
    case gpt2
    /// RoPE, RMSNorm, SwiGLU, grouped-query attention (arXiv 2302.13971, 2307.09288).
    case llama
    /// As llama, with RMSNorm on the queries and keys of every head (arXiv 2505.09388).
    case qwen3
    /// RoPE with the opposite sign, norms without weights (on the embedding, on queries and keys),
    /// squared ReLU, untied head, soft-capped logits (karpathy/nanochat).
    case nanochat
  }

  /// What stands between the two matrices of a feed-forward part.
  public enum Activation: Sendable, CaseIterable {
    /// GELU in its tanh form.
    case gelu
    /// SiLU of a gate times a linear map.
    case swiGLU
    /// The square of ReLU.
    case squaredReLU
  }

  /// The family.
  public var family: Family
  /// Tokens the embedding knows.
  public var vocabularySize: Int
  /// Tokens in the longest window.
  public var contextLength: Int
  /// Blocks.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads; divides `heads`.
  public var keyValueHeads: Int
  /// Width of one head.
  public var headWidth: Int
  /// Width inside the feed-forward part.
  public var feedForwardWidth: Int
  /// ε of the norms.
  public var normEpsilon: Float
  /// The base of RoPE's frequencies.
  public var ropeTheta: Double = 10_000
  /// Whether the output head is the embedding.
  public var tiedHead: Bool
  /// `c` of `c · tanh(logit / c)`, or 0 for none.
  public var softCap: Float
  /// Whether query, key, value and output maps have biases (llama, qwen3: `attention_bias`).
  public var attentionBias: Bool

  /// Where the model departs from its family.
  public var departures = Departures()

  /// A configuration of `family` with its usual proportions.
  public init(
    family: Family, vocabularySize: Int, contextLength: Int, layers: Int, width: Int, heads: Int,
    keyValueHeads: Int? = nil, headWidth: Int? = nil, feedForwardWidth: Int? = nil
  ) {
    self.family = family
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.layers = layers
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.headWidth = headWidth ?? width / max(heads, 1)
    let gated = family == .llama || family == .qwen3
    // Two thirds of 4 × width keeps a gated part as large as an ungated one; multiples of 64 suit SIMD.
    self.feedForwardWidth =
      feedForwardWidth ?? (gated ? (width * 8 / 3 + 63) / 64 * 64 : 4 * width)
    normEpsilon = family == .gpt2 ? 1e-5 : 1e-6
    tiedHead = family != .nanochat
    softCap = family == .nanochat ? 15 : 0
    attentionBias = family == .gpt2
  }

  /// The activation.
  public var activation: Activation { departures.activation ?? familyActivation }

  /// Whether positions are rotations (RoPE) rather than a learned table.
  public var usesRotaryPositions: Bool { family != .gpt2 }

  /// Whether queries and keys are normalised.
  public var normalizesHeads: Bool {
    departures.normalizesHeads ?? (family == .qwen3 || family == .nanochat)
  }

  /// Whether norms have weights.
  public var normsHaveWeights: Bool { family != .nanochat }

  /// Width of the fused query, key and value map's output.
  public var attentionWidth: Int { (heads + 2 * keyValueHeads) * headWidth }

  /// Why no such model can be, or nil.
  public var problem: String? {
    let sizes: [(String, Int)] = [
      ("vocabulary size", vocabularySize), ("context length", contextLength), ("layers", layers),
      ("width", width), ("heads", heads), ("key-value heads", keyValueHeads),
      ("head width", headWidth), ("feed-forward width", feedForwardWidth),
    ]
    if let (name, size) = sizes.first(where: { $0.1 < 1 }) { return "\(name) is \(size)" }
    if heads % keyValueHeads != 0 {
      return "\(keyValueHeads) key-value heads do not divide \(heads) heads"
    }
    if [.gpt2, .nanochat].contains(family), heads * headWidth != width {
      return "\(family.rawValue) divides its width among its heads, "
        + "and \(width) is not \(heads) × \(headWidth)"
    }
    if family == .gpt2, keyValueHeads != heads { return "gpt2 has no grouped heads" }
    if headWidth % 2 != 0 { return "head width \(headWidth) is odd" }
    return nil
  }

  /// FLOPs of training on one token: forward and backward of every product, causal attention counted
  /// as the triangle it is.
  public var trainingFLOPsPerToken: Double { trainingFLOPsPerToken(lossTokens: vocabularySize) }

  /// The same where the loss sees so many tokens of the vocabulary.
  public func trainingFLOPsPerToken(lossTokens: Int) -> Double {
    let feedForward = (activation == .swiGLU ? 3 : 2) * feedForwardWidth * width
    let matrices = layers * (width * (attentionWidth + heads * headWidth) + feedForward)
    let attention = layers * heads * headWidth * contextLength
    return 6 * Double(matrices + lossTokens * width) + 6 * Double(attention)
  }
}
