/// The names and shapes of GPT-2's tensors.

extension TransformerConfiguration {
  /// GPT-2's tensors: maps are stored `inputs × outputs` (its `Conv1D`), all with biases.
  var gpt2Tensors: [FileTensor] {
    var tensors = [
      FileTensor(
        name: "transformer.wte.weight", shape: [vocabularySize, width],
        parameter: "embedding.weight"),
      FileTensor(
        name: "transformer.wpe.weight", shape: [contextLength, width],
        parameter: "position.weight"),
    ]
    func norm(_ name: String, _ parameter: String) {
      for part in ["weight", "bias"] {
        tensors.append(
          FileTensor(name: "\(name).\(part)", shape: [width], parameter: "\(parameter).\(part)"))
      }
    }
    func map(_ name: String, _ parameter: String, inputs: Int, outputs: Int) {
      tensors.append(
        FileTensor(
          name: "\(name).weight", shape: [inputs, outputs], parameter: "\(parameter).weight",
          isTransposed: true))
      tensors.append(
        FileTensor(name: "\(name).bias", shape: [outputs], parameter: "\(parameter).bias"))
    }
    for layer in 0..<layers {
      let name = "transformer.h.\(layer)"
      let block = "blocks.\(layer)"
      norm("\(name).ln_1", "\(block).attentionNorm")
      map("\(name).attn.c_attn", "\(block).attention.qkv", inputs: width, outputs: 3 * width)
      map("\(name).attn.c_proj", "\(block).attention.output", inputs: width, outputs: width)
      norm("\(name).ln_2", "\(block).feedForwardNorm")
      map(
        "\(name).mlp.c_fc", "\(block).feedForward.up", inputs: width,
        outputs: activation == .swiGLU ? 2 * feedForwardWidth : feedForwardWidth)
      map(
        "\(name).mlp.c_proj", "\(block).feedForward.down", inputs: feedForwardWidth,
        outputs: width)
    }
    norm("transformer.ln_f", "finalNorm")
    if !tiedHead {
      tensors.append(
        FileTensor(
          name: Self.headTensor, shape: [vocabularySize, width], parameter: "head.weight"))
    }
    return tensors
  }
}
