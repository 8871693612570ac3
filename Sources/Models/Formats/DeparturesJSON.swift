/// The member `apus` of a `config.json`: the family of a model, and where it departs from it.

extension TransformerConfiguration.Activation {
  /// The name in `config.json`, where transformers has one for it.
  var name: String {
    switch self {
    case .gelu: "gelu_pytorch_tanh"
    case .swiGLU: "silu"
    case .squaredReLU: "relu2"
    }
  }

  /// The activation of that name.
  init?(configName name: String, isGated: Bool) {
    switch name {
    case "gelu_new" where !isGated, "gelu_pytorch_tanh" where !isGated: self = .gelu
    case "silu" where isGated, "swish" where isGated: self = .swiGLU
    case "relu2" where !isGated: self = .squaredReLU
    default: return nil
    }
  }
}

extension TransformerConfiguration {
  /// `model_type` of models that depart from every family.
  static let ownType = "apus"

  /// The member `apus`.
  var ownMembers: JSONValue {
    .object([
      "activation": .string(activation == .swiGLU ? "swiglu" : activation.name),
      "embedding_norm": .bool(normalizesEmbedding),
      "embedding_shortcut": .bool(departures.embeddingShortcut),
      "family": .string(family.rawValue),
      "logit_scale": .bool(departures.logitScale),
      "query_key_norm": .bool(normalizesHeads),
      "value_embeddings": .bool(departures.valueEmbeddings),
    ])
  }

  /// The departures that the member `apus` describes.
  static func departures(
    _ file: ConfigFile, family: Family
  ) throws(ModelFileError) -> Departures {
    let known = [
      "activation", "embedding_norm", "embedding_shortcut", "family", "logit_scale",
      "query_key_norm", "value_embeddings",
    ]
    if let other = file.members.keys.filter({ !known.contains($0) }).sorted().first {
      throw file.refusal("apus.\(other)", "something that this version of apus does not know")
    }
    var departures = Departures()
    departures.normalizesEmbedding = try file.flag("embedding_norm")
    departures.normalizesHeads = try file.flag("query_key_norm")
    departures.embeddingShortcut = try file.flag("embedding_shortcut") ?? false
    departures.valueEmbeddings = try file.flag("value_embeddings") ?? false
    departures.logitScale = try file.flag("logit_scale") ?? false
    if case .string(let name)? = file.value("activation") {
      let activation: Activation? =
        name == "swiglu" ? .swiGLU : Activation(configName: name, isGated: false)
      guard let activation else { throw file.refusal("apus.activation", name) }
      departures.activation = activation
    }
    return departures.normalized(in: family)
  }
}

extension TransformerConfiguration.Departures {
  /// The same without what the family does anyway.
  package func normalized(in family: TransformerConfiguration.Family) -> Self {
    var result = self
    let plain = TransformerConfiguration(
      family: family, vocabularySize: 1, contextLength: 1, layers: 1, width: 2, heads: 1)
    if activation == plain.familyActivation { result.activation = nil }
    if normalizesEmbedding == plain.normalizesEmbedding { result.normalizesEmbedding = nil }
    if normalizesHeads == plain.normalizesHeads { result.normalizesHeads = nil }
    return result
  }
}
