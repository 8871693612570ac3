/// Chooses a study that fits into a time.

import Autograd
import Glibc
import Models
import Tokenizers
import Training

/// From a time to model, sizes and seeds.
public enum StudyDesign {
  /// Epochs that a run is expected to take until it is stopped, rather too many, so that a study keeps
  /// to its time. Measured: 14 to 35 on tales, 10 to 21 on books.
  static let expectedEpochs = 32.0
  /// What a token of evaluation costs, in tokens of training with small steps.
  static let evaluationCost = 0.2
  /// Sizes that laws are fitted to; one more is held out.
  static let fittedSizes = 6

  /// A model and a vocabulary that make many small runs possible in `seconds`.
  ///
  /// Small enough that its data limit it, not its size: N = 0.3 to 1 million, D up to some millions
  /// of tokens, far below the 5,000 · N^0.74 from which on more data cease to help (arXiv 2001.08361).
  public static func shape(seconds: Double) -> (
    model: StudyModel, vocabularySize: Int, context: Int, sequences: Int
  ) {
    switch seconds {
    case ..<3_600: (StudyModel(layers: 2, width: 96, heads: 3), 1_024, 64, 2)
    case ..<14_400: (StudyModel(layers: 2, width: 128, heads: 4), 2_048, 64, 4)
    default: (StudyModel(layers: 4, width: 256, heads: 4), 4_096, 128, 4)
    }
  }

  /// A constant rate for AdamW at which neighbouring evaluations hardly differ by chance: 0.0005 for
  /// steps of 128 tokens, as the square root of their length for others.
  ///
  /// Measured on tales: 0.001 with steps of 64 tokens leaves runs of one size 0.4 nats apart, this
  /// rate 0.05.
  public static func learningRate(tokensPerStep: Int) -> Double {
    let raw = 0.0005 * (Double(tokensPerStep) / 128).squareRoot()
    // Two digits, to be read and typed.
    let unit = pow(10, log10(raw).rounded(.down) - 1)
    return (raw / unit).rounded() * unit
  }

  /// Bytes of a passage: about four windows, so that even the smallest set holds text of many
  /// documents. Passages four times as long left sets of 50,000 tokens 0.07 nats apart.
  public static func passageBytes(context: Int) -> Int { max(256, 16 * context) }

  /// Sizes in geometric steps, so that all runs of `plan` together take about `seconds`.
  ///
  /// The smallest size has 200 steps an epoch, as few as a run should have before its data repeat,
  /// and every size is at least 1.2 times the one before; where the time is too short for that, the
  /// study takes longer, as `expectedSeconds` says.
  ///
  /// - Parameters:
  ///   - speed: tokens a second of training, with the optimizer.
  ///   - available: tokens of text for training.
  public static func sizes(
    for plan: StudyPlan, seconds: Double, speed: Double, available: Int
  ) -> [Int] {
    let smallest = Double(200 * plan.tokensPerStep)
    func sizes(_ factor: Double) -> [Int] {
      (0...fittedSizes).map { index in
        // Round to two digits: 26k and not 25,813.
        let raw = smallest * pow(factor, Double(index))
        let unit = pow(10, max(0, log10(raw).rounded(.down) - 1))
        return Int((raw / unit).rounded() * unit)
      }
    }
    var (low, high) = (1.2, 4.0)
    for _ in 0..<40 {
      let factor = (low + high) / 2
      var trial = plan
      trial.sizes = sizes(factor)
      let fits =
        expectedSeconds(of: trial, speed: speed) <= seconds
        && Double(trial.sizes.last ?? 0) <= 0.9 * Double(available)
      if fits { low = factor } else { high = factor }
    }
    return sizes(low)
  }

  /// Seconds that all runs of a plan should take, evaluations included.
  public static func expectedSeconds(of plan: StudyPlan, speed: Double) -> Double {
    plan.runs.reduce(0) { sum, run in
      let weight =
        Double(plan.configuration(run.model).trainingFLOPsPerToken)
        / Double(plan.configuration(plan.models.last ?? run.model).trainingFLOPsPerToken)
      let tokens = Double(run.tokens) * (plan.variation == .compute ? 1 : expectedEpochs)
      let evaluations = tokens / Double(plan.tokensPerStep * plan.evaluateEvery(tokens: run.tokens))
      // The test set is read once, the training set too.
      let measured =
        Double(plan.validationTokens) * evaluations + 2 * Double(plan.testTokens)
      return sum + weight * (tokens + evaluationCost * measured) / speed + 0.1
    }
  }

  /// Tokens a second of training steps of the largest model, measured for about `seconds`.
  public static func measuredSpeed(of plan: StudyPlan, seconds: Double = 1) -> Double {
    guard let model = plan.models.last else { return 1 }
    let transformer = Transformer(plan.configuration(model), seed: 0)
    let optimizer = AdamW(transformer.parameters, .adamW(learningRate: 1e-4))
    let count = plan.tokensPerStep
    let tokens = (0...count).map { Token(($0 * 7919) % plan.vocabularySize) }
    var steps = 0
    let clock = ContinuousClock()
    var start = clock.now
    repeat {
      // The first steps take memory.
      if steps == 5 { start = clock.now }
      transformer.parameters.zeroGradients()
      _ = transformer.addGradients(
        inputs: Array(tokens[..<count]), targets: Array(tokens[1...]), sequences: plan.sequences,
        dropout: plan.dropout > 0
          ? Dropout(share: Float(plan.dropout), seed: 0, step: steps) : nil)
      optimizer.update(rateShare: 1, gradientScale: 1)
      steps += 1
    } while steps < 10 || (clock.now - start) / .seconds(1) < seconds
    return Double((steps - 5) * count) / ((clock.now - start) / .seconds(1))
  }
}
