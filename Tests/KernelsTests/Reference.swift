/// The slow truth of every kernel: plain loops in double precision.

import Glibc

/// Kernels as their formulas read.
enum Reference {
  static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  // MARK: Normalization of one row

  static func rmsNorm(_ x: [Double], weight: [Double]?, epsilon: Double) -> [Double] {
    let inverse = 1 / (dot(x, x) / Double(x.count) + epsilon).squareRoot()
    return x.indices.map { x[$0] * inverse * (weight?[$0] ?? 1) }
  }

  static func layerNorm(
    _ x: [Double], weight: [Double], bias: [Double], epsilon: Double
  ) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    let inverse = 1 / (variance + epsilon).squareRoot()
    return x.indices.map { (x[$0] - mean) * inverse * weight[$0] + bias[$0] }
  }

  // MARK: One head of one row

  static func prepareHead(
    _ x: [Double], normalize: Bool, weight: [Double]?, epsilon: Double,
    cosine: [Double]?, sine: [Double]?
  ) -> [Double] {
    let y = normalize ? rmsNorm(x, weight: weight, epsilon: epsilon) : x
    guard let cosine, let sine else { return y }
    let half = x.count / 2
    return (0..<half).map { y[$0] * cosine[$0] - y[half + $0] * sine[$0] }
      + (0..<half).map { y[half + $0] * cosine[$0] + y[$0] * sine[$0] }
  }

  // MARK: Attention of one head; matrices are arrays of rows

  static func attention(
    query: [[Double]], key: [[Double]], value: [[Double]], scale: Double
  ) -> (output: [[Double]], logSumExp: [Double], weights: [[Double]]) {
    var output: [[Double]] = []
    var logSumExp: [Double] = []
    var weights: [[Double]] = []
    for (row, q) in query.enumerated() {
      let visible = key.count - query.count + row + 1
      let scores = key[..<visible].map { scale * dot(q, $0) }
      let top = scores.max() ?? 0
      let total = scores.reduce(0) { $0 + exp($1 - top) }
      let p = scores.map { exp($0 - top) / total }
      output.append(
        q.indices.map { column in
          zip(p, value).reduce(0) { $0 + $1.0 * $1.1[column] }
        })
      logSumExp.append(top + log(total))
      weights.append(p)
    }
    return (output, logSumExp, weights)
  }

  static func attentionBackward(
    dOutput: [[Double]], query: [[Double]], key: [[Double]], value: [[Double]], scale: Double
  ) -> (dQuery: [[Double]], dKey: [[Double]], dValue: [[Double]]) {
    let (output, _, weights) = attention(query: query, key: key, value: value, scale: scale)
    let zero = [[Double]](
      repeating: [Double](repeating: 0, count: query[0].count), count: query.count)
    var (dQuery, dKey, dValue) = (zero, zero, zero)
    for i in query.indices {
      let delta = dot(dOutput[i], output[i])
      for j in 0...i {
        let slope = weights[i][j] * (dot(dOutput[i], value[j]) - delta) * scale
        for c in query[i].indices {
          dQuery[i][c] += slope * key[j][c]
          dKey[j][c] += slope * query[i][c]
          dValue[j][c] += weights[i][j] * dOutput[i][c]
        }
      }
    }
    return (dQuery, dKey, dValue)
  }

  // MARK: Activations

  static func gelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static func squaredReLU(_ x: Double) -> Double { max(x, 0) * max(x, 0) }

  static func swiGLU(gate: Double, up: Double) -> Double { gate / (1 + exp(-gate)) * up }

  // MARK: Softmax and cross-entropy of one row

  static func softmax(_ x: [Double]) -> [Double] {
    let top = x.max() ?? 0
    let powers = x.map { exp($0 - top) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  static func crossEntropy(_ logits: [Double], target: Int, softCap: Double) -> Double {
    let x = softCap > 0 ? logits.map { softCap * tanh($0 / softCap) } : logits
    let top = x.max() ?? 0
    return top + log(x.reduce(0) { $0 + exp($1 - top) }) - x[target]
  }

  static func crossEntropyGradient(_ logits: [Double], target: Int, softCap: Double) -> [Double] {
    let x = softCap > 0 ? logits.map { softCap * tanh($0 / softCap) } : logits
    var gradient = softmax(x)
    gradient[target] -= 1
    guard softCap > 0 else { return gradient }
    return x.indices.map { gradient[$0] * (1 - (x[$0] / softCap) * (x[$0] / softCap)) }
  }

  // MARK: Matrix product

  static func product(
    rows: Int, columns: Int, inner: Int, _ a: (Int, Int) -> Double, _ b: (Int, Int) -> Double
  ) -> [Double] {
    var c: [Double] = []
    for row in 0..<rows {
      for column in 0..<columns {
        c.append((0..<inner).reduce(0) { $0 + a(row, $1) * b($1, column) })
      }
    }
    return c
  }
}
