/// What a study will do: its runs, and what they have in common.

import Glibc
import Models
import Training

/// The shape of a study's model; everything else about it is the family's custom.
public struct StudyModel: Sendable, Codable, Equatable, Hashable {
  /// Blocks.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Heads.
  public var heads: Int

  /// A shape.
  public init(layers: Int, width: Int, heads: Int) {
    self.layers = layers
    self.width = width
    self.heads = heads
  }
}

/// A design: which runs, on what, and how each is trained and stopped.
public struct StudyPlan: Sendable, Codable, Equatable {
  /// What the study varies.
  public enum Variation: String, Sendable, Codable, CaseIterable {
    /// Training sets of growing size, one model: L(D).
    case tokens
    /// Growing models, one training set: L(N).
    case parameters
    /// Growing budgets, each spent once through fresh text by every model, the best counts: L(C).
    case compute
    /// Every model on every training set: L(N, D).
    case both
  }

  /// What the study varies.
  public var variation = Variation.tokens
  /// Files and folders of the corpus.
  public var corpus: [String]
  /// Files to validate on; none to hold documents of the corpus out.
  public var validation: [String] = []
  /// Files to test on; none to hold documents of the corpus out.
  public var test: [String] = []
  /// Tokens of the training sets, ascending; with `compute`, those of the smallest model.
  public var sizes: [Int]
  /// Models, the smallest first.
  public var models: [StudyModel]
  /// Seeds for each; a seed decides the subset, the initial weights and the order.
  public var seeds = 3
  /// The family of the models.
  public var family = "gpt2"
  /// Tokens in the vocabulary.
  public var vocabularySize: Int
  /// Tokens in a window.
  public var context: Int
  /// Windows in a step.
  public var sequences: Int
  /// The share of values that dropout zeroes.
  public var dropout = 0.0
  /// The constant learning rate of AdamW after its warm-up.
  public var learningRate = 1e-3
  /// Steps of warm-up.
  public var warmupSteps = 100
  /// When a run stops.
  public var stopping = EarlyStopping.Rule()
  /// Epochs after which a run is stopped all the same, and marked as censored.
  public var maximumEpochs = 60
  /// Tokens to validate on.
  public var validationTokens = 16_384
  /// Tokens to test on.
  public var testTokens = 65_536
  /// Bytes of a passage.
  public var passageBytes = 4_096
  /// Whether the largest run is also made with a model of twice the size, with fresh text only, and
  /// a middle one on shuffled text.
  public var hasControls = true

  /// A plan for these sizes and models.
  public init(
    corpus: [String], sizes: [Int], models: [StudyModel], vocabularySize: Int, context: Int,
    sequences: Int
  ) {
    self.corpus = corpus
    self.sizes = sizes
    self.models = models
    self.vocabularySize = vocabularySize
    self.context = context
    self.sequences = sequences
  }

  /// Tokens in a step.
  public var tokensPerStep: Int { context * sequences }

  /// The configuration of a model.
  public func configuration(_ model: StudyModel) -> TransformerConfiguration {
    TransformerConfiguration(
      family: TransformerConfiguration.Family(rawValue: family) ?? .gpt2,
      vocabularySize: vocabularySize, contextLength: context, layers: model.layers,
      width: model.width, heads: model.heads)
  }

  /// Learnt values of a model, embeddings included.
  public func parameters(_ model: StudyModel) -> Int { configuration(model).parameterCount }

  /// Steps between two evaluations: a quarter of an epoch, at least 50.
  public func evaluateEvery(tokens: Int) -> Int { max(50, tokens / tokensPerStep / 4) }

  /// Why no such study can be, or nil.
  public var problem: String? {
    let steps = variation == .parameters ? models.count : sizes.count
    if steps < 4 {
      return "\(steps) sizes are too few: three to fit a law to, and one to test it on"
    }
    if seeds < 1 { return "a study needs a seed" }
    if sizes != Array(Set(sizes)).sorted() { return "sizes must grow" }
    if let problem = models.lazy.map({ configuration($0).problem }).first(where: { $0 != nil }) {
      return problem
    }
    if let smallest = sizes.first, smallest < 2 * tokensPerStep {
      return "the smallest training set of \(smallest) tokens holds fewer than two steps"
    }
    return nil
  }

  /// Every run, in the order in which they are made; those of the held-out size come last.
  public var runs: [StudyRun] {
    var runs: [StudyRun] = []
    func add(_ role: StudyRun.Role, _ model: StudyModel, _ tokens: Int, seeds: Int) {
      for seed in 1...seeds { runs.append(StudyRun(role, model, tokens: tokens, seed: seed)) }
    }
    guard let largest = sizes.last, let model = models.last else { return [] }
    if variation == .compute {
      for (index, budget) in budgets.enumerated() {
        for model in models {
          let tokens = Int(budget / configuration(model).trainingFLOPsPerToken)
          add(index == sizes.count - 1 ? .heldOut : .point, model, tokens, seeds: seeds)
        }
      }
      return runs
    }
    for size in variation == .parameters ? [largest] : sizes {
      for model in variation == .tokens ? [model] : models {
        let isLast =
          (size == largest || variation == .parameters)
          && (model == models.last || variation == .tokens)
        add(isLast ? .heldOut : .point, model, size, seeds: seeds)
      }
    }
    if hasControls, variation == .tokens {
      let middle = sizes[sizes.count / 2]
      add(.shuffled, model, middle, seeds: 1)
      let known = sizes[sizes.count - 2]
      add(.doubled, doubled(model), known, seeds: min(2, seeds))
      add(.fresh, model, known, seeds: 1)
    }
    return runs
  }

  /// FLOPs of each budget of a study of compute, ascending.
  public var budgets: [Double] {
    guard let smallest = models.first else { return [] }
    return sizes.map { Double($0) * configuration(smallest).trainingFLOPsPerToken }
  }

  /// The budget that a run spends, of a study of compute.
  func budget(of run: StudyRun) -> Double {
    let spent = Double(run.tokens) * configuration(run.model).trainingFLOPsPerToken
    return budgets.min { abs(log($0 / spent)) < abs(log($1 / spent)) } ?? spent
  }

  /// About twice the learnt values, with more heads of the same width.
  private func doubled(_ model: StudyModel) -> StudyModel {
    let target = 2 * parameters(model)
    var result = model
    while parameters(result) < target {
      result.heads += 1
      result.width = model.width / model.heads * result.heads
    }
    return result
  }

  /// A training set that a run reads.
  package struct TrainingSet: Hashable {
    package let tokens: Int
    package let seed: Int
    package let isShuffled: Bool
    package var name: String {
      "train-\(tokens)-seed-\(seed)" + (isShuffled ? "-shuffled" : "")
    }
  }

  /// Every training set, once.
  package var trainingSets: [TrainingSet] { Array(Set(runs.map { trainingSet(of: $0) })) }

  /// The training set that a run reads: that of its size, or a larger one that it reads once.
  func trainingSet(of run: StudyRun) -> TrainingSet {
    TrainingSet(
      tokens: run.role == .fresh ? freshTokens : run.tokens, seed: run.seed,
      isShuffled: run.role == .shuffled)
  }

  /// Tokens that the run on fresh text may need, as far as the corpus has them: 40 epochs of its
  /// counterpart.
  var freshTokens: Int { 40 * sizes[max(0, sizes.count - 2)] }

  var needsShuffledSets: Bool { runs.contains { $0.role == .shuffled } }
}

/// One training run of a study.
public struct StudyRun: Sendable, Codable, Equatable, Hashable {
  /// What a run is for.
  public enum Role: String, Sendable, Codable {
    /// A point that laws are fitted to.
    case point
    /// A point that laws are tested on.
    case heldOut = "held_out"
    /// The largest fitted size with a model of twice the size: does the model limit the loss?
    case doubled
    /// The same model on text that never repeats.
    case fresh
    /// Words in random order: is there anything else to learn?
    case shuffled
  }

  /// What it is for.
  public let role: Role
  /// Its model.
  public let model: StudyModel
  /// Tokens of its training set.
  public let tokens: Int
  /// Its seed.
  public let seed: Int

  init(_ role: Role, _ model: StudyModel, tokens: Int, seed: Int) {
    self.role = role
    self.model = model
    self.tokens = tokens
    self.seed = seed
  }

  /// A name for its files, the same for the same run of another plan.
  public var name: String {
    let kind = role == .heldOut ? "point" : role.rawValue
    return "\(kind)-\(model.layers)x\(model.width)-\(tokens)-seed-\(seed)"
  }
}
