/// Where each tensor of a model file lies in the parameters of the model.

import Autograd

/// A tensor as transformers names and shapes it, and the values of a parameter that it holds.
package struct FileTensor: Equatable, Sendable {
  /// The name in `model.safetensors`.
  package var name: String
  /// The dimensions in the file.
  package var shape: [Int]
  /// The name of the parameter.
  package var parameter: String
  /// The position of the first value inside the parameter.
  package var start = 0
  /// Whether the file holds `inputs × outputs` where the parameter is `outputs × inputs`.
  package var isTransposed = false

  /// The number of values.
  package var count: Int { shape.reduce(1, *) }

  /// The tensor's values, out of an array laid out like its parameter: a gradient, a moment.
  package func values(in parameter: Parameter, from source: UnsafePointer<Float>) -> [Float] {
    if !isTransposed { return Array(UnsafeBufferPointer(start: source + start, count: count)) }
    let (outputs, inputs) = (parameter.rows, parameter.columns)
    return (0..<count).map { source[$0 % outputs * inputs + $0 / outputs] }
  }
}

extension TransformerConfiguration {
  /// Every tensor of the family's model file; together they cover every parameter once.
  package var fileTensors: [FileTensor] {
    (family == .gpt2 ? gpt2Tensors : llamaTensors) + departureTensors
  }

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
