/// Dropout on a branch of the residual stream (Srivastava et al. 2014).

import Kernels
import Machine

/// How much is dropped, and which values in this step.
public struct Dropout: Sendable {
  /// The share of the values that become 0; the others grow by 1 / (1 − share).
  public let share: Float
  private var key: UInt64

  /// Dropout whose masks follow from `seed` and `step` alone.
  public init(share: Float, seed: UInt64, step: Int) {
    precondition((0..<1).contains(share), "Something must be left.")
    self.share = share
    key = mixBits(seed ^ mixBits(UInt64(step) &+ 0x0d07))
  }

  /// What is left for a part of a model whose earlier parts, in other processes, take `masks` masks.
  public func skipping(_ masks: Int) -> Dropout {
    var rest = self
    for _ in 0..<masks { _ = rest.next() }
    return rest
  }

  /// The key of the next mask.
  mutating func next() -> UInt32 {
    key = mixBits(key &+ 0x9e37_79b9_7f4a_7c15)
    return UInt32(truncatingIfNeeded: key >> 32)
  }
}

extension Tensor {
  /// `residual + dropout(self)`, or `dropout(self)` alone, with the tape's next mask.
  ///
  /// The mask is computed again on the way back, and does not depend on the number of threads. On a
  /// tape that does not record, the result overwrites `residual` and shares its memory.
  public func dropped(residual: Tensor? = nil) -> Tensor {
    guard let (share, key) = tape.nextDropout() else {
      preconditionFailure("A tape without dropout drops nothing.")
    }
    let x = self
    let y: Tensor
    if let residual, !tape.isRecording {
      y = residual
    } else {
      y = tape.tensor(rows: rows, columns: columns)
    }
    Workers.shared.divide(count, alignment: 1024) { range, _ in
      let start = range.lowerBound
      kernels.dropout(
        value + start, residual: residual.map { Floats($0.value + start) }, into: y.value + start,
        count: range.count, first: UInt32(truncatingIfNeeded: start), key: key, share: share)
    }
    tape.record(y) { [unowned y] dy in
      x.receive { dx, keep in
        Workers.shared.divide(x.count, alignment: 1024) { range, _ in
          let start = range.lowerBound
          kernels.dropout(
            dy + start, residual: keep ? Floats(dx + start) : nil, into: dx + start,
            count: range.count, first: UInt32(truncatingIfNeeded: start), key: key, share: share)
        }
      }
      residual?.adoptGradient(of: y)
    }
    return y
  }
}
