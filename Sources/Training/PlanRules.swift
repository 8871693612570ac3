/// The rules behind the dial: sizes and lengths from depth, time, speed and corpus.

import Glibc
import Kernels
import Models

extension TrainingPlan {
  /// Blocks, not rounded yet: 4 for about 6e13 FLOPs and 5 for three times as much. At 9e13, 5 saw so few
  /// tokens (1.5 million) that it stayed behind what was expected. With a sampled loss, where embedding and
  /// head know much from the start and text is worth more than blocks, 2 for a minute on two cores
  /// (1.25e13), 3 for five, and still 3 rather than 4 for fifteen.
  static func depth(seconds: Double, speed: Double, isSampled: Bool) -> Double {
    let budget = max(seconds * speed, 1)
    let depth =
      isSampled ? 2.15 * pow(budget / 1.25e13, 1.0 / 6) : 4 * pow(budget / 6e13, 1.0 / 5)
    return min(48, max(2, depth))
  }

  /// Width, and why. With a sampled loss, by the clock, 96 did better than 64 and 128 for a minute (2
  /// blocks), 144 than 96, 128 and 192 for five (3), 192 than 256 for fifteen.
  static func width(depth: Double, isSampled: Bool) -> (width: Int, reason: String) {
    isSampled
      ? (
        48 * max(2, Int((0.866 * pow(depth, 1.2)).rounded())),
        "narrow where the loss is sampled, so that more text is seen"
      )
      : (64 * max(2, Int(depth.rounded())), "64 a layer, at least 128")
  }

  static func reason(for precision: Precision) -> String {
    switch precision {
    case .fp32: "products of floats"
    case .bf16: "products of operands of 8 bits, summed in fp32; all else is fp32"
    case .fp16: "products of scaled operands of 11 bits, summed in fp32; all else is fp32"
    }
  }

  /// Runs of fewer tokens whose loss is sampled have GELU: on books 2 × 96 is ahead of squared ReLU by 0.0065 bits per
  /// byte after 1.7 million tokens (three seeds) and 0.0043 after 3.6 (one), 3 × 144 equal after 5 (one). Where the loss
  /// is not sampled it is behind, by 0.003 after a million tokens of tales.
  static let leastTokensForSquaredReLU = 4_000_000

  /// The share of a new model's rate at which a trained one goes on.
  static let continuationRate = 0.25

  /// Heads of width 64 or 48 if one divides the width, else the fewest heads of about 64.
  static func heads(width: Int) -> Int {
    if let headWidth = [64, 48].first(where: { width % $0 == 0 }) { return width / headWidth }
    return (max(1, width / 64)...max(1, width)).first { width % ($0 * 2) == 0 } ?? 1
  }

  /// A power of two: small corpora show each token too seldom, and small models spend too much on the
  /// head, unless their loss is sampled. Then the largest that can start from counts did best from a minute
  /// on: in 60 seconds on two cores 1.76 bits per byte, against 1.84 with 8,192. A megabyte of Shakespeare
  /// comes to 2.13 bits per byte with 512 tokens, 2.11 with 1,024, 2.105 with 2,048 and 2.13 with 4,096.
  static func vocabularySize(layers: Int, isSampled: Bool, corpusBytes: Int?) -> Int {
    let most =
      isSampled
      ? 65_536 : layers <= 2 ? 4_096 : layers <= 8 ? 8_192 : layers <= 12 ? 16_384 : 32_768
    guard let corpusBytes else { return most }
    var size = 512
    while size < most, size * 2 * (size < 2_048 ? 480 : 1_000) <= corpusBytes { size *= 2 }
    return size
  }

  /// Two tokens a parameter of the matrices and the head, from at most four epochs of a corpus
  /// with four bytes a token (arXiv 2305.16264: until then, repetition is almost as good as new).
  static func tokens(configuration: TransformerConfiguration, corpusBytes: Int?) -> Int {
    let attention =
      6 * configuration.layers * configuration.heads * configuration.headWidth
      * configuration.contextLength
    let wanted = 2 * (Int(configuration.trainingFLOPsPerToken) - attention) / 6
    return max(1, corpusBytes.map { min(wanted, $0) } ?? wanted)
  }

  /// Bytes of English that a token stands for, within 13%: plays have 1.9, an encyclopaedia 2.1 and novels 2.2 with
  /// 512 tokens, 2.8, 3.1 and 3.3 with 2,048, novels 3.8 with 8,192 and 4.35 with 65,536.
  static func bytesPerToken(vocabularySize: Int) -> Double {
    let doublings = max(0, 16 - log2(Double(vocabularySize)))
    return max(1, 4.3 - 0.0455 * doublings * doublings)
  }

  /// How often a run reads its corpus; 0 if its length is not known.
  static func epochs(tokens: Int, vocabularySize: Int, corpusBytes: Int?) -> Double {
    guard let corpusBytes, corpusBytes > 0 else { return 0 }
    return Double(tokens) * bytesPerToken(vocabularySize: vocabularySize) / Double(corpusBytes)
  }

  /// A tenth more whenever a text is read twice as often or the network is four times as large, none up to 3.5 readings
  /// with nine parameters for every token of it, at most a half. Fitted by `scripts/fit-dropout` to 20 groups of runs
  /// on 128 kB of plays, an encyclopaedia and novels and on a megabyte of the first two (`docs/short-texts.csv`): on
  /// average it loses 0.006 bits per byte to the best share, 0.024 at most. Text that is as easily foreseen as the
  /// embedded tales wants a tenth less.
  ///
  /// - Parameters:
  ///   - epochs: How often the text is read.
  ///   - parametersPerToken: Learnt values for every token of the text.
  static func dropout(epochs: Double, parametersPerToken: Double) -> Double {
    let pressure = epochs * parametersPerToken.squareRoot() / 10.4
    return pressure > 1 ? min(0.5, (10 * log2(pressure)).rounded() / 100) : 0
  }

  /// Readings from which on 128 kB gained nothing: 32 lost up to 0.02 bits per byte, and 64 lost 0.04.
  public static let enoughReadings = 16

  /// Tokens to validate on, and how often over a run of so many: all evaluations together take a tenth
  /// of the run, or a fifth where steps see a sample of the vocabulary, and measuring a token costs more
  /// than training on it; but two of 8,192 tokens are made.
  static func validation(
    tokens: Int, _ configuration: TransformerConfiguration, sampledTokens: Int?
  ) -> (tokens: Int, evaluations: Int) {
    let cost = validationCost(configuration, sampledTokens: sampledTokens)
    let affordable = (sampledTokens == nil ? 0.1 : 0.2) * Double(tokens) / cost
    let size = min(
      DataOptions.usualValidationTokens, max(8_192, Int(affordable / 2) / 8_192 * 8_192))
    return (size, min(10, max(2, Int(affordable) / size)))
  }

  /// What measuring a token takes, in the time of training on one: a third of the arithmetic; with the
  /// whole vocabulary where steps see a sample, at 0.7 of their rate (measured: bf16, and fp32 to measure).
  static func validationCost(
    _ configuration: TransformerConfiguration, sampledTokens: Int?
  ) -> Double {
    guard let sampledTokens else { return 1.0 / 3 }
    let loss = lossTokens(sampledTokens, vocabularySize: configuration.vocabularySize)
    return configuration.trainingFLOPsPerToken / 3
      / configuration.trainingFLOPsPerToken(lossTokens: loss) / 0.7
  }

  /// The power of two nearest to 2,896 · (tokens / 4.5e6)^(2/3), above 4.5 million tokens to their 0.4th power.
  ///
  /// Measured in bits per byte, on a megabyte and less from random weights, on books after counts: 256 is ahead of
  /// 512 for 0.12 million tokens (by 0.04 to 0.06); 512 of 256 and 1,024 for 0.24 (by 0.01 to 0.03, and 0.1), 0.35 and 0.5
  /// (by 0.01 to 0.03); 1,024 of 2,048 for 0.8 (by 0.025), 1.0 (by 0.012 after counts, −0.004 to 0.014 without, where 512
  /// do as well) and 1.5 (by 0.003), and equal for 1.6; 2,048 is ahead of others for 2.1 to 4.2 (by 0.002 to 0.008),
  /// 4,096 for 5.2 and 12 (by 0.005). Beyond 25 million nothing was compared. With GELU, after counts, 1,024 are ahead of
  /// 2,048 for 1.75 (by 0.008, two seeds, and of 512 by 0.006 in equal time) and 3.6 (by 0.0045, in equal time 0.002).
  ///
  /// - Parameters:
  ///   - context: Tokens in a window, of which a step has one at least.
  ///   - processes: Processes that share a step: each has a window at least.
  ///   - isSampled: Whether the loss is: then steps have no more than 1,024 up to 3 million tokens.
  static func batchTokens(tokens: Int, context: Int, processes: Int, isSampled: Bool) -> Int {
    let share = max(1, Double(tokens)) / 4.5e6
    var size = 2_896 * pow(share, share < 1 ? 2.0 / 3 : 0.4)
    if isSampled, tokens < 3_000_000 { size = min(size, 1_024) }
    var windows = 1
    while windows < processes { windows *= 2 }
    return max(windows * context, 1 << max(8, Int(log2(size).rounded())))
  }

  /// Up to four parts of at least 2,048 tokens, more where they would exceed 16,384; no more than
  /// windows, and one for every process. Where the loss is sampled, of at least 8,192: clearing and adding
  /// gradients of a large vocabulary takes 4% of a step for every further part (3 × 144, 4,096 tokens).
  static func microBatches(sequences: Int, context: Int, processes: Int, isSampled: Bool) -> Int {
    let least = isSampled ? 8_192 : 2_048
    var count = 1
    let tokens = sequences * context
    while count * 2 <= sequences,
      count < processes || tokens > count * 16_384 || (count < 4 && tokens >= count * 2 * least)
    {
      count *= 2
    }
    return count
  }

  /// Three digits, which say all there is to say of a rate.
  static func rounded(_ rate: Double) -> String {
    guard rate > 0, rate < 100 else { return text(rate) }
    let unit = pow(10, log10(rate).rounded(.down) - 2)
    return "\((rate / unit).rounded() / (1 / unit).rounded())"
  }

  static func text(_ amount: Double) -> String {
    amount == amount.rounded() && abs(amount) < 1e15 ? "\(Int(amount))" : "\(amount)"
  }
}
