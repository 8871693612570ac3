/// Cross-entropy where each of several processes has the logits of a part of the vocabulary.

import Distributed
import Glibc
import Kernels
import Machine

/// This process's part of a vocabulary that several divide, in runs of nearly equal length.
public struct VocabularyPart: Sendable {
  /// The processes.
  public let group: SumGroup
  /// Tokens of the whole vocabulary.
  public let vocabulary: Int
  /// The tokens whose rows this process has.
  public let tokens: Range<Int>

  /// The part of this process of `group`.
  public init(of vocabulary: Int, among group: SumGroup) {
    self.group = group
    self.vocabulary = vocabulary
    tokens =
      vocabulary * group.rank / group.size..<vocabulary * (group.rank + 1) / group.size
  }

  /// Tokens of the largest part.
  var mostTokens: Int { (vocabulary + group.size - 1) / group.size }

  /// Losses of `rows` rows, and the gradient in place of this part's logits if `gradientScale` is
  /// not nil.
  ///
  /// Every process sends the largest logit, the sum of exponentials and the target's logit of its
  /// part; each puts them together in the order of the parts: `lse = m + ln Σ sₚ e^(mₚ − m)`.
  func crossEntropy(
    _ logits: MutableFloats, rows: Int, targets: UnsafePointer<UInt32>,
    softCap: Float, gradientScale: Float?, losses: MutableFloats
  ) {
    let own = tokens
    let vocabulary = own.count
    // Largest logits, sums, logits of targets (0 where another process has them).
    var parts = [Float](repeating: 0, count: 3 * rows)
    parts.withUnsafeMutableBufferPointer { parts in
      guard let parts = parts.baseAddress else { return }
      Workers.shared.share((rows + 7) / 8) { (piece: Int) in
        let start = 8 * piece
        kernels.exponentialSums(
          logits + start * vocabulary, rows: min(8, rows - start), vocabulary: vocabulary,
          softCap: softCap, offsets: nil, largest: parts + start, sums: parts + rows + start)
      }
      for row in 0..<rows where own.contains(Int(targets[row])) {
        parts[2 * rows + row] = logits[row * vocabulary + Int(targets[row]) - own.lowerBound]
      }
    }
    let all = group.gather(parts, count: 3 * rows)
    var shifts = [Float](repeating: 0, count: rows)
    var factors = [Float](repeating: 0, count: rows)
    for row in 0..<rows where targets[row] != .max {
      var largest = -Float.infinity
      for part in 0..<group.size { largest = max(largest, all[3 * rows * part + row]) }
      var total = 0.0
      var targetLogit: Float = 0
      for part in 0..<group.size {
        let base = 3 * rows * part + row
        total += Double(all[base + rows]) * exp(Double(all[base] - largest))
        targetLogit += all[base + 2 * rows]
      }
      losses[row] = Float(Double(largest) - Double(targetLogit) + log(total))
      shifts[row] = largest
      factors[row] = Float(Double(gradientScale ?? 0) / total)
    }
    for row in 0..<rows where targets[row] == .max { losses[row] = 0 }
    guard let gradientScale else { return }
    Workers.shared.share((rows + 7) / 8) { (piece: Int) in
      let start = 8 * piece
      let count = min(8, rows - start)
      shifts.withUnsafeBufferPointer { shifts in
        factors.withUnsafeBufferPointer { factors in
          guard let shifts = shifts.baseAddress, let factors = factors.baseAddress else { return }
          kernels.exponentialGradient(
            logits + start * vocabulary, rows: count, vocabulary: vocabulary, softCap: softCap,
            offsets: nil, shifts: shifts + start, factors: factors + start)
        }
      }
      for row in start..<start + count where own.contains(Int(targets[row])) {
        let ratio = softCap > 0 ? all[3 * rows * group.rank + 2 * rows + row] / softCap : 0
        logits[row * vocabulary + Int(targets[row]) - own.lowerBound] -=
          gradientScale * (1 - ratio * ratio)
      }
    }
  }
}
