/// The names and shapes of the tensors of llama, qwen3 and nanochat.

extension TransformerConfiguration {
  /// The tensors of llama, of qwen3 (which adds norms of queries and keys) and of nanochat (which has
  /// no norm weights and calls its feed-forward maps `fc1` and `fc2`).
  ///
  /// Queries, keys and values lie one after the other in one parameter and are three tensors in the
  /// file; so are gate and up.
  var llamaTensors: [FileTensor] {
    var tensors = [
      FileTensor(
        name: "model.embed_tokens.weight", shape: [vocabularySize, width],
        parameter: "embedding.weight")
    ]
    func norm(_ name: String, _ parameter: String, size: Int) {
      if normsHaveWeights {
        tensors.append(
          FileTensor(name: "\(name).weight", shape: [size], parameter: "\(parameter).weight"))
      }
    }
    func map(
      _ name: String, _ parameter: String, inputs: Int, outputs: Int, firstRow: Int = 0,
      hasBias: Bool = false
    ) {
      tensors.append(
        FileTensor(
          name: "\(name).weight", shape: [outputs, inputs], parameter: "\(parameter).weight",
          start: firstRow * inputs))
      if hasBias {
        tensors.append(
          FileTensor(
            name: "\(name).bias", shape: [outputs], parameter: "\(parameter).bias",
            start: firstRow))
      }
    }
    let queryWidth = heads * headWidth
    let keyWidth = keyValueHeads * headWidth
    for layer in 0..<layers {
      let name = "model.layers.\(layer)"
      let block = "blocks.\(layer)"
      norm("\(name).input_layernorm", "\(block).attentionNorm", size: width)
      for (part, outputs, firstRow) in [
        ("q", queryWidth, 0), ("k", keyWidth, queryWidth), ("v", keyWidth, queryWidth + keyWidth),
      ] {
        map(
          "\(name).self_attn.\(part)_proj", "\(block).attention.qkv", inputs: width,
          outputs: outputs, firstRow: firstRow, hasBias: attentionBias)
      }
      if family == .qwen3, normalizesHeads {
        norm("\(name).self_attn.q_norm", "\(block).attention.queryNorm", size: headWidth)
        norm("\(name).self_attn.k_norm", "\(block).attention.keyNorm", size: headWidth)
      }
      map(
        "\(name).self_attn.o_proj", "\(block).attention.output", inputs: queryWidth,
        outputs: width, hasBias: attentionBias)
      norm("\(name).post_attention_layernorm", "\(block).feedForwardNorm", size: width)
      let up = "\(block).feedForward.up"
      let down = "\(block).feedForward.down"
      if activation != .swiGLU {
        map("\(name).mlp.fc1", up, inputs: width, outputs: feedForwardWidth)
        map("\(name).mlp.fc2", down, inputs: feedForwardWidth, outputs: width)
      } else {
        map("\(name).mlp.gate_proj", up, inputs: width, outputs: feedForwardWidth)
        map(
          "\(name).mlp.up_proj", up, inputs: width, outputs: feedForwardWidth,
          firstRow: feedForwardWidth)
        map("\(name).mlp.down_proj", down, inputs: feedForwardWidth, outputs: width)
      }
    }
    norm("model.norm", "finalNorm", size: width)
    if !tiedHead {
      tensors.append(
        FileTensor(
          name: Self.headTensor, shape: [vocabularySize, width], parameter: "head.weight"))
    }
    return tensors
  }
}
