/// What a plan starts from: wishes and facts.

import Kernels
import Models

extension TrainingPlan {
  /// What the user asked for, and what is known; nil leaves the choice to the plan.
  public struct Wishes: Sendable, Equatable {
    /// The dial: the number of blocks, from which the rest follows.
    public var depth: Int?
    /// The family of the model.
    public var family: TransformerConfiguration.Family?
    /// Blocks, if they shall differ from `depth`.
    public var layers: Int?
    /// Width of the residual stream.
    public var width: Int?
    /// Query heads.
    public var heads: Int?
    /// Key and value heads.
    public var keyValueHeads: Int?
    /// Tokens in a window.
    public var context: Int?
    /// Tokens in the vocabulary; what the tokenizer has, if there is one.
    public var vocabularySize: Int?
    /// The optimizer.
    public var optimizer: OptimizerOptions.Kind?
    /// The full learning rate.
    public var learningRate: Double?
    /// With Muon, the full learning rates of the embedding and of the head.
    public var (embeddingRate, headRate): (Double?, Double?)
    /// Decoupled weight decay.
    public var weightDecay: Double?
    /// Parts of the model that differ from the family's.
    public var switches = ModelSwitches()
    /// Tokens that stand for the vocabulary in a step's loss; 0 for all.
    public var sampledTokens: Int?
    /// Whether processes divide the vocabulary, which then has no such sample.
    public var dividesVocabulary = false
    /// Where embedding and head start.
    public var start: StartKind?
    /// Whether matrices into the residual stream start at 0, if not as in the family.
    public var zeroProjections: Bool?
    /// Whether the run goes on from weights that are trained already.
    public var isContinuation = false
    /// The shape of the schedule.
    public var schedule: LearningRateSchedule.Shape?
    /// Steps of warm-up.
    public var warmupSteps: Int?
    /// Tokens in a step.
    public var batchTokens: Int?
    /// The largest norm of all gradients together, or 0.
    public var clip: Double?
    /// The share of values that dropout zeroes.
    public var dropout: Double?
    /// The length of the run.
    public var horizon: Horizon?
    /// What matrix products round their operands to.
    public var precision: Precision?
    /// Bytes of text to train on, if known.
    public var corpusBytes: Int?
    /// The share of the corpus's documents to hold out for validation.
    public var validationFraction: Double?
    /// The share that is usual for the corpus, or nil if the text to validate on is another corpus.
    public var usualValidationFraction: Double?
    /// Parts of a step; a power of two.
    public var microBatches: Int?
    /// Processes that share a step.
    public var processes = 1
    /// Useful FLOPs a second of training on this machine, if measured.
    public var speed: Double?

    /// No wishes.
    public init() {}
  }
}
