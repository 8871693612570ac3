/// How a token is drawn from the model's distribution.

import ArgumentParser
import Inference
import Tokenizers

struct ChainOptions: ParsableArguments {
  @Option(name: .long, help: "Divides the logits: below 1 is safer, above 1 wilder, 0 greedy.")
  var temperature: Float = 0.8

  @Option(name: .long, help: "Keep the k likeliest tokens; 0 keeps all.")
  var topK = 40

  @Option(name: .long, help: "Keep the likeliest tokens whose probabilities reach p; 1 keeps all.")
  var topP: Float = 0.95

  @Option(
    name: .long, help: "Keep tokens at least p times as likely as the likeliest; 0 keeps all.")
  var minP: Float = 0.05

  @Option(name: .long, help: "Keep tokens of typical information, up to this mass; 1 keeps all.")
  var typical: Float = 1

  @Option(
    name: .customLong("top-nsigma"),
    help: "Keep logits within n standard deviations of the largest; 0 keeps all.")
  var topNSigma: Float = 0

  @Option(name: .long, help: "Divide the logits of recent tokens by this; 1 does nothing.")
  var repeatPenalty: Float = 1

  @Option(name: .long, help: "Subtract this from a recent token's logit for every occurrence.")
  var frequencyPenalty: Float = 0

  @Option(name: .long, help: "Subtract this from the logit of every recent token.")
  var presencePenalty: Float = 0

  @Option(name: .long, help: "How many tokens are recent.")
  var repeatLastN = 64

  @Option(
    name: .long,
    help: "Penalize tokens that would go on repeating what stands before; 0 does not.")
  var dryMultiplier: Float = 0

  @Option(name: .long, help: "By what that penalty grows with every repeated token.")
  var dryBase: Float = 1.75

  @Option(name: .long, help: "Tokens that may be repeated without it.")
  var dryAllowedLength = 2

  @Option(
    name: .customLong("dry-last-n"), help: "How many of the last tokens it searches; -1 for all.")
  var dryLastN = -1

  @Option(
    name: .customLong("dry-breaker"),
    help: ArgumentHelp(
      "A text that no repetition reaches across; repeatable (default: line end, : \" *; none).",
      valueName: "text"))
  var dryBreakers: [String] = []

  @Option(name: .long, help: "How often XTC removes the likeliest tokens but one; 0 never.")
  var xtcProbability: Float = 0

  @Option(name: .long, help: "The probability from which on it may.")
  var xtcThreshold: Float = 0.1

  @Option(
    name: .customLong("dynatemp-range"),
    help: "Move the temperature so far to either side with the entropy; 0 does not.")
  var temperatureRange: Float = 0

  @Option(name: .customLong("dynatemp-exponent"), help: "The power of the entropy's share in that.")
  var temperatureExponent: Float = 1

  @Option(
    name: .long,
    help: "1 or 2: keep the surprisal near a target; only bias and temperature stay beside it.")
  var mirostat = 0

  @Option(name: .customLong("mirostat-tau"), help: "The target, in bits.")
  var mirostatTarget: Float = 5

  @Option(name: .customLong("mirostat-eta"), help: "How fast it corrects itself.")
  var mirostatRate: Float = 0.1

  @Option(
    name: .long,
    help: ArgumentHelp("Add x to the logit of a token; repeatable.", valueName: "id=x"))
  var logitBias: [TokenBias] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      The order of the stages (default: logit-bias,penalties,dry,top-nsigma,top-k,typical,top-p,\
      min-p,xtc,temperature,mirostat); what is left out is off.
      """,
      valueName: "stages"))
  var chain: String?

  @Flag(name: .long, help: "Take the likeliest token always.")
  var greedy = false

  @Flag(name: .long, help: "Draw from the model's own distribution: temperature 1, nothing cut.")
  var plain = false

  /// The chain that the options describe.
  func sampler() throws -> SamplerChain {
    var result = SamplerChain()
    if plain || greedy {
      result = greedy ? .greedy : .plain
    } else {
      result.mirostat = mirostat
      result.xtcProbability = xtcProbability
      result.temperatureRange = max(0, temperatureRange)
      result.temperature = max(0, temperature)
      result.topK = topK
      result.topP = topP
      result.minP = minP
      result.typical = typical
      result.topNSigma = topNSigma
    }
    if let chain { result.order = try SamplerChain.order(named: chain) }
    // Mirostat draws by itself, so that nothing can come behind it.
    if result.mirostat != 0, !result.order.contains(.mirostat) { result.order.append(.mirostat) }
    result.xtcThreshold = xtcThreshold
    result.temperatureExponent = temperatureExponent
    result.mirostatTarget = mirostatTarget
    result.mirostatRate = mirostatRate
    result.dryMultiplier = dryMultiplier
    result.dryBase = dryBase
    result.dryAllowedLength = dryAllowedLength
    result.dryWindow = dryLastN
    if !dryBreakers.isEmpty { result.dryBreakers = dryBreakers.filter { $0 != "none" } }
    result.repetitionPenalty = repeatPenalty
    result.frequencyPenalty = frequencyPenalty
    result.presencePenalty = presencePenalty
    result.penaltyWindow = max(0, repeatLastN)
    result.logitBias = Dictionary(logitBias.map { ($0.token, $0.bias) }, uniquingKeysWith: +)
    if let problem = result.problem {
      throw Failure(
        "the sampler cannot work: \(problem)", status: .usage,
        hint: "apus sample --help says what each number stands for and where it may lie")
    }
    return result
  }
}

/// `ID=X`: what is added to a token's logit.
struct TokenBias: ExpressibleByArgument {
  var token: Token
  var bias: Float

  init?(argument: String) {
    let parts = argument.split(separator: "=")
    guard parts.count == 2, let token = Token(parts[0]), let bias = Float(parts[1]) else {
      return nil
    }
    self.token = token
    self.bias = bias
  }
}
