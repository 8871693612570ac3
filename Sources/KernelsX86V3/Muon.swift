/// What Muon does to a matrix beside products: momentum, the step itself, and mirroring.

import CVectors
import KernelInterface

extension VectorKernels {
  /// Nesterov's momentum: with `g = gradientScale · gradient`, `mean = β·mean + (1−β)g` and
  /// `direction = β·mean + (1−β)g`.
  public static func addMomentum(
    of gradient: Floats, gradientScale: Float, beta: Float, to mean: MutableFloats,
    into direction: MutableFloats, count: Int
  ) {
    let share = every((1 - beta) * gradientScale)
    let memory = every(beta)
    var index = 0
    while index < count {
      let rest = count - index
      let news = share * load(gradient + index, rest)
      let now = news.addingProduct(memory, load(mean + index, rest))
      store(now, to: mean + index, rest)
      store(news.addingProduct(memory, now), to: direction + index, rest)
      index += laneCount
    }
  }

  /// `p = (1 − decay)p + factor · direction`; if `isCautious`, only those values decay that
  /// `factor · direction` brings nearer to 0 as well, or beyond it (arXiv 2510.12402).
  public static func move(
    _ parameters: MutableFloats, along direction: Floats, by factor: Float, decay: Float,
    isCautious: Bool, count: Int
  ) {
    let (ones, zeros) = (every(1), every(0))
    let (factors, shrink) = (every(factor), every(1 - decay))
    var index = 0
    while index < count {
      let rest = count - index
      let old = load(parameters + index, rest)
      let step = factors * load(direction + index, rest)
      let kept = isCautious ? ones.replacing(with: shrink, where: old * step .< zeros) : shrink
      store(step.addingProduct(kept, old), to: parameters + index, rest)
      index += laneCount
    }
  }

  /// Copies the elements below the diagonal to their places above it; rows `side` apart.
  public static func mirror(_ matrix: MutableFloats, side: Int) {
    let whole = side / 8 * 8
    var row = 0
    while row < whole {
      var column = 0
      while column < row {
        vectors_transpose(
          matrix + row * side + column, side, 8, matrix + column * side + row, side)
        column += 8
      }
      for other in row..<row + 8 {
        for column in row..<other { matrix[column * side + other] = matrix[other * side + column] }
      }
      row += 8
    }
    for row in whole..<side {
      for column in 0..<row { matrix[column * side + row] = matrix[row * side + column] }
    }
  }
}
