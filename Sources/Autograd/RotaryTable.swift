/// The cosines and sines of rotary positions, computed once.

import Glibc
import Kernels
import Machine

/// `positions × headWidth / 2` angles of RoPE (arXiv 2104.09864).
public final class RotaryTable: @unchecked Sendable {
  private let arena: Arena
  /// Positions the table holds.
  public let positions: Int
  /// Angles of a position.
  public let halfWidth: Int
  /// Row `p`: `cos(p · θ^(−2i / headWidth))`.
  public let cosine: Floats
  /// Row `p`: `direction · sin(p · θ^(−2i / headWidth))`.
  public let sine: Floats

  /// Computes the table in double precision.
  ///
  /// - Parameter direction: 1 turns as LLaMA does, −1 as nanochat does.
  public init(positions: Int, headWidth: Int, theta: Double, direction: Float = 1) {
    arena = Arena(capacity: max(1, positions) * headWidth * 4 + 4096)
    self.positions = positions
    halfWidth = headWidth / 2
    let cosine = arena.floats(positions * halfWidth)
    let sine = arena.floats(positions * halfWidth)
    for index in 0..<halfWidth {
      // PyTorch holds the frequency in float32, and so do all models trained with it.
      let frequency = Float(1 / pow(theta, Double(2 * index) / Double(headWidth)))
      for position in 0..<positions {
        let angle = Float(position) * frequency
        cosine[position * halfWidth + index] = cos(angle)
        sine[position * halfWidth + index] = direction * sin(angle)
      }
    }
    self.cosine = Floats(cosine)
    self.sine = Floats(sine)
  }
}
