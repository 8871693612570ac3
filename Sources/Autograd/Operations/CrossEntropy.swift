/// The loss: output head, softmax and cross-entropy in blocks of rows, so that all logits never exist.

import Kernels
import Machine

extension Tensor {
  /// The most rows whose logits exist at once: 64 MiB of them, or 256 rows.
  ///
  /// More than a cache holds: every block packs the head's weights again and adds to its gradient, which
  /// costs more than to fetch logits from memory.
  public static func lossRows(vocabulary: Int) -> Int {
    max(256, (1 << 24) / vocabulary / 32 * 32)
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
  /// - Returns: `rows` losses.
  /// - Complexity: `6 · rows · columns · vocabulary` FLOPs, a third without recording; memory for a
  ///   block of logits of `lossRows` rows.
  public func crossEntropy(
    head: Parameter, targets: [UInt32], softCap: Float, gradientScale: Float,
    part: VocabularyPart? = nil
  ) -> [Float] {
    precondition(targets.count == rows, "Every row needs a target.")
    let vocabulary = head.rows
    for target in targets where target != .max {
      precondition(
        Int(target) < part?.vocabulary ?? vocabulary,
        "Target \(target) is outside the vocabulary.")
    }
    // Processes with parts of unequal size take the same rows at a time.
    let most = part?.mostTokens ?? vocabulary
    let blockRows = min(rows, Self.lossRows(vocabulary: most))
    let logits = tape.borrow(blockRows * vocabulary)
    defer { tape.giveBack(logits, blockRows * vocabulary) }
    if tape.isRecording {
      precondition(gradient == nil, "The input of the loss has no other reader.")
      gradient = tape.borrow(count)
      tape.willContribute(to: head)
    }
    var losses = [Float](repeating: 0, count: rows)
    losses.withUnsafeMutableBufferPointer { losses in
      targets.withUnsafeBufferPointer { targets in
        guard let losses = losses.baseAddress, let targets = targets.baseAddress else { return }
        for start in stride(from: 0, to: rows, by: blockRows) {
          block(
            rows: start..<min(start + blockRows, rows), head: head, targets: targets,
            softCap: softCap, gradientScale: gradientScale, logits: logits, losses: losses,
            part: part)
        }
      }
    }
    putAside()
    if tape.isRecording {
      if let gradient { part?.group.sum(gradient, count: count) }
      tape.didContribute(to: head)
    }
    return losses
  }

  private func block(
    rows: Range<Int>, head: Parameter, targets: UnsafePointer<UInt32>, softCap: Float,
    gradientScale: Float, logits: MutableFloats, losses: MutableFloats, part: VocabularyPart?
  ) {
    let vocabulary = head.rows
    let input = value + rows.lowerBound * columns
    let flops = 2 * rows.count * head.count
    let floats = rows.count * columns + head.count + rows.count * vocabulary
    tape.measure("head", flops: flops, floats: floats) {
      head.multiply(input, rows: rows.count, into: logits, precision: tape.precision)
    }
    let scale: Float? = tape.isRecording ? gradientScale : nil
    tape.measure("cross-entropy", floats: 2 * rows.count * vocabulary) {
      if let part {
        part.crossEntropy(
          logits, rows: rows.count, targets: targets + rows.lowerBound, softCap: softCap,
          gradientScale: scale, losses: losses + rows.lowerBound)
        return
      }
      Workers.shared.share((rows.count + 7) / 8) { piece in
        let start = 8 * piece
        kernels.crossEntropy(
          logits + start * vocabulary, rows: min(8, rows.count - start), vocabulary: vocabulary,
          targets: targets + rows.lowerBound + start, softCap: softCap,
          gradientScale: scale, losses: losses + rows.lowerBound + start)
      }
    }
    guard let gradient else { return }
    tape.profile?.isBackward = true
    tape.measure("head, input", flops: flops, floats: floats) {
      MatrixProduct.multiply(
        logits, stride: vocabulary, head.value, stride: columns,
        into: gradient + rows.lowerBound * columns, stride: columns,
        rows: rows.count, columns: columns, inner: vocabulary, precision: tape.precision)
    }
    tape.measure("head, weights", flops: flops, floats: floats + head.count) {
      MatrixProduct.multiply(
        logits, .transposed, stride: vocabulary, input, stride: columns,
        into: head.gradient, stride: columns,
        rows: vocabulary, columns: columns, inner: rows.count,
        addend: head.keepsGradient() ? Floats(head.gradient) : nil, precision: tape.precision)
    }
    tape.profile?.isBackward = false
  }
}
