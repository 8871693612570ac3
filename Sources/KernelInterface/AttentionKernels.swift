/// The contract of attention: one head forward and back, in tiles, without all scores at once.

/// Causal attention and its gradient, one conformer for every format of numbers that products round to.
///
/// Every kernel is serial and touches only what its arguments name.
public protocol AttentionKernels: Sendable {
  /// The scratch floats that one call of either attention kernel needs for these sizes.
  static func attentionScratchCount(queries: Int, keys: Int, headWidth: Int) -> Int

  /// Causal attention of one head, in tiles, never holding `queries × keys` scores.
  ///
  /// Query `i` sees keys `0...(keys − queries + i)`: `keys > queries` means that the first
  /// `keys − queries` are cached. Softmax is computed online (arXiv 1805.02867, 2205.14135).
  /// A value that is not a number reaches every later query, and up to 63 earlier ones.
  ///
  /// - Parameters:
  ///   - query: `queries × headWidth`, rows `queryStride` apart; likewise `key`, `value`, `output`.
  ///   - scale: factor of the scores, usually `1/√headWidth`.
  ///   - logSumExp: receives `queries` values, for the backward pass; nil if that is not wanted.
  ///   - scratch: `attentionScratchCount` floats.
  static func attention(
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, output: MutableFloats, outputStride: Int,
    queries: Int, keys: Int, headWidth: Int, scale: Float,
    logSumExp: MutableFloats?, scratch: MutableFloats)

  /// The gradient of `attention` (`keys == queries`): recomputes scores tile by tile.
  ///
  /// Writes `dQuery`; writes `dKey` and `dValue`, or adds to them if `keepKeyValue` (query heads
  /// that share a key head). Strides of gradients equal `dQueryStride`, `dKeyStride`, ….
  static func attentionBackward(
    dOutput: Floats, dOutputStride: Int, output: Floats, outputStride: Int,
    query: Floats, queryStride: Int, key: Floats, keyStride: Int,
    value: Floats, valueStride: Int, logSumExp: Floats,
    dQuery: MutableFloats, dQueryStride: Int, dKey: MutableFloats, dKeyStride: Int,
    dValue: MutableFloats, dValueStride: Int, keepKeyValue: Bool,
    length: Int, headWidth: Int, scale: Float, scratch: MutableFloats)
}
