/// Which tokens stand for the vocabulary in the loss of a step.

import Autograd
import Corpora
import Machine
import Models

extension TrainingPlan {
  /// How many tokens a step's loss draws, or nil for the whole vocabulary.
  ///
  /// At equal tokens of text 2,048 of 8,192 lost nothing, at 1.4 times the speed; of 65,536 they did
  /// better in a minute than 4,096, which see less text.
  static func sampledTokens(
    _ wishes: Wishes, family: TransformerConfiguration.Family, vocabularySize: Int
  ) -> Int? {
    if let wish = wishes.sampledTokens { return wish == 0 || wish >= vocabularySize ? nil : wish }
    // Models from elsewhere go on with the loss that made them.
    guard family == .nanochat || family != .gpt2 && !wishes.isContinuation,
      !wishes.dividesVocabulary
    else { return nil }
    return vocabularySize >= 4 * usualSample ? usualSample : nil
  }

  private static let usualSample = 2_048

  /// The tokens of the vocabulary that the loss of a step sees, roughly: those drawn, and the targets
  /// that were not.
  static func lossTokens(_ sampledTokens: Int?, vocabularySize: Int) -> Int {
    // Of 2,048 tokens of text some 500 are targets that were not drawn.
    sampledTokens.map { min(vocabularySize, $0 + $0 / 4) } ?? vocabularySize
  }
}

extension Trainer {
  /// The tokens of the next step's loss, or nil for all.
  func sample() throws -> VocabularySample? {
    guard let count = state.options.sampledTokens else { return nil }
    let draw = try sampler ?? makeSampler(of: count, occurrences: occurrences())
    sampler = draw
    let tokens = draw.tokens(ofDraw: state.step)
    return VocabularySample(
      tokens: tokens.map { UInt32($0) },
      probabilities: tokens.map { Float(draw.probabilities[$0]) })
  }

  /// Draws by how often tokens occur in the first block of the corpus.
  func makeSampler(of count: Int, occurrences: [Int]) -> FrequencyDraw {
    var random = RandomSource(seed: state.options.seed, stream: 3 << 32)
    return FrequencyDraw(ofVocabulary: occurrences, rows: count, random: &random)
  }

  /// How often every token occurs in the first block of the corpus.
  private func occurrences() throws -> [Int] {
    var occurrences = [Int](repeating: 0, count: transformer.configuration.vocabularySize)
    try data.firstBlock(ahead: loader).forEach { occurrences[Int($0)] += 1 }
    return occurrences
  }
}
