/// The rules behind the dial: sizes and lengths from depth, time, speed and corpus.

import Glibc
import Kernels
import Models

extension TrainingPlan {
  /// Depth 4 for about 6e13 FLOPs and depth 5 for three times as much: at 9e13, depth 5 saw so few
  /// tokens (1.5 million) that it stayed behind what was expected. With a sampled loss, which leaves more
  /// to a large vocabulary: depth 2 for 1.3e13, ahead of 3 and 4, and 3 for 6.5e13, ahead of 4.
  static func depth(seconds: Double, speed: Double, isSampled: Bool) -> Int {
    let budget = max(seconds * speed, 1)
    return min(48, max(2, Int((4 * pow(budget / (isSampled ? 2.7e14 : 6e13), 0.2)).rounded())))
  }

  static func reason(for precision: Precision) -> String {
    switch precision {
    case .fp32: "products of floats"
    case .bf16: "products of operands of 8 bits, summed in fp32; all else is fp32"
    case .fp16: "products of scaled operands of 11 bits, summed in fp32; all else is fp32"
    }
  }

  /// The share of a new model's rate at which a trained one goes on.
  static let continuationRate = 0.25

  /// Heads of width 64 if that divides the width, else the fewest heads that are narrower.
  static func heads(width: Int) -> Int {
    (max(1, width / 64)...max(1, width)).first { width % ($0 * 2) == 0 } ?? 1
  }

  /// A power of two: small corpora show each token too seldom, and small models spend too much on the
  /// head, unless their loss is sampled. Then the largest that can start from counts did best from a minute
  /// on: in 60 seconds on two cores 1.76 bits per byte, against 1.84 with 8,192.
  static func vocabularySize(layers: Int, isSampled: Bool, corpusBytes: Int?) -> Int {
    let most =
      isSampled
      ? 65_536 : layers <= 2 ? 4_096 : layers <= 8 ? 8_192 : layers <= 12 ? 16_384 : 32_768
    guard let corpusBytes else { return most }
    var size = 512
    while size < most, size * 2 * 1_000 <= corpusBytes { size *= 2 }
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

  /// Bytes of English that a token stands for, within a fifth: 3.8 for a vocabulary of 8,192 tokens (books:
  /// 3.9), 2.9 for 1,024 (Shakespeare: 2.4).
  static func bytesPerToken(vocabularySize: Int) -> Double { 0.29 * log2(Double(vocabularySize)) }

  /// How often a run reads its corpus; 0 if its length is not known.
  static func epochs(tokens: Int, vocabularySize: Int, corpusBytes: Int?) -> Double {
    guard let corpusBytes, corpusBytes > 0 else { return 0 }
    return Double(tokens) * bytesPerToken(vocabularySize: vocabularySize) / Double(corpusBytes)
  }

  /// Measured at 5.6 readings of a megabyte alone, where none loses and both shares do equally well;
  /// where each begins is a judgement.
  static func dropout(epochs: Double) -> Double { epochs < 3 ? 0 : epochs < 6 ? 0.1 : 0.2 }

  /// Tokens to validate on, and how often over a run of so many: all evaluations together take a tenth
  /// of the run, or a fifth where steps see a sample of the vocabulary, and measuring a token costs more
  /// than training on it; but two of 8,192 tokens are made.
  static func validation(
    tokens: Int, _ configuration: TransformerConfiguration, sampledTokens: Int?
  ) -> (tokens: Int, evaluations: Int) {
    let cost = validationCost(configuration, sampledTokens: sampledTokens)
    let affordable = (sampledTokens == nil ? 0.1 : 0.2) * Double(tokens) / cost
    let size = min(98_304, max(8_192, Int(affordable / 2) / 8_192 * 8_192))
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

  /// Measured: 2,048 does better for 2.1 million tokens (by 0.008 bits per byte), 4,096 for 5.2 (by 0.004).
  static func batchTokens(tokens: Int) -> Int {
    let growth = pow(max(1, Double(tokens) / 1.5e6), 0.4)
    return 2_048 << Int(log2(growth).rounded())
  }

  /// Up to four parts of at least 2,048 tokens, more where they would exceed 16,384; no more than
  /// windows, and one for every process.
  static func microBatches(sequences: Int, context: Int, processes: Int) -> Int {
    var count = 1
    let tokens = sequences * context
    while count * 2 <= sequences,
      count < processes || tokens > count * 16_384 || (count < 4 && tokens >= count * 4_096)
    {
      count *= 2
    }
    return count
  }

  static func expectedTokens(
    _ horizon: Horizon, speed: Double, flopsPerToken: Double, batchTokens: Int?
  ) -> Int {
    switch horizon.unit {
    case .tokens: Int(horizon.amount)
    case .steps: Int(horizon.amount) * (batchTokens ?? 2_048)
    case .seconds: Int(horizon.amount * speed / flopsPerToken)
    }
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
