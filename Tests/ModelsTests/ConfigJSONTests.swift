/// `config.json`: what transformers wrote is understood, what apus writes says the same, and what apus
/// does not do is refused.

import FoundationEssentials
import Models
import Testing

struct ConfigJSONTests {
  private static func read(_ text: String) throws -> TransformerConfiguration {
    try ConfigJSON.configuration(Array(text.utf8), path: "config.json")
  }

  private static func golden(_ family: TransformerConfiguration.Family) -> String {
    String(decoding: bytes("\(Golden(family).folder)/config.json"), as: UTF8.self)
  }

  @Test("transformers' files are understood")
  func goldens() throws {
    var gpt2 = TransformerConfiguration(
      family: .gpt2, vocabularySize: 97, contextLength: 24, layers: 2, width: 32, heads: 4)
    gpt2.normEpsilon = 1e-5
    #expect(try Self.read(Self.golden(.gpt2)) == gpt2)

    var llama = TransformerConfiguration(
      family: .llama, vocabularySize: 97, contextLength: 24, layers: 2, width: 32, heads: 4,
      keyValueHeads: 2, headWidth: 8, feedForwardWidth: 88)
    llama.normEpsilon = 1e-5
    llama.ropeTheta = 500
    llama.tiedHead = false
    llama.attentionBias = true
    #expect(try Self.read(Self.golden(.llama)) == llama)

    var qwen3 = TransformerConfiguration(
      family: .qwen3, vocabularySize: 97, contextLength: 24, layers: 2, width: 32, heads: 4,
      keyValueHeads: 2, headWidth: 12, feedForwardWidth: 88)
    qwen3.ropeTheta = 1_000_000
    qwen3.tiedHead = true
    #expect(try Self.read(Self.golden(.qwen3)) == qwen3)

    var nanochat = TransformerConfiguration(
      family: .nanochat, vocabularySize: 97, contextLength: 24, layers: 2, width: 32, heads: 4,
      keyValueHeads: 2, feedForwardWidth: 128)
    nanochat.softCap = 15
    #expect(try Self.read(Self.golden(.nanochat)) == nanochat)
  }

  @Test(
    "what is written says what transformers says, key by key",
    arguments: TransformerConfiguration.Family.allCases)
  func written(family: TransformerConfiguration.Family) throws {
    let golden = Self.golden(family)
    let configuration = try Self.read(golden)
    let text = ConfigJSON.text(configuration, beginningOfText: 0, endOfText: 0)
    #expect(try Self.read(text) == configuration)
    let lines = Set(golden.split(separator: "\n").map { Self.member($0) })
    let keys = Set(lines.map { $0.prefix { $0 != ":" } })
    for line in text.split(separator: "\n").map({ Self.member($0) })
    where keys.contains(line.prefix { $0 != ":" }) {
      #expect(lines.contains(line))
    }
    // What decides about the model must be there: transformers' defaults are other models.
    let decisive = [
      "vocab_size", "n_embd", "n_head", "n_layer", "n_positions", "hidden_size", "head_dim",
      "intermediate_size", "num_attention_heads", "num_key_value_heads", "num_hidden_layers",
      "max_position_embeddings", "rms_norm_eps", "rope_parameters", "tie_word_embeddings",
      "architectures", "model_type", "pad_token_id", "bos_token_id", "eos_token_id",
      "final_logit_softcapping", "attention_bias", "layer_norm_epsilon",
    ]
    for key in decisive where golden.contains("\"\(key)\"") {
      #expect(text.contains("\"\(key)\""), "\(key)")
    }
  }

  /// A line of JSON without indentation and comma; numbers keep their form, because transformers takes
  /// no whole number for a real one.
  private static func member(_ line: Substring) -> String {
    var line = line.drop { $0 == " " }
    if line.last == "," { line.removeLast() }
    return String(line)
  }

  @Test("files of older releases mean the same")
  func older() throws {
    let parameters = """
      "rope_parameters": {
          "rope_theta": 500.0,
          "rope_type": "default"
        },
      """
    let text = Self.golden(.llama)
    #expect(text.contains(parameters))
    let older = text.replacing(parameters, with: "\"rope_theta\": 500, \"rope_scaling\": null,")
    #expect(try Self.read(older) == Self.read(text))
    let neither = try Self.read(text.replacing(parameters, with: ""))
    #expect(neither.ropeTheta == 10_000)
    let both = text.replacing(parameters, with: "\(parameters) \"rope_theta\": 1000.0,")
    let error = try #require(throws: ModelFileError.self) { try Self.read(both) }
    #expect(error.problem.contains("rope_theta is 1000.0"))
  }

  @Test(
    "what apus does not do is refused by name",
    arguments: [
      (TransformerConfiguration.Family.llama, #""mlp_bias": false"#, #""mlp_bias": true"#),
      (.llama, #""hidden_act": "silu""#, #""hidden_act": "gelu""#),
      (.llama, #""rope_type": "default""#, #""rope_type": "llama3", "factor": 8.0"#),
      (.llama, #""mlp_bias": false"#, #""rope_scaling": {"type": "linear", "factor": 2.0}"#),
      (.llama, #""mlp_bias": false"#, #""partial_rotary_factor": 0.5"#),
      (.llama, #""mlp_bias": false"#, #""quantization_config": {"bits": 4}"#),
      (.qwen3, #""use_sliding_window": false"#, #""use_sliding_window": true"#),
      (.qwen3, #""full_attention",\#n"#, #""sliding_attention",\#n"#),
      (.nanochat, #""attention_bias": false"#, #""attention_bias": true"#),
      (.nanochat, #""hidden_act": "relu2""#, #""hidden_act": "silu""#),
      (.gpt2, #""activation_function": "gelu_new""#, #""activation_function": "relu""#),
      (.gpt2, #""scale_attn_weights": true"#, #""scale_attn_weights": false"#),
      (
        .gpt2, #""scale_attn_by_inverse_layer_idx": false"#,
        #""scale_attn_by_inverse_layer_idx": true"#
      ),
      (.gpt2, #""add_cross_attention": false"#, #""add_cross_attention": true"#),
      (.gpt2, #""model_type": "gpt2""#, #""model_type": "gpt_neo""#),
    ])
  func refused(
    family: TransformerConfiguration.Family, usual: String, other: String
  ) throws {
    let text = Self.golden(family)
    #expect(text.contains(usual))
    let error = try #require(throws: ModelFileError.self) {
      try Self.read(text.replacing(usual, with: other))
    }
    #expect(error.kind == .badData)
    #expect(error.hint?.contains("apus") == true)
    let key = other.split(separator: "\"")[0]
    #expect(
      error.problem.contains(key) || error.problem.contains("rope_parameters")
        || error.problem.contains("layer_types"), "\(error)")
  }

  @Test(
    "sizes that cannot be are refused",
    arguments: [
      (#""vocab_size": 97"#, #""vocab_size": 0"#, "vocabulary size is 0"),
      (#""vocab_size": 97"#, #""vocab_size": "97""#, "vocab_size is not a whole number"),
      (#""hidden_size": 32,"#, "", "hidden_size is missing"),
      (#""vocab_size": 97"#, #""vocab_size": 9223372036854775807"#, "more than apus can hold"),
      (#""num_key_value_heads": 2"#, #""num_key_value_heads": 3"#, "do not divide"),
      (#""rms_norm_eps": 1e-05"#, #""rms_norm_eps": -1"#, "epsilon"),
      (#""rope_theta": 500.0"#, #""rope_theta": 0"#, "rope_theta"),
      (#""vocab_size": 97"#, #""vocab_size": 97, "vocab_size": 98"#, "gives \"vocab_size\" twice"),
    ])
  func impossible(usual: String, other: String, problem: String) throws {
    let error = try #require(throws: ModelFileError.self) {
      try Self.read(Self.golden(.llama).replacing(usual, with: other))
    }
    #expect(error.problem.contains(problem), "\(error)")
  }

  @Test("text that is no JSON object is refused")
  func noObject() {
    for text in ["", "{", "[]", "{\"a\": 1} x"] {
      #expect(throws: ModelFileError.self) { try Self.read(text) }
    }
  }
}
