/// Where each tensor of a model file lies in the parameters of the model.

/// A tensor as transformers names and shapes it, and the values of a parameter that it holds.
struct FileTensor: Equatable, Sendable {
  /// The name in `model.safetensors`.
  var name: String
  /// The dimensions in the file.
  var shape: [Int]
  /// The name of the parameter.
  var parameter: String
  /// The position of the first value inside the parameter.
  var start = 0
  /// Whether the file holds `inputs × outputs` where the parameter is `outputs × inputs`.
  var isTransposed = false

  /// The number of values.
  var count: Int { shape.reduce(1, *) }
}

extension TransformerConfiguration {
  /// Every tensor of the family's model file; together they cover every parameter once.
  var fileTensors: [FileTensor] { family == .gpt2 ? gpt2Tensors : llamaTensors }

  /// The name of the output head's tensor, which a file with a tied head may repeat.
  static let headTensor = "lm_head.weight"

  /// What transformers puts before all names but the head's, and base models leave out.
  var namePrefix: String { family == .gpt2 ? "transformer." : "model." }

  /// Whether a tensor is one of the constant tables that older files hold: causal masks, RoPE's
  /// frequencies.
  static func isConstantTable(_ name: String) -> Bool {
    [".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"].contains { name.hasSuffix($0) }
  }
}
