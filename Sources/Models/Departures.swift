/// Parts in which a model can differ from the four families, and what only apus then understands.

import Autograd

extension TransformerConfiguration {
  /// What sets a model apart from its family; nothing by default.
  ///
  /// A model with any of these is not one that transformers knows: its `config.json` says
  /// `"model_type": "apus"`, which other readers refuse, and apus reads it again.
  public struct Departures: Sendable, Equatable {
    /// Another activation than the family's.
    public var activation: Activation?
    /// Whether the embedding is normalised, if not as in the family.
    public var normalizesEmbedding: Bool?
    /// Whether queries and keys are normalised, if not as in the family.
    public var normalizesHeads: Bool?
    /// Whether every block reads `a · x + b · x₀`, `x₀` being the embedding, with learnt numbers.
    public var embeddingShortcut = false
    /// Whether every second block's values take in a gated embedding of the token (arXiv 2410.17897).
    public var valueEmbeddings = false
    /// Whether what the head reads is multiplied by a learnt number.
    public var logitScale = false

    /// None.
    public init() {}
  }

  /// Whether the feed-forward part of the family multiplies by a gate.
  var familyIsGated: Bool { family == .llama || family == .qwen3 }

  /// The activation of the family.
  var familyActivation: Activation {
    switch family {
    case .gpt2: .gelu
    case .llama, .qwen3: .swiGLU
    case .nanochat: .squaredReLU
    }
  }

  /// Whether transformers does not know such a model.
  ///
  /// It knows any activation without a gate in gpt2 and nanochat.
  public var leavesFamily: Bool {
    var rest = departures
    if (activation == .swiGLU) == familyIsGated { rest.activation = nil }
    if rest.normalizesEmbedding == (family == .nanochat) { rest.normalizesEmbedding = nil }
    if rest.normalizesHeads == (family == .qwen3 || family == .nanochat) {
      rest.normalizesHeads = nil
    }
    return rest != Departures()
  }

  /// Whether the embedding is normalised before the first block.
  public var normalizesEmbedding: Bool { departures.normalizesEmbedding ?? (family == .nanochat) }

  /// Uses another activation; a width inside the feed-forward part that is the usual one stays so.
  public mutating func use(_ activation: Activation) {
    let usual = { (shape: TransformerConfiguration) in
      shape.activation == .swiGLU ? (shape.width * 8 / 3 + 63) / 64 * 64 : 4 * shape.width
    }
    let wasUsual = feedForwardWidth == usual(self)
    departures.activation = activation == familyActivation ? nil : activation
    if wasUsual { feedForwardWidth = usual(self) }
  }

  /// Whether block `layer` has value embeddings: every second one, the last included.
  func hasValueEmbedding(_ layer: Int) -> Bool {
    departures.valueEmbeddings && (layers - 1 - layer) % 2 == 0
  }

  /// Columns of a row that the gates of value embeddings read.
  var valueGateWidth: Int { min(32, width) }

  /// The parameters before a block's own.
  func departureDeclarations(block layer: Int) -> [Parameter.Declaration] {
    let block = "blocks.\(layer)"
    var all: [Parameter.Declaration] = []
    if departures.embeddingShortcut {
      all.append(.init("\(block).residualScale", columns: 1, role: .vector))
      all.append(.init("\(block).shortcutScale", columns: 1, role: .vector))
    }
    if hasValueEmbedding(layer) {
      all.append(
        .init(
          "\(block).attention.valueGate", rows: keyValueHeads, columns: valueGateWidth,
          role: .vector))
      all.append(
        .init(
          "\(block).attention.valueEmbedding", rows: vocabularySize,
          columns: keyValueHeads * headWidth, role: .embedding))
    }
    return all
  }

  /// The tensors of all departures in a model file.
  var departureTensors: [FileTensor] {
    var tensors: [FileTensor] = []
    for layer in 0..<layers {
      let name = "\(namePrefix)\(family == .gpt2 ? "h" : "layers").\(layer)"
      for declaration in departureDeclarations(block: layer) {
        let part = declaration.name.split(separator: ".").last.map(String.init) ?? ""
        tensors.append(
          FileTensor(
            name: "\(name).\(part)",
            shape: declaration.role == .vector && declaration.rows == 1
              ? [declaration.columns] : [declaration.rows, declaration.columns],
            parameter: declaration.name))
      }
    }
    if departures.logitScale {
      tensors.append(
        FileTensor(name: "\(namePrefix)logitScale", shape: [1], parameter: "logitScale"))
    }
    return tensors
  }

  /// The value that all elements of a departure's parameter start from; nil for random ones.
  static func departureStart(_ name: String) -> Float? {
    if name.hasSuffix(".residualScale") || name == "logitScale" { return 1 }
    if name.hasSuffix(".shortcutScale") { return 0.1 }
    // Gates of 0 let values through once.
    return name.hasSuffix(".valueGate") ? 0 : nil
  }
}
