/// The loss: output head, softmax and cross-entropy in blocks of rows, so that all logits never exist.

import Kernels
import Machine

extension Tensor {
  /// The rows whose logits exist at once: all in blocks of equal length, of 96 MiB or 256 rows at most.
  ///
  /// More than a cache holds: every block packs the head's weights again and adds to its gradient, which
  /// costs more than to fetch logits from memory.
  public static func lossRows(of rows: Int, vocabulary: Int) -> Int {
    let most = max(256, (3 << 23) / vocabulary / 32 * 32)
    let blocks = max(1, (rows + most - 1) / most)
    return min(rows, (rows + 32 * blocks - 1) / (32 * blocks) * 32)
  }

  /// Cross-entropy of the next tokens, `−ln softmax(cap(x · headᵀ))[target]`, in nats.
  ///
  /// The loss is a root of the tape: its gradient needs nothing from later, so it is computed here,
  /// block by block, while the block's logits are in cache (as Liger and arXiv 2411.09009 do on
  /// other hardware). On a recording tape the gradients of `head` and of this tensor are complete
  /// when this returns; call `backward()` next.
  ///
  /// - Parameters:
  ///   - head: `vocabulary × columns`.
  ///   - targets: one token a row; `UInt32.max` marks a row that does not count.
  ///   - softCap: `c` of `c · tanh(logit / c)`; 0 for none.
  ///   - gradientScale: the factor of the gradient of the *sum* of losses.
  ///   - part: the tokens of `head`, where processes divide the vocabulary, or nil. All get the same
  ///     losses: three numbers a row are sent, and this tensor's gradient is summed; logits are not.
  ///   - sample: the tokens that stand for the whole vocabulary, or nil; for tapes that record, and
  ///     undivided vocabularies.
  /// - Returns: `rows` losses.
  /// - Complexity: `6 · rows · columns · vocabulary` FLOPs, a third without recording; memory for a
  ///   block of logits of `lossRows` rows, less without recording. With a sample its tokens and the
  ///   targets are the vocabulary.
  public func crossEntropy(
    head: Parameter, targets: [UInt32], softCap: Float, gradientScale: Float,
    part: VocabularyPart? = nil, sample: VocabularySample? = nil
  ) -> [Float] {
    precondition(targets.count == rows, "Every row needs a target.")
    for target in targets where target != .max {
      precondition(
        Int(target) < part?.vocabulary ?? head.rows,
        "Target \(target) is outside the vocabulary.")
    }
    if tape.isRecording {
      precondition(gradient == nil, "The input of the loss has no other reader.")
      gradient = tape.borrow(count)
      tape.willContribute(to: head)
    }
    var losses: [Float]
    if let sample {
      precondition(tape.isRecording && part == nil, "A sample is for training a whole vocabulary.")
      losses = sampledCrossEntropy(
        head: head, targets: targets, softCap: softCap, gradientScale: gradientScale, sample)
    } else if !tape.isRecording, part == nil, head.compact == nil {
      losses = streamedCrossEntropy(head: head, targets: targets, softCap: softCap)
    } else {
      let output = LossOutput(
        matrix: head.value, gradient: head.gradient, tokens: head.rows, part: part,
        keepsGradient: tape.isRecording && head.keepsGradient(), compact: head,
        capacity: part?.mostTokens ?? head.rows)
      losses = crossEntropy(output, targets, softCap: softCap, gradientScale: gradientScale)
    }
    putAside()
    if tape.isRecording {
      if let gradient { part?.group.sum(gradient, count: count) }
      tape.didContribute(to: head)
    }
    return losses
  }

  /// Losses by an output matrix, and on a recording tape all gradients, block by block.
  func crossEntropy(
    _ output: LossOutput, _ targets: [UInt32], softCap: Float, gradientScale: Float
  ) -> [Float] {
    let blockRows = Self.lossRows(of: rows, vocabulary: output.capacity)
    let logits = tape.borrow(blockRows * output.capacity)
    defer { tape.giveBack(logits, blockRows * output.capacity) }
    var output = output
    var losses = [Float](repeating: 0, count: rows)
    losses.withUnsafeMutableBufferPointer { losses in
      targets.withUnsafeBufferPointer { targets in
        guard let losses = losses.baseAddress, let targets = targets.baseAddress else { return }
        for start in stride(from: 0, to: rows, by: blockRows) {
          block(
            rows: start..<min(start + blockRows, rows), output, targets: targets,
            softCap: softCap, gradientScale: gradientScale, logits: logits, losses: losses)
          output.keepsGradient = true
        }
      }
    }
    return losses
  }

  private func block(
    rows: Range<Int>, _ output: LossOutput, targets: UnsafePointer<UInt32>, softCap: Float,
    gradientScale: Float, logits: MutableFloats, losses: MutableFloats
  ) {
    let vocabulary = output.tokens
    let input = value + rows.lowerBound * columns
    let matrixFloats = vocabulary * columns
    let flops = 2 * rows.count * matrixFloats
    let floats = rows.count * columns + matrixFloats + rows.count * vocabulary
    tape.measure("head", flops: flops, floats: floats) {
      output.multiply(input, rows: rows.count, columns: columns, into: logits, tape.precision)
    }
    let scale: Float? = tape.isRecording ? gradientScale : nil
    tape.measure("cross-entropy", floats: 2 * rows.count * vocabulary) {
      if let part = output.part {
        part.crossEntropy(
          logits, rows: rows.count, targets: targets + rows.lowerBound, softCap: softCap,
          gradientScale: scale, losses: losses + rows.lowerBound)
        return
      }
      Workers.shared.share((rows.count + 7) / 8) { piece in
        let start = 8 * piece
        let (x, count) = (logits + start * vocabulary, min(8, rows.count - start))
        let (targets, losses) = (
          targets + rows.lowerBound + start, losses + rows.lowerBound + start
        )
        if let offsets = output.offsets {
          kernels.sampledCrossEntropy(
            x, rows: count, vocabulary: vocabulary, targets: targets, offsets: offsets,
            softCap: softCap, gradientScale: gradientScale, losses: losses)
        } else {
          kernels.crossEntropy(
            x, rows: count, vocabulary: vocabulary, targets: targets, softCap: softCap,
            gradientScale: scale, losses: losses)
        }
      }
    }
    guard let gradient else { return }
    tape.profile?.isBackward = true
    tape.measure("head, input", flops: flops, floats: floats) {
      MatrixProduct.multiply(
        logits, stride: vocabulary, output.matrix, stride: columns,
        into: gradient + rows.lowerBound * columns, stride: columns,
        rows: rows.count, columns: columns, inner: vocabulary, precision: tape.precision)
    }
    tape.measure("head, weights", flops: flops, floats: floats + matrixFloats) {
      MatrixProduct.multiply(
        logits, .transposed, stride: vocabulary, input, stride: columns,
        into: output.gradient, stride: columns,
        rows: vocabulary, columns: columns, inner: rows.count,
        addend: output.keepsGradient ? Floats(output.gradient) : nil, precision: tape.precision)
    }
    tape.profile?.isBackward = false
  }
}

/// The matrix that a loss multiplies by: a head, or some of its rows.
struct LossOutput {
  /// `tokens × columns`.
  var matrix: Floats
  /// Sums of the gradient of `matrix`.
  var gradient: MutableFloats
  /// Rows of `matrix`.
  var tokens: Int
  /// The tokens of the matrix, where processes divide the vocabulary.
  var part: VocabularyPart?
  /// How often each token counts, as `sampledCrossEntropy` of a kernel set takes it; nil for once.
  var offsets: Floats?
  /// Whether the gradient holds a sum already.
  var keepsGradient: Bool
  /// The head itself, which may have its values in fewer bytes.
  var compact: Parameter?
  /// The most tokens that such a matrix has, in this process or another: buffers of one length serve
  /// all of them, and all take the same rows at a time.
  var capacity: Int

  /// `logits = x · matrixᵀ`
  func multiply(
    _ x: Floats, rows: Int, columns: Int, into logits: MutableFloats, _ precision: Precision
  ) {
    if let compact {
      compact.multiply(x, rows: rows, into: logits, precision: precision)
    } else {
      MatrixProduct.multiply(
        x, stride: columns, matrix, .transposed, stride: columns, into: logits, stride: tokens,
        rows: rows, columns: tokens, inner: columns, precision: precision)
    }
  }
}
