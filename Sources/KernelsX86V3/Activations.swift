/// The nonlinearities of the feed-forward layer, and their derivatives.

import KernelInterface

extension VectorKernels {
  /// `y = gelu(x)`, tanh form: `½x(1 + tanh(√(2/π)(x + 0.044715x³)))` (arXiv 1606.08415).
  public static func gelu(_ x: Floats, into y: MutableFloats, count: Int) {
    var index = 0
    while index + laneCount <= count {
      store(geluLanes(load(x + index)), to: y + index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 { store(geluLanes(load(x + index, rest)), to: y + index, rest) }
  }

  /// `dx = dy · gelu'(x)`; `dx` may be `dy`.
  public static func geluBackward(_ dy: Floats, x: Floats, into dx: MutableFloats, count: Int) {
    var index = 0
    while index + laneCount <= count {
      store(load(dy + index) * geluDerivative(load(x + index)), to: dx + index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 {
      let derivative = geluDerivative(load(x + index, rest))
      store(load(dy + index, rest) * derivative, to: dx + index, rest)
    }
  }

  /// `y = max(x, 0)²` (arXiv 2109.08668).
  public static func squaredReLU(_ x: Floats, into y: MutableFloats, count: Int) {
    var index = 0
    while index + laneCount <= count {
      let positive = maximum(load(x + index), Lanes())
      store(positive * positive, to: y + index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 {
      let positive = maximum(load(x + index, rest), Lanes())
      store(positive * positive, to: y + index, rest)
    }
  }

  /// `dx = dy · 2 max(x, 0)`; `dx` may be `dy`.
  public static func squaredReLUBackward(
    _ dy: Floats, x: Floats, into dx: MutableFloats, count: Int
  ) {
    var index = 0
    while index + laneCount <= count {
      let positive = maximum(load(x + index), Lanes())
      store(load(dy + index) * (positive + positive), to: dx + index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 {
      let positive = maximum(load(x + index, rest), Lanes())
      store(load(dy + index, rest) * (positive + positive), to: dx + index, rest)
    }
  }

  /// SwiGLU (arXiv 2002.05202): `y = silu(gate) · up` for rows `(gate | up)` of `2 · width`.
  public static func swiGLU(_ x: Floats, rows: Int, width: Int, into y: MutableFloats) {
    for row in 0..<rows {
      let gate = x + row * 2 * width
      let up = gate + width
      let y = y + row * width
      var index = 0
      while index < width {
        let rest = width - index
        let value = load(gate + index, rest)
        store(value * sigmoid(value) * load(up + index, rest), to: y + index, rest)
        index += laneCount
      }
    }
  }

  /// The gradient of `swiGLU`; writes rows `(dGate | dUp)` of `2 · width`.
  public static func swiGLUBackward(
    _ dy: Floats, x: Floats, rows: Int, width: Int, into dx: MutableFloats
  ) {
    for row in 0..<rows {
      let gate = x + row * 2 * width
      let up = gate + width
      let dGate = dx + row * 2 * width
      let dUp = dGate + width
      let dy = dy + row * width
      var index = 0
      while index < width {
        let rest = width - index
        let value = load(gate + index, rest)
        let incoming = load(dy + index, rest)
        let logistic = sigmoid(value)
        let swish = value * logistic
        // silu' = σ + x σ (1 − σ)
        let slope = logistic.addingProduct(swish, every(1) - logistic)
        let upValue = load(up + index, rest)
        store(incoming * upValue * slope, to: dGate + index, rest)
        store(incoming * swish, to: dUp + index, rest)
        index += laneCount
      }
    }
  }
}

/// `√(2/π) (x + 0.044715x³)`, doubled: `½(1 + tanh u)` is the logistic function of `2u`.
@inline(__always)
private func geluArgument(_ x: Lanes) -> Lanes {
  x * every(1.595_769_12).addingProduct(every(0.071_354_816), x * x)
}

@inline(__always)
private func geluLanes(_ x: Lanes) -> Lanes {
  x * sigmoid(geluArgument(x))
}

@inline(__always)
private func geluDerivative(_ x: Lanes) -> Lanes {
  let share = sigmoid(geluArgument(x))
  let slope = every(1.595_769_12).addingProduct(every(0.214_064_45), x * x)
  return share.addingProduct(x * slope, share * (every(1) - share))
}
