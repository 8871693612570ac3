/// `config.json` to and from a configuration, as transformers writes and reads it.

/// The keys of `config.json` for the four families.
///
/// What a file asks for and apus does not do is refused by name, never ignored. What a file leaves out
/// has the value that transformers gives it.
package enum ConfigJSON {
  /// No dimension of a model is larger; products of three of them stay far from overflow.
  private static let largestSize = 1 << 20

  /// The configuration that the text of a `config.json` describes.
  package static func configuration(
    _ bytes: [UInt8], path: String
  ) throws(ModelFileError) -> TransformerConfiguration {
    let file = ConfigFile(path: path, members: try JSONValue.object(in: bytes, of: path))
    guard case .string(var name)? = file.value("model_type") else {
      throw file.bad("model_type is missing", hint: "Is this the folder of a language model?")
    }
    var own: ConfigFile?
    if name == TransformerConfiguration.ownType, case .object(let members)? = file.value("apus"),
      case .string(let family)? = members["family"]
    {
      name = family
      own = ConfigFile(path: path, members: members)
    }
    let families = TransformerConfiguration.Family.allCases.map(\.rawValue)
    guard let family = TransformerConfiguration.Family(rawValue: name) else {
      throw file.bad(
        "model_type is \"\(name)\"",
        hint: "apus knows the families \(families.joined(separator: ", ")).")
    }
    for key in ["quantization_config", "compression_config"] where file.value(key) != nil {
      throw file.refusal(key, "quantised weights")
    }
    try file.require("is_encoder_decoder", is: false, "an encoder")
    var configuration = try family == .gpt2 ? gpt2(file) : llama(file, family)
    if let own {
      configuration.departures = try TransformerConfiguration.departures(own, family: family)
    }
    let sizes = [
      configuration.vocabularySize, configuration.contextLength, configuration.width,
      configuration.heads, configuration.keyValueHeads, configuration.headWidth,
      configuration.feedForwardWidth, configuration.layers,
    ]
    if let problem = configuration.problem { throw file.bad("there is no such model: \(problem)") }
    if let size = sizes.first(where: { $0 > 1 << 24 }) {
      throw file.bad("a size of \(size) is more than apus can hold")
    }
    if configuration.heads * configuration.headWidth > largestSize
      || configuration.width > largestSize || configuration.layers > largestSize
    {
      throw file.bad("the model is larger than apus can hold")
    }
    if !(configuration.normEpsilon > 0) { throw file.bad("the norms' epsilon is not positive") }
    return configuration
  }

  private static func gpt2(
    _ file: ConfigFile
  ) throws(ModelFileError) -> TransformerConfiguration {
    try file.require("scale_attn_weights", is: true, "unscaled attention")
    try file.require("scale_attn_by_inverse_layer_idx", is: false, "attention scaled by layer")
    try file.require("add_cross_attention", is: false, "cross-attention")
    let width = try file.size("n_embd", or: "hidden_size")
    var configuration = TransformerConfiguration(
      family: .gpt2, vocabularySize: try file.size("vocab_size"),
      contextLength: try file.size("n_positions", or: "n_ctx"),
      layers: try file.size("n_layer", or: "num_hidden_layers"), width: width,
      heads: try file.size("n_head", or: "num_attention_heads"),
      feedForwardWidth: try file.integer("n_inner"))
    configuration.normEpsilon = Float(try file.number("layer_norm_epsilon") ?? 1e-5)
    configuration.tiedHead = try file.flag("tie_word_embeddings") ?? true
    try readActivation("activation_function", file, into: &configuration)
    return configuration
  }

  private static func llama(
    _ file: ConfigFile, _ family: TransformerConfiguration.Family
  ) throws(ModelFileError) -> TransformerConfiguration {
    try file.require("mlp_bias", is: false, "biases in the feed-forward part")
    if try file.flag("use_sliding_window") ?? false {
      throw file.refusal("use_sliding_window", "a sliding window")
    }
    if case .array(let types)? = file.value("layer_types"),
      types.contains(where: { $0 != .string("full_attention") })
    {
      throw file.refusal("layer_types", "layers without full attention")
    }
    let width = try file.size("hidden_size")
    let heads = try file.size("num_attention_heads")
    // Transformers' Qwen3 has its own values for what it always writes.
    var configuration = TransformerConfiguration(
      family: family, vocabularySize: try file.size("vocab_size"),
      contextLength: try file.size("max_position_embeddings"),
      layers: try file.size("num_hidden_layers"), width: width, heads: heads,
      keyValueHeads: try file.integer("num_key_value_heads") ?? (family == .qwen3 ? 32 : heads),
      headWidth: try file.integer("head_dim") ?? (family == .qwen3 ? 128 : width / max(heads, 1)),
      feedForwardWidth: try file.size("intermediate_size"))
    configuration.normEpsilon = Float(try file.number("rms_norm_eps") ?? 1e-6)
    configuration.tiedHead = try file.flag("tie_word_embeddings") ?? false
    configuration.attentionBias = try file.flag("attention_bias") ?? false
    configuration.ropeTheta = try ropeTheta(file)
    if family == .nanochat {
      try file.require("attention_bias", is: false, "biases in nanochat's attention")
      if file.members["final_logit_softcapping"] == .null {
        configuration.softCap = 0
      } else {
        configuration.softCap = Float(try file.number("final_logit_softcapping") ?? 15)
      }
    }
    try readActivation("hidden_act", file, into: &configuration)
    return configuration
  }

  /// The activation, which in a model of apus's own type is said elsewhere.
  private static func readActivation(
    _ key: String, _ file: ConfigFile, into configuration: inout TransformerConfiguration
  ) throws(ModelFileError) {
    if file.value("model_type") == .string(TransformerConfiguration.ownType) { return }
    let isGated = configuration.familyIsGated
    // Two names stand for the same tanh form of GELU.
    try file.require(
      key,
      isOneOf: isGated ? ["silu", "swish"] : ["relu2", "gelu_new", "gelu_pytorch_tanh"])
    guard case .string(let name)? = file.value(key),
      let activation = TransformerConfiguration.Activation(configName: name, isGated: isGated)
    else { return }
    if activation != configuration.familyActivation {
      configuration.departures.activation = activation
    }
  }

  /// The base of the rotations, from `rope_parameters` (transformers 5), or from `rope_theta` beside
  /// `rope_scaling` (before).
  private static func ropeTheta(_ file: ConfigFile) throws(ModelFileError) -> Double {
    var theta = try file.number("rope_theta")
    for key in ["rope_parameters", "rope_scaling"] {
      guard let value = file.value(key) else { continue }
      guard case .object(let members) = value else { throw file.bad("\(key) is not an object") }
      let inner = ConfigFile(path: file.path, members: members)
      let type = inner.value("rope_type") ?? inner.value("type") ?? .string("default")
      if type != .string("default") { throw file.refusal(key, "scaled rotary positions") }
      if let name = members.first(where: { if case .object = $0.value { true } else { false } })?
        .key
      {
        throw file.refusal("\(key).\(name)", "rotary positions that differ between layers")
      }
      if let fraction = try inner.number("partial_rotary_factor"), fraction != 1 {
        throw file.refusal("\(key).partial_rotary_factor", "partial rotary positions")
      }
      if let own = try inner.number("rope_theta") {
        if let theta, theta != own {
          throw file.bad("rope_theta is \(theta), but \(key).rope_theta is \(own)")
        }
        theta = own
      }
    }
    if let fraction = try file.number("partial_rotary_factor"), fraction != 1 {
      throw file.refusal("partial_rotary_factor", "partial rotary positions")
    }
    guard let theta else { return 10_000 }
    if !(theta > 0) { throw file.bad("rope_theta is \(theta)") }
    return theta
  }

  /// The text of `config.json`.
  ///
  /// Keys that releases of transformers, vLLM and llama.cpp call differently are given in each form.
  package static func text(
    _ configuration: TransformerConfiguration, beginningOfText: Int?, endOfText: Int?
  ) -> String {
    let isGPT2 = configuration.family == .gpt2
    var members: [String: JSONValue] = [
      "architectures": .array([.string(architecture(configuration.family))]),
      "bos_token_id": beginningOfText.map { .integer($0) } ?? .null,
      "dtype": .string("float32"),
      "eos_token_id": endOfText.map { .integer($0) } ?? .null,
      "initializer_range": .number(0.02),
      "model_type": .string(configuration.family.rawValue),
      "pad_token_id": .null,
      "tie_word_embeddings": .bool(configuration.tiedHead),
      "torch_dtype": .string("float32"),
      "use_cache": .bool(true),
      "vocab_size": .integer(configuration.vocabularySize),
    ]
    if configuration.leavesFamily {
      members["architectures"] = .array([.string("ApusForCausalLM")])
      members["model_type"] = .string(TransformerConfiguration.ownType)
      members["apus"] = configuration.ownMembers
    }
    members.merge(isGPT2 ? gpt2Members(configuration) : llamaMembers(configuration)) { $1 }
    return JSONValue.object(members).text() + "\n"
  }

  private static func architecture(_ family: TransformerConfiguration.Family) -> String {
    switch family {
    case .gpt2: "GPT2LMHeadModel"
    case .llama: "LlamaForCausalLM"
    case .qwen3: "Qwen3ForCausalLM"
    case .nanochat: "NanoChatForCausalLM"
    }
  }

  private static func gpt2Members(_ configuration: TransformerConfiguration) -> [String: JSONValue]
  {
    let isUsual = configuration.feedForwardWidth == 4 * configuration.width
    return [
      "activation_function": .string(
        configuration.activation == .gelu ? "gelu_new" : configuration.activation.name),
      "attn_pdrop": .number(0),
      "embd_pdrop": .number(0),
      "layer_norm_epsilon": decimal(configuration.normEpsilon),
      "n_ctx": .integer(configuration.contextLength),
      "n_embd": .integer(configuration.width),
      "n_head": .integer(configuration.heads),
      "n_inner": isUsual ? .null : .integer(configuration.feedForwardWidth),
      "n_layer": .integer(configuration.layers),
      "n_positions": .integer(configuration.contextLength),
      "reorder_and_upcast_attn": .bool(false),
      "resid_pdrop": .number(0),
      "scale_attn_by_inverse_layer_idx": .bool(false),
      "scale_attn_weights": .bool(true),
    ]
  }

  private static func llamaMembers(_ configuration: TransformerConfiguration) -> [String: JSONValue]
  {
    let theta = JSONValue.number(configuration.ropeTheta)
    var members: [String: JSONValue] = [
      "attention_bias": .bool(configuration.attentionBias),
      "attention_dropout": .number(0),
      "head_dim": .integer(configuration.headWidth),
      "hidden_act": .string(configuration.activation.name),
      "hidden_size": .integer(configuration.width),
      "intermediate_size": .integer(configuration.feedForwardWidth),
      "max_position_embeddings": .integer(configuration.contextLength),
      "num_attention_heads": .integer(configuration.heads),
      "num_hidden_layers": .integer(configuration.layers),
      "num_key_value_heads": .integer(configuration.keyValueHeads),
      "rms_norm_eps": decimal(configuration.normEpsilon),
      "rope_parameters": .object(["rope_theta": theta, "rope_type": .string("default")]),
      "rope_theta": theta,
    ]
    switch configuration.family {
    case .gpt2: break
    case .llama: members["mlp_bias"] = .bool(false)
    case .qwen3:
      members["sliding_window"] = .null
      members["use_sliding_window"] = .bool(false)
    case .nanochat:
      members["final_logit_softcapping"] =
        configuration.softCap > 0 ? decimal(configuration.softCap) : .null
    }
    return members
  }

  /// The shortest decimal that reads back as the same float.
  private static func decimal(_ value: Float) -> JSONValue { .number(Double("\(value)") ?? 0) }
}
