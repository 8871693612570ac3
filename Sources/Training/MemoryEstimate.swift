/// How much memory a run will take, from its shapes alone.

import Autograd
import Corpora
import Models

/// The memory that one process of a run touches, in bytes.
///
/// The program itself, parameters, gradients and optimizer state, and the activations of one
/// micro-batch at the height of a step: what is kept of every block, and what the way back through
/// one of them borrows. Within 15% of what models of 0.1 to 124 million parameters were measured to
/// take. What reads the text has a figure of its own. A fit to counts before the first step gives its
/// memory back, and matters where it takes more than steps do; evaluations fit into what a step takes.
public struct MemoryEstimate: Sendable, Equatable {
  /// Learnt values, their gradients, the partial sums of gradients, the optimizer's state, the average.
  public let parameterBytes: Int
  /// Activations and their gradients.
  public let activationBytes: Int
  /// Learnt values, pairs of tokens, and the fit to them, before the first step; 0 without one.
  public let startBytes: Int

  /// What steps take.
  public var stepBytes: Int { parameterBytes + activationBytes }

  /// All together, at the height of a run.
  public var bytes: Int { Self.programBytes + max(startBytes, stepBytes) }

  /// What the program takes beside, for its threads and their parts of products: measured.
  private static let programBytes = 32 << 20

  /// The memory of a run of a model of this configuration, in each of so many processes.
  ///
  /// - Parameter corpusBytes: bytes of text in the corpus; nil for more than is held at once.
  public init(
    _ configuration: TransformerConfiguration, _ options: TrainingOptions, processes: Int = 1,
    corpusBytes: Int? = nil
  ) {
    let parts = (options.microBatches + processes - 1) / processes
    let windows = (options.sequences + options.microBatches - 1) / options.microBatches
    let declarations = configuration.declarations
    let count = { (isMatrix: Bool) in
      declarations.filter { ($0.role == .matrix) == isMatrix }.reduce(0) {
        $0 + $1.rows * $1.columns
      }
    }
    let (matrices, others) = (count(true), count(false))
    let moments =
      switch options.optimizer.kind {
      case .adamw: 2 * (matrices + others)
      case .muon: matrices + 2 * others
      }
    // Sums wait for each other along a binary tree.
    let levels = Int.bitWidth - 1 - max(1, parts).leadingZeroBitCount
    let arrays = 2 + levels + (options.average == nil ? 0 : 1)
    parameterBytes = 4 * ((matrices + others) * arrays + moments / processes)
    activationBytes =
      4
      * Self.activations(
        configuration, tokens: windows * options.context, drops: options.dropout > 0,
        recomputes: options.recomputesBlocks, sampledTokens: options.sampledTokens)
    let pairs = Self.heldTokens(
      options.data, vocabularySize: configuration.vocabularySize, blocks: 1,
      corpusBytes: corpusBytes)
    startBytes =
      options.start.map {
        4 * (matrices + others) + Self.startBytes($0, configuration, pairs: pairs)
      } ?? 0
  }

  /// The text that is read ahead, and what reads, decompresses and encodes it.
  ///
  /// - Parameter corpusBytes: bytes of text in the corpus; nil for more than is held at once.
  public static func readingBytes(
    _ data: DataOptions, vocabularySize: Int, corpusBytes: Int?
  ) -> Int {
    let bytesPerToken = vocabularySize <= 1 << 16 ? 2 : 4
    let tokens = heldTokens(
      data, vocabularySize: vocabularySize, blocks: 2, corpusBytes: corpusBytes)
    return readerBytes + tokens * bytesPerToken
  }

  /// Tokens in so many blocks of text.
  private static func heldTokens(
    _ data: DataOptions, vocabularySize: Int, blocks: Int, corpusBytes: Int?
  ) -> Int {
    let block: Int
    switch data.shuffle {
    case .none: block = 1 << 18
    case .buffer(let tokens): block = tokens
    }
    let length = TrainingPlan.bytesPerToken(vocabularySize: vocabularySize)
    let all = corpusBytes.map { Int((Double($0) / length).rounded()) }
    return min(blocks * block, all ?? blocks * block)
  }

  /// What counting so many pairs and fitting to them takes at its height.
  private static func startBytes(
    _ fit: CountFit, _ shape: TransformerConfiguration, pairs: Int
  ) -> Int {
    let (vocabulary, width) = (shape.vocabularySize, shape.width)
    let columns = min(vocabulary, fit.columns ?? vocabulary)
    let rows = min(vocabulary, fit.rows)
    // Measured on books: of 33.6 million pairs of 65,536 tokens 11% are distinct, and take 6 bytes each.
    let distinct = pairs * 2 / 3
    // While they are made: the second token of every pair, and all lists once more.
    let counting = 2 * pairs + distinct + 16 * vocabulary
    // Weights and moments of embedding and head; an update's logits, rows and gradients.
    let fitting =
      4 * (6 * vocabulary * width + rows * columns + 4 * rows * width + 2 * columns * width)
      + 64 * vocabulary
    return distinct + max(counting, fitting)
  }

  /// Tokenizer, decompressor, and text on its way between threads: measured.
  private static let readerBytes = 56 << 20

  /// Floats of activations for so many tokens.
  private static func activations(
    _ shape: TransformerConfiguration, tokens: Int, drops: Bool, recomputes: Bool,
    sampledTokens: Int?
  ) -> Int {
    let attended = shape.heads * shape.headWidth
    let up = (shape.activation == .swiGLU ? 2 : 1) * shape.feedForwardWidth
    // Queries and keys are kept once more if they are normalised or rotated.
    let prepared =
      shape.usesRotaryPositions ? (shape.heads + shape.keyValueHeads) * shape.headWidth : 0
    // What stands before every product, and the residual stream behind both parts; norms and
    // activation functions are computed again.
    let inside =
      shape.width + attended + shape.attentionWidth + prepared + up + (drops ? 2 : 0) * shape.width
    // A pass that keeps nothing holds all of one block at once, norms and activations included.
    let passing =
      2 * shape.width + attended + shape.attentionWidth + prepared + up + shape.feedForwardWidth
    let kept =
      recomputes
      ? (shape.layers + 1) * shape.width + max(inside, passing)
      : shape.layers * (inside + shape.width)
    // Gradients of a block's parts, and what is computed again, on the way back through it.
    let working =
      (recomputes ? 6 : 4) * shape.width + attended + shape.attentionWidth + up
      + 2 * shape.feedForwardWidth
    // Rows of the head that a sample and the targets name are copied, and have a gradient.
    let candidates = sampledTokens.map { min(shape.vocabularySize, $0 + tokens) }
    let vocabulary = candidates ?? shape.vocabularySize
    let rows = Tensor.lossRows(of: tokens, vocabulary: vocabulary)
    return tokens * (kept + working) + rows * vocabulary + 2 * (candidates ?? 0) * shape.width
  }
}
