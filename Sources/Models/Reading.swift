/// What a model says about text: log-probabilities, logits of what follows, and weights in fewer bytes.

import Autograd
import Kernels
import Machine
import Tokenizers

extension Transformer {
  /// Rounds every matrix that decoding multiplies by: it then reads a half or a quarter of the bytes.
  ///
  /// All passes compute with rounded weights; there is no way back, and no training afterwards. With
  /// int8, passes also round what enters a matrix, and multiply bytes; with bf16 passes of few rows do so
  /// where the processor multiplies such numbers, and `readingPrecision` says it of others. With int8
  /// the floats of a matrix leave memory, unless tokens are looked up in it.
  public func compress(to format: CompactWeights.Format) {
    let arena = Arena()
    for parameter in parameters.parameters where parameter.role == .matrix || parameter === ownHead
    {
      parameter.compress(to: format, keepsValues: parameter === embedding, in: arena)
    }
  }

  /// Bytes of parameters that decoding one token reads: all but the tables of tokens and positions.
  public var decodingBytes: Int {
    let tables = parameters.parameters.reduce(0) {
      $1.role == .embedding && $1 !== ownHead ? $0 + $1.count : $0
    }
    let all = (parameters.parameterCount - tables) * MemoryLayout<Float>.stride
    return parameters.parameters.reduce(all) { bytes, parameter in
      guard let compact = parameter.compact else { return bytes }
      return bytes - 4 * parameter.count + compact.byteCount
    }
  }

  /// Natural log-probabilities of `targets`, each given the tokens of its sequence up to its place.
  ///
  /// - Returns: `sequences × length` values.
  public func logProbabilities(of targets: [Token], after inputs: [Token], sequences: Int)
    -> [Float]
  {
    precondition(part.stages == nil, "A stage has no losses; see `stageLogProbabilities`.")
    let tape = plainTape
    defer { tape.reset() }
    let x = stream(inputs, sequences: sequences, on: tape)
    return losses(of: x, targets: targets, gradientScale: 0).map { -$0 }
  }

  /// Appends tokens to a cache and returns the logits of what follows.
  ///
  /// - Parameter tokens: `cache.sequences × n`, sequence after sequence.
  /// - Returns: `cache.sequences × vocabularySize` logits, soft-capped if the family does so.
  public func nextLogits(after tokens: [Token], cache: KVCache) -> [Float] {
    precondition(part.shard.isWhole, "A part of a model says nothing about what follows.")
    let tape = plainTape
    defer { tape.reset() }
    let sequences = cache.sequences
    let length = tokens.count / sequences
    let vocabulary = head.rows
    let x = stream(tokens, sequences: sequences, on: tape, cache: cache)
    let last = tape.tensor(rows: sequences, columns: x.columns)
    for sequence in 0..<sequences {
      (last.value + sequence * x.columns)
        .update(from: x.value + ((sequence + 1) * length - 1) * x.columns, count: x.columns)
    }
    let hidden = normalized(last)
    let cap = configuration.softCap
    return [Float](unsafeUninitializedCapacity: sequences * vocabulary) { buffer, count in
      guard let logits = buffer.baseAddress else { return }
      head.multiply(hidden.value, rows: sequences, into: logits)
      if cap > 0 { kernels.softCap(logits, cap: cap, count: sequences * vocabulary) }
      count = sequences * vocabulary
    }
  }

  /// Calls `body` with the logits of a window's rows, block after block, soft cap applied.
  ///
  /// - Parameter body: takes the index of the first row, the number of rows, and
  ///   `rows × vocabularySize` logits that it may overwrite.
  func forEachBlockOfLogits(
    after inputs: [Token], sequences: Int,
    _ body: (_ firstRow: Int, _ rows: Int, _ logits: MutableFloats) -> Void
  ) {
    let tape = plainTape
    defer { tape.reset() }
    let x = hidden(inputs, sequences: sequences, on: tape)
    let vocabulary = head.rows
    let blockRows = min(x.rows, max(1, (1 << 21) / vocabulary))
    let logits = tape.floats(blockRows * vocabulary)
    for start in stride(from: 0, to: x.rows, by: blockRows) {
      let rows = min(blockRows, x.rows - start)
      head.multiply(
        x.value + start * x.columns, rows: rows, into: logits, precision: tape.precision)
      let cap = configuration.softCap
      if cap > 0 { kernels.softCap(logits, cap: cap, count: rows * vocabulary) }
      body(start, rows, logits)
    }
  }
}
