/// The decoder-only Transformer: one forward pass for training, evaluation, prompts and decoding.

import Autograd
import Distributed
import Kernels
import Machine
import Tokenizers

/// A GPT-style language model of one of the four families (Vaswani et al. 2017; pre-norm blocks).
///
/// Not for several threads at once: its operations share `Workers.shared` and two tapes.
public final class Transformer: @unchecked Sendable {
  /// The shape of the whole model.
  public let configuration: TransformerConfiguration
  /// What this process computes of it.
  public let part: ModelPart
  /// Everything it learnt, of this part.
  public let parameters: ParameterStore
  let blocks: [Block]
  let embedding: Parameter?
  private let position: Parameter?
  private let finalNorm: Norm
  let ownHead: Parameter?
  private let vocabularyPart: VocabularyPart?
  private let logitScale: Parameter?
  private let rotary: RotaryTable?
  private lazy var recordingTapes = [Tape(recording: true)]
  lazy var plainTape = Tape(recording: false)
  /// Gradients on their way to the stage before.
  var departing: [(transfer: any Transfer, source: Tensor)] = []
  /// Seconds in which this stage waited for others, so far.
  public internal(set) var secondsBetweenStages = 0.0

  /// A model with random parameters, or zeros to be loaded over if `seed` is nil.
  ///
  /// - Parameter zeroProjections: whether matrices into the residual stream start at 0; as usual in
  ///   the family if nil.
  public convenience init(
    _ configuration: TransformerConfiguration, seed: UInt64?, zeroProjections: Bool? = nil
  ) {
    self.init(configuration, part: .whole)
    if let seed {
      initialize(parameters, configuration, seed: seed, zeroProjections: zeroProjections)
    }
  }

  /// A part of a model, all zeros.
  init(_ configuration: TransformerConfiguration, part: ModelPart) {
    if let problem = configuration.problem { preconditionFailure("No such model: \(problem).") }
    self.configuration = configuration
    self.part = part
    let shard = part.shard
    let problem = Shard.problem(configuration, tensors: shard.tensors, stages: shard.stages)
    precondition(problem == nil, "A layout must be checked before it is used.")
    parameters = ParameterStore(shard.declarations(configuration))
    let names = ParameterNames(parameters)
    let local = shard.local(configuration)
    blocks = shard.blocks(of: configuration).map {
      Block(local, names.scope("blocks.\($0)."), group: part.tensor)
    }
    embedding = names.optional("embedding.weight")
    position = names.optional("position.weight")
    finalNorm = Norm(configuration, names, "finalNorm")
    logitScale = names.optional("logitScale")
    ownHead = names.optional("head.weight") ?? embedding
    vocabularyPart = part.tensor.map {
      VocabularyPart(of: configuration.vocabularySize, among: $0)
    }
    rotary =
      configuration.usesRotaryPositions
      ? RotaryTable(
        positions: configuration.contextLength, headWidth: configuration.headWidth,
        theta: configuration.ropeTheta, direction: configuration.family == .nanochat ? -1 : 1)
      : nil
  }

  /// The part of this model that a process computes; this one must be whole.
  public func divided(_ part: ModelPart) -> Transformer {
    precondition(self.part.shard.isWhole, "A whole model is divided.")
    let result = Transformer(configuration, part: part)
    for whole in configuration.declarations {
      guard let source = parameters[whole.name], let target = result.parameters[whole.name] else {
        continue
      }
      part.shard.slicing(of: whole, configuration)
        .cut(source.value, into: target.value, of: part.shard.tensor)
    }
    return result
  }

  /// Learnt values of the whole model.
  public var parameterCount: Int { configuration.parameterCount }

  /// The most memory that activations have taken so far, in bytes.
  public var peakActivationBytes: Int {
    recordingTapes.reduce(plainTape.peakBytes) { $0 + $1.peakBytes }
  }

  var head: Parameter {
    guard let ownHead else { preconditionFailure("This stage has no head.") }
    return ownHead
  }

  /// The tape of the way forward and back of a micro-batch, of several that are under way.
  func recordingTape(_ index: Int) -> Tape {
    while recordingTapes.count <= index { recordingTapes.append(Tape(recording: true)) }
    recordingTapes[index].precision = trainingPrecision
    return recordingTapes[index]
  }

  /// What the operands of matrix products are rounded to on the way forward and back of training.
  public var trainingPrecision = Precision.fp32

  /// The same for prompts and windows of text that are only read; a few rows, as in decoding, stay
  /// in float32.
  public var readingPrecision: Precision {
    get { plainTape.precision }
    set { plainTape.precision = newValue }
  }

  /// Whether training keeps only what stands between blocks and computes the rest again on the way
  /// back: a third more arithmetic, a fraction of the memory, the same bits.
  public var recomputesBlocks = false

  /// Where the time of training's operations is summed, if anywhere.
  public var profile: Profile? {
    get { recordingTapes[0].profile }
    set { recordingTapes[0].profile = newValue }
  }

  /// The residual stream after the last norm: `inputs.count × width`.
  ///
  /// - Parameters:
  ///   - inputs: `sequences × length` tokens, sequence after sequence.
  ///   - cache: what the sequences have read already; it is extended.
  public func hidden(_ inputs: [Token], sequences: Int, on tape: Tape, cache: KVCache? = nil)
    -> Tensor
  {
    normalized(stream(inputs, sequences: sequences, on: tape, cache: cache))
  }

  func normalized(_ x: Tensor) -> Tensor {
    let x = finalNorm(x)
    return logitScale.map { x.scaled(by: $0) } ?? x
  }

  /// The residual stream before the last norm, or what this stage makes of it.
  ///
  /// - Parameter arriving: the stream as the stage before has left it; nil in the first stage.
  func stream(
    _ inputs: [Token], sequences: Int, on tape: Tape, cache: KVCache? = nil,
    arriving: Tensor? = nil
  ) -> Tensor {
    let length = inputs.count / sequences
    let past = cache?.count ?? 0
    precondition(length * sequences == inputs.count, "Tokens are sequences × length.")
    precondition(
      past + length <= configuration.contextLength,
      "\(past + length) tokens exceed the context of \(configuration.contextLength).")
    var x = arriving ?? embedded(inputs, length: length, past: past, on: tape)
    let first = x
    for (index, block) in blocks.enumerated() {
      x = block.entered(by: x, first: first)
      let shape = block.attentionShape(sequences: sequences, length: length, rotary: rotary)
      if recomputesBlocks, tape.isRecording {
        x = tape.recomputed(x) { block($0, inputs, shape, cache: nil) }
      } else {
        x = tape.scope { block(x, inputs, shape, cache: cache?.layer(index)) }
      }
    }
    cache?.advance(by: length)
    return x
  }

  /// The start of the residual stream.
  private func embedded(_ inputs: [Token], length: Int, past: Int, on tape: Tape) -> Tensor {
    guard let embedding else { preconditionFailure("This stage has no embedding.") }
    var x = tape.embedding(
      of: inputs, in: embedding, positions: position, firstPosition: past, length: length,
      part: vocabularyPart)
    if configuration.normalizesEmbedding {
      x = x.rmsNorm(weight: nil, epsilon: configuration.normEpsilon, isStream: true)
    }
    return tape.dropout == nil ? x : x.dropped()
  }

  /// The losses at the end of the residual stream, one a token; their gradient, on a tape that
  /// records, times `gradientScale`.
  func losses(
    of x: Tensor, targets: [Token], gradientScale: Float, sample: VocabularySample? = nil
  ) -> [Float] {
    normalized(x).crossEntropy(
      head: head, targets: targets, softCap: configuration.softCap, gradientScale: gradientScale,
      part: vocabularyPart, sample: sample)
  }

  /// Has `completion` called with every parameter whose gradient is complete on a tape.
  func observe(_ tape: Tape, _ completion: ((Parameter) -> Void)?) {
    let shard = part.shard
    guard let group = part.tensor else {
      tape.completion = completion
      return
    }
    tape.completion = { parameter in
      if shard.sumsGradient(of: parameter) {
        parameter.willHaveAllRows()
        group.sum(parameter.gradient, count: parameter.count)
      }
      completion?(parameter)
    }
  }

  /// Runs forward and back: adds `gradientScale · ∂loss/∂p` to every gradient.
  ///
  /// - Parameters:
  ///   - inputs: `sequences × length` tokens.
  ///   - targets: the token that follows each.
  ///   - dropout: what is dropped after the embedding and at the end of both parts of every block,
  ///     as GPT-2 does (its dropout of attention weights is left out); nil for nothing.
  ///   - sample: the tokens that stand for the vocabulary in the loss, or nil for all.
  ///   - completion: is called during the way back with every parameter whose gradient is complete.
  ///
  /// Where processes divide the layers, gradients must be started anew (`restartGradients`).
  /// - Returns: the loss: mean nats per token.
  public func addGradients(
    inputs: [Token], targets: [Token], sequences: Int, gradientScale: Float = 1,
    dropout: Dropout? = nil, sample: VocabularySample? = nil,
    completion: ((Parameter) -> Void)? = nil
  ) -> Double {
    precondition(part.stages == nil, "Stages of a pipeline take turns.")
    let pass = forward(
      inputs: inputs, targets: targets, sequences: sequences, gradientScale: gradientScale,
      dropout: dropout, sample: sample, tape: 0, completion: completion)
    backward(pass, completion: completion)
    return pass.loss
  }
}
