/// Everything that decides a run, as it is saved with its checkpoints.

import Corpora
import Kernels

/// Where the text of a run comes from.
public struct DataOptions: Sendable, Codable, Equatable {
  /// Files and folders of the corpus, as absolute paths.
  public var corpus: [String]
  /// Files and folders to validate on, or nil to take a share of the corpus.
  public var validation: [String]?
  /// The share of the corpus's documents to validate on, by hash, if `validation` is nil; 0 for none.
  public var validationFraction: Double
  /// Tokens of the validation text that are used: window by window, from its start on, and if they are fewer than
  /// usual spread out over as many as are usual, so that what runs report can be compared.
  public var validationTokens: Int
  /// The field of a `.jsonl` line that holds the text.
  public var textField: String
  /// Whether each line of a `.txt` file is a document.
  public var lines: Bool
  /// The order of the windows.
  public var shuffle: Shuffle
  /// The most tokens of validation text that are used if nothing is said.
  public static let usualValidationTokens = 98_304

  /// Data by the usual rules: one document in 200 validates, windows are shuffled.
  public init(
    corpus: [String], validation: [String]? = nil, validationFraction: Double = 0.005,
    validationTokens: Int = usualValidationTokens, textField: String = "text", lines: Bool = false,
    shuffle: Shuffle = .buffer()
  ) {
    self.corpus = corpus
    self.validation = validation
    self.validationFraction = validationFraction
    self.validationTokens = validationTokens
    self.textField = textField
    self.lines = lines
    self.shuffle = shuffle
  }
}

/// Everything that decides a run, apart from the model and the tokenizer it starts from.
///
/// Equal options, models, tokenizers and corpora give equal bytes on machines with equal processors,
/// whatever the number of threads and processes, unless the horizon is in seconds.
public struct TrainingOptions: Sendable, Codable, Equatable {
  /// Where the text comes from.
  public var data: DataOptions
  /// The optimizer and its numbers.
  public var optimizer: OptimizerOptions
  /// The course of the learning rate.
  public var schedule: LearningRateSchedule
  /// The length of the run.
  public var horizon: Horizon
  /// Tokens in a window.
  public var context: Int
  /// Windows in a step.
  public var sequences: Int
  /// Parts of a step that pass through the model one after another, or in other processes: a power
  /// of two. Their gradients are added in an order that this number alone decides.
  public var microBatches: Int
  /// The largest norm of all gradients together, or 0 for no clipping.
  public var clip: Double
  /// Steps between evaluations, or nil for none but the last.
  public var evaluateEvery: Int?
  /// Steps between checkpoints, or nil for none but the last.
  public var saveEvery: Int?
  /// Earlier checkpoints that are kept beside the current one.
  public var keep: Int
  /// When to stop before the horizon, or nil for never.
  public var earlyStopping: EarlyStopping.Rule?
  /// The share of values that dropout zeroes in training, after the embedding and at the end of both
  /// parts of every block; 0 for none.
  public var dropout = 0.0
  /// The seed of the initial weights, of the order of the windows, and of dropout.
  public var seed: UInt64
  /// How the batch grows, or nil if it is the same throughout.
  public var batchRamp: BatchRamp?
  /// How the windows grow at an equal number of tokens in a step, or nil.
  public var contextRamp: Ramp?
  /// The share of the run that a running average of the weights remembers; nil for no average. The
  /// run ends with the average in place of the weights if it does better on the validation text.
  public var average: Double?
  /// What matrix products of training round their operands to. Weights, gradients, moments and the
  /// measurements on the validation text are float32 whatever it is.
  public var precision = Precision.fp32
  /// How embedding and head are fitted to counts of pairs before the first step, or nil if they start
  /// at random.
  public var start: CountFit?
  /// How many tokens, drawn anew for every step, stand for the vocabulary in its loss, beside the
  /// step's targets; nil for the whole vocabulary.
  public var sampledTokens: Int?
  /// Whether activations inside blocks are computed twice instead of kept.
  public var recomputesBlocks = false

  /// Options; a window of `context` tokens, `sequences` of them a step.
  public init(
    data: DataOptions, optimizer: OptimizerOptions, schedule: LearningRateSchedule,
    horizon: Horizon, context: Int, sequences: Int, microBatches: Int = 1, clip: Double = 0,
    evaluateEvery: Int? = nil, saveEvery: Int? = nil, keep: Int = 0,
    earlyStopping: EarlyStopping.Rule? = nil, seed: UInt64 = 42
  ) {
    self.data = data
    self.optimizer = optimizer
    self.schedule = schedule
    self.horizon = horizon
    self.context = context
    self.sequences = sequences
    self.microBatches = microBatches
    self.clip = clip
    self.evaluateEvery = evaluateEvery
    self.saveEvery = saveEvery
    self.keep = keep
    self.earlyStopping = earlyStopping
    self.seed = seed
  }

  /// Tokens in a step.
  public var tokensPerStep: Int { sequences * context }
}
