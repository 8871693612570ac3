/// Parts of a model that a user may try apart from its family.

import ArgumentParser
import Models
import Training

/// A part that can be there or not.
enum OnOff: String, ExpressibleByArgument, CaseIterable {
  case on
  case off

  var isOn: Bool { self == .on }
}

/// Activations by the names of the command line.
enum ActivationKind: String, ExpressibleByArgument, CaseIterable {
  case gelu
  case swiglu
  case relu2

  var activation: TransformerConfiguration.Activation {
    switch self {
    case .gelu: .gelu
    case .swiglu: .swiGLU
    case .relu2: .squaredReLU
    }
  }
}

/// Switches of the model; each stays as the family has it unless it is given.
struct SwitchOptions: ParsableArguments {
  @Option(
    name: .long,
    help: """
      gelu, relu2 or swiglu between the feed-forward matrices; transformers opens what has or lacks \
      a gate as its family.
      """)
  var activation: ActivationKind?

  @Option(
    name: .long,
    help: ArgumentHelp("Logits are x · tanh(logit / x); 0 for none; nanochat.", valueName: "x"))
  var softCap: Double?

  @Option(
    name: .long, help: ArgumentHelp("Whether the head is the embedding.", valueName: "on|off"))
  var tiedHead: OnOff?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Whether matrices into the residual stream start at 0.", valueName: "on|off"))
  var zeroProjections: OnOff?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Whether queries and keys are normed; not as the family: only apus opens the model.",
      valueName: "on|off"))
  var queryKeyNorm: OnOff?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Whether the embedding is normed; not as the family: only apus opens the model.",
      valueName: "on|off"))
  var embeddingNorm: OnOff?

  @Flag(
    name: .long,
    help: "Let every block read some of the embedding; only apus opens such a model.")
  var embeddingShortcut = false

  @Flag(
    name: .long,
    help: """
      Give every second block's values an embedding of the token; only apus opens such a model.
      """)
  var valueEmbeddings = false

  @Flag(
    name: .long,
    help: "Multiply the head's input by a learnt number; only apus opens such a model.")
  var logitScale = false

  func validate() throws {
    if let softCap, !(softCap >= 0 && softCap.isFinite) {
      throw ValidationError("--soft-cap is at least 0")
    }
  }

  /// Whether nothing was asked for.
  var isEmpty: Bool { switches == ModelSwitches() && zeroProjections == nil }

  /// What was asked for.
  var switches: ModelSwitches {
    var switches = ModelSwitches()
    switches.activation = activation?.activation
    switches.softCap = softCap.map { Float($0) }
    switches.tiedHead = tiedHead?.isOn
    switches.normalizesHeads = queryKeyNorm?.isOn
    switches.normalizesEmbedding = embeddingNorm?.isOn
    switches.embeddingShortcut = embeddingShortcut
    switches.valueEmbeddings = valueEmbeddings
    switches.logitScale = logitScale
    return switches
  }
}
