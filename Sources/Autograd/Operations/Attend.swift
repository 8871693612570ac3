/// Causal self-attention from one fused matrix of queries, keys and values.

import Kernels
import Machine

/// What attention needs to know besides its input.
public struct AttentionShape {
  /// Sequences in the batch; a row of the input is a token, sequence after sequence.
  public var sequences: Int
  /// New tokens of a sequence.
  public var length: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads; query heads `g · heads / keyValueHeads ..<` share head `g`.
  public var keyValueHeads: Int
  /// Width of a head.
  public var headWidth: Int
  /// The rotation of queries and keys, or nil.
  public var rotary: RotaryTable?
  /// Whether RMSNorm is applied to every query and key.
  public var normalizes: Bool
  /// The ε of that norm.
  public var epsilon: Float
  /// The weights of that norm, `headWidth` each, or nil for ones.
  public var queryNorm: Parameter?
  /// The weights of that norm, `headWidth` each, or nil for ones.
  public var keyNorm: Parameter?

  /// Describes attention over `sequences × length` tokens.
  public init(
    sequences: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int,
    rotary: RotaryTable? = nil, normalizes: Bool = false, epsilon: Float = 1e-6,
    queryNorm: Parameter? = nil, keyNorm: Parameter? = nil
  ) {
    self.sequences = sequences
    self.length = length
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.rotary = rotary
    self.normalizes = normalizes
    self.epsilon = epsilon
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
  }

  var isPrepared: Bool { rotary != nil || normalizes }
  var queryKeyHeads: Int { heads + keyValueHeads }
  var inputWidth: Int { (heads + 2 * keyValueHeads) * headWidth }
  var group: Int { heads / keyValueHeads }
  /// QK-normed heads are unit vectors times √headWidth, and the scale is the same.
  var scale: Float { 1 / Float(headWidth).squareRoot() }
}

/// One layer of a KV cache: keys and values of earlier tokens, `sequences × capacity` rows each.
public struct CachedLayer {
  /// Rows of `keyValueHeads · headWidth` floats; sequence `s`, token `t` is row `s · capacity + t`.
  public var keys: MutableFloats
  /// As `keys`.
  public var values: MutableFloats
  /// Tokens there is room for in a sequence.
  public var capacity: Int
  /// Tokens already there.
  public var count: Int
  /// What all sequences have in common before these rows, or nil.
  public var prefix: SharedPrefix?

  /// Names the memory of a layer.
  public init(
    keys: MutableFloats, values: MutableFloats, capacity: Int, count: Int,
    prefix: SharedPrefix? = nil
  ) {
    self.keys = keys
    self.values = values
    self.capacity = capacity
    self.count = count
    self.prefix = prefix
  }

  /// Tokens that a new one sees before itself.
  var past: Int { count + (prefix?.count ?? 0) }
}

extension Tensor {
  /// Causal attention over rows `(queries | keys | values)`; heads side by side in the result.
  ///
  /// Queries and keys are first normalised and rotated as `shape` says. With a cache, the new keys
  /// and values are appended to it (the caller moves its count) and the queries see all of it.
  ///
  /// - Complexity: about `2 · length² · headWidth` FLOPs a head, 3.5 times that with the way back;
  ///   memory for queries and keys once more if they are prepared, never `length²`.
  public func attend(_ shape: AttentionShape, cache: CachedLayer? = nil) -> Tensor {
    precondition(columns == shape.inputWidth, "Attention needs queries, keys and values.")
    precondition(rows == shape.sequences * shape.length, "Rows are sequences × length.")
    let past = cache?.past ?? 0
    let call = AttentionCall(
      shape: shape, input: self, prepared: prepare(shape, firstPosition: past), past: past)
    let y = tape.tensor(rows: rows, columns: shape.heads * shape.headWidth)
    let logSumExp = tape.isRecording ? tape.floats(shape.heads * rows) : nil
    if let cache { call.append(to: cache) }
    tape.measure("attention", flops: call.forwardFLOPs, floats: count + y.count) {
      if let cache, let prefix = cache.prefix {
        call.forward(into: y, behind: prefix, cache: cache)
      } else {
        call.forward(into: y, logSumExp: logSumExp, cache: cache)
      }
    }
    if let logSumExp {
      precondition(cache == nil, "A cache has no gradient.")
      tape.willContribute(to: shape.queryNorm, shape.keyNorm)
      tape.record(y) { [unowned y, unowned tape] dy in
        tape.measure(
          "attention", flops: call.forwardFLOPs / 2 * 5, floats: 2 * (call.input.count + y.count)
        ) {
          call.backward(dy, output: y, logSumExp: logSumExp)
        }
        tape.didContribute(to: shape.queryNorm, shape.keyNorm)
      }
    }
    return y
  }

  /// Normalised and rotated queries and keys, `(heads + keyValueHeads) · headWidth` wide.
  private func prepare(_ shape: AttentionShape, firstPosition: Int) -> PreparedHeads? {
    guard shape.isPrepared else { return nil }
    let prepared = PreparedHeads(shape, firstPosition: firstPosition, rows: rows, on: tape)
    tape.measure("head norm and rotation", floats: 2 * rows * prepared.stride) {
      Workers.shared.divide(rows) { range, _ in
        prepared.forEachRun(of: range) { part, run, cosine, sine in
          kernels.prepareHeads(
            value + run.lowerBound * columns + part.column, inputStride: columns,
            output: prepared.value + run.lowerBound * prepared.stride + part.column,
            outputStride: prepared.stride,
            rows: run.count, heads: part.heads, headWidth: shape.headWidth,
            normalize: shape.normalizes, weight: part.norm.map { Floats($0.value) },
            epsilon: shape.epsilon, inverseRMS: part.inverseRMS + run.lowerBound * part.heads,
            cosine: cosine, sine: sine)
        }
      }
    }
    return prepared
  }
}
