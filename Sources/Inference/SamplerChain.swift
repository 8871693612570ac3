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
    /// Makes tokens less likely that would go on repeating what stands before (llama.cpp's DRY).
    case dry
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
    /// Now and then removes the likeliest tokens, but for the last of them (llama.cpp's XTC).
    case xtc
    /// Divides logits by a number, fixed or growing with the entropy.
    case temperature
    /// Keeps the surprisal near a target, by feedback (arXiv 2007.14966).
    case mirostat
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
  /// What DRY takes off for a repetition of the allowed length; 0 is off.
  public var dryMultiplier: Float = 0
  /// By what that grows with every further token of the repetition.
  public var dryBase: Float = 1.75
  /// Tokens that may be repeated without a penalty.
  public var dryAllowedLength = 2
  /// How many of the last tokens DRY searches; 0 is off, less is all.
  public var dryWindow = -1
  /// Texts that no repetition reaches across.
  public var dryBreakers = ["\n", ":", "\"", "*"]
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
  /// How often XTC acts; 0 is off.
  public var xtcProbability: Float = 0
  /// The probability from which on a token may be removed by XTC; above 0.5 is off.
  public var xtcThreshold: Float = 0.1
  /// What logits are divided by; 1 is off, 0 or less keeps the likeliest token alone.
  public var temperature: Float = 0.8
  /// How far the temperature moves to either side with the entropy; 0 is off.
  public var temperatureRange: Float = 0
  /// The power of the relative entropy by which it moves.
  public var temperatureExponent: Float = 1
  /// 1 or 2 for Mirostat of that version, which leaves only logit bias and temperature beside itself;
  /// 0 is off.
  public var mirostat = 0
  /// The surprisal that Mirostat aims at, in bits.
  public var mirostatTarget: Float = 5
  /// How fast it corrects itself.
  public var mirostatRate: Float = 0.1

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

  /// The stages that change anything, in order.
  public var activeStages: [Stage] { order.filter(isActive) }

  /// Whether `stage` is in the order and its value changes anything.
  public func isActive(_ stage: Stage) -> Bool {
    guard order.contains(stage) else { return false }
    if mirostat != 0, ![.logitBias, .temperature, .mirostat].contains(stage) { return false }
    return switch stage {
    case .logitBias: !logitBias.isEmpty
    case .penalties: penalizes
    case .dry: dryMultiplier != 0 && dryBase >= 1 && dryWindow != 0
    case .xtc: xtcProbability > 0 && xtcThreshold <= 0.5
    case .mirostat: mirostat != 0
    case .topNSigma: topNSigma > 0
    case .topK: topK > 0
    case .typical: typical < 1
    case .topP: topP < 1
    case .minP: minP > 0
    case .temperature: temperature != 1 || temperatureRange > 0
    }
  }

  /// Why no such chain can be, or nil.
  public var problem: String? {
    let numbers: [(String, Float)] = [
      ("repetition penalty", repetitionPenalty), ("frequency penalty", frequencyPenalty),
      ("presence penalty", presencePenalty), ("top-nsigma", topNSigma), ("typical", typical),
      ("top-p", topP), ("min-p", minP), ("temperature", temperature),
      ("DRY multiplier", dryMultiplier), ("DRY base", dryBase),
      ("XTC probability", xtcProbability), ("XTC threshold", xtcThreshold),
      ("temperature range", temperatureRange), ("temperature exponent", temperatureExponent),
      ("Mirostat target", mirostatTarget), ("Mirostat rate", mirostatRate),
    ]
    if let (name, value) = numbers.first(where: { !$0.1.isFinite }) { return "\(name) is \(value)" }
    if repetitionPenalty <= 0 { return "repetition penalty \(repetitionPenalty) is not positive" }
    if topP < 0 { return "top-p \(topP) is negative" }
    if typical < 0 { return "typical \(typical) is negative" }
    if minP > 1 { return "min-p \(minP) is above 1" }
    if xtcProbability > 1 { return "XTC probability \(xtcProbability) is above 1" }
    if !(0...2).contains(mirostat) { return "there is no Mirostat \(mirostat)" }
    if mirostat != 0, order.last != .mirostat { return "Mirostat is not the last of the chain" }
    if dryAllowedLength < 0 { return "DRY allows \(dryAllowedLength) tokens" }
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
