/// Which rules reshape a next-token distribution before a token is drawn from it, and in what order.

import Tokenizers

/// The stages between a model's logits and the draw, with their values.
///
/// Rules, names, defaults and the default order are llama.cpp's: truncation sees the model's own
/// probabilities, because temperature comes last. (Hugging Face applies temperature first; put
/// `.temperature` in front of `order` to have that.) Every stage that needs probabilities takes them
/// over the tokens that the stages before it left.
public struct SamplerChain: Sendable, Equatable {
  /// One rule.
  public enum Stage: String, Sendable, CaseIterable {
    /// Adds a number to the logits of chosen tokens.
    case logitBias = "logit-bias"
    /// Makes recent tokens less likely.
    case penalties
    /// Keeps logits within n standard deviations of the largest (arXiv 2411.07641).
    case topNSigma = "top-nsigma"
    /// Keeps the k likeliest tokens.
    case topK = "top-k"
    /// Keeps the tokens whose surprisal is nearest to the entropy (arXiv 2202.00666).
    case typical
    /// Keeps the fewest likeliest tokens that hold a share p of the mass (arXiv 1904.09751).
    case topP = "top-p"
    /// Keeps tokens at least a share p as likely as the likeliest (arXiv 2407.01082).
    case minP = "min-p"
    /// Divides logits by a number.
    case temperature
  }

  /// The stages in the order of their application; a stage left out is off.
  public var order: [Stage] = Stage.allCases
  /// What is added to the logits of tokens.
  public var logitBias: [Token: Float] = [:]
  /// A recent token's logit is divided by this if positive and multiplied otherwise; 1 is off.
  public var repetitionPenalty: Float = 1
  /// Taken off a recent token's logit once for every time it occurred; 0 is off.
  public var frequencyPenalty: Float = 0
  /// Taken off a recent token's logit if it occurred; 0 is off.
  public var presencePenalty: Float = 0
  /// How many of the last tokens, prompt included, count as recent.
  public var penaltyWindow = 64
  /// n of top-nσ; 0 or less is off.
  public var topNSigma: Float = 0
  /// k of top-k; 0 or less is off.
  public var topK = 40
  /// The mass that typical sampling keeps; 1 or more is off.
  public var typical: Float = 1
  /// The mass that top-p keeps; 1 or more is off.
  public var topP: Float = 0.95
  /// The share of the largest probability that min-p asks for; 0 or less is off.
  public var minP: Float = 0.05
  /// What logits are divided by; 1 is off, 0 or less keeps the likeliest token alone.
  public var temperature: Float = 0.8

  /// llama.cpp's defaults: top-k 40, top-p 0.95, min-p 0.05, temperature 0.8.
  public init() {}

  /// The model's own distribution: every stage off.
  public static var plain: SamplerChain {
    var chain = SamplerChain()
    chain.topK = 0
    chain.topP = 1
    chain.minP = 0
    chain.temperature = 1
    return chain
  }

  /// Always the likeliest token.
  public static var greedy: SamplerChain {
    var chain = plain
    chain.temperature = 0
    return chain
  }

  /// Whether the penalties change anything.
  public var penalizes: Bool {
    penaltyWindow > 0 && (repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0)
  }

  /// Whether `stage` is in the order and its value changes anything.
  public func isActive(_ stage: Stage) -> Bool {
    guard order.contains(stage) else { return false }
    return switch stage {
    case .logitBias: !logitBias.isEmpty
    case .penalties: penalizes
    case .topNSigma: topNSigma > 0
    case .topK: topK > 0
    case .typical: typical < 1
    case .topP: topP < 1
    case .minP: minP > 0
    case .temperature: temperature != 1
    }
  }

  /// Why no such chain can be, or nil.
  public var problem: String? {
    let numbers: [(String, Float)] = [
      ("repetition penalty", repetitionPenalty), ("frequency penalty", frequencyPenalty),
      ("presence penalty", presencePenalty), ("top-nsigma", topNSigma), ("typical", typical),
      ("top-p", topP), ("min-p", minP), ("temperature", temperature),
    ]
    if let (name, value) = numbers.first(where: { !$0.1.isFinite }) { return "\(name) is \(value)" }
    if repetitionPenalty <= 0 { return "repetition penalty \(repetitionPenalty) is not positive" }
    if topP < 0 { return "top-p \(topP) is negative" }
    if typical < 0 { return "typical \(typical) is negative" }
    if minP > 1 { return "min-p \(minP) is above 1" }
    if Set(order).count != order.count { return "a stage is named twice in the chain" }
    return nil
  }

  /// The stages named in `text`, separated by commas, semicolons or spaces.
  public static func order(named text: String) throws(SamplerChainError) -> [Stage] {
    var stages: [Stage] = []
    for name in text.split(whereSeparator: { ",; ".contains($0) }) {
      guard let stage = Stage(rawValue: String(name)) else {
        throw SamplerChainError.unknownStage(String(name))
      }
      stages.append(stage)
    }
    return stages
  }
}

extension SamplerChain: CustomStringConvertible {
  /// The active stages in order with their values, such as `top-k 40 → temperature 0.8 → draw`.
  public var description: String {
    var parts: [String] = []
    for stage in order where isActive(stage) {
      switch stage {
      case .logitBias: parts.append("logit-bias on \(logitBias.count) tokens")
      case .penalties:
        parts.append(
          "penalties (last \(penaltyWindow): repeat \(repetitionPenalty), frequency "
            + "\(frequencyPenalty), presence \(presencePenalty))")
      case .topNSigma: parts.append("top-nsigma \(topNSigma)")
      case .topK: parts.append("top-k \(topK)")
      case .typical: parts.append("typical \(typical)")
      case .topP: parts.append("top-p \(topP)")
      case .minP: parts.append("min-p \(minP)")
      case .temperature: parts.append(temperature > 0 ? "temperature \(temperature)" : "greedy")
      }
    }
    return (parts + ["draw"]).joined(separator: " → ")
  }
}

/// A chain that cannot be read.
public enum SamplerChainError: Error, CustomStringConvertible, Equatable {
  /// No stage has this name.
  case unknownStage(String)

  /// What is wrong.
  public var description: String {
    switch self {
    case .unknownStage(let name): "the sampler chain names \"\(name)\", which is no stage"
    }
  }

  /// What to do about it.
  public var hint: String? {
    "stages are \(SamplerChain.Stage.allCases.map(\.rawValue).joined(separator: ", "))"
  }
}
