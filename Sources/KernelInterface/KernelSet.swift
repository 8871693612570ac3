/// The contract of the vectorised kernels, which are compiled once per instruction set.

/// A pointer to floats that a kernel reads.
public typealias Floats = UnsafePointer<Float>
/// A pointer to floats that a kernel writes.
public typealias MutableFloats = UnsafeMutablePointer<Float>

/// Arithmetic on float buffers; every conformer computes the same functions.
///
/// All matrices are row-major float32; a `stride` is the distance between rows in floats. Every
/// kernel is serial and touches only what its arguments name, so that a caller shares rows among
/// threads. Nothing needs to be aligned. Sums over more than a row's width are kept in several
/// lanes, in an order that depends on the sizes alone: equal arguments give equal bits.
public protocol KernelSet: PanelKernels, AttentionProducts {
  /// The instruction set, for people: "x86-64-v3 (AVX2)".
  static var name: String { get }

  // MARK: Vectors

  /// `y += x`
  static func add(_ x: Floats, to y: MutableFloats, count: Int)

  /// `z = x + y`
  static func add(_ x: Floats, _ y: Floats, into z: MutableFloats, count: Int)

  /// `y = factor · x`; `x` and `y` may be the same.
  static func scale(_ x: Floats, by factor: Float, into y: MutableFloats, count: Int)

  /// `Σ x[i] · y[i]`
  static func dot(_ x: Floats, _ y: Floats, count: Int) -> Float

  /// `Σ x[i]²`, summed in double precision across blocks of 4096; not finite if any `x[i]` is not.
  static func sumOfSquares(_ x: Floats, count: Int) -> Double

  /// `y[r] = dot(matrix row r, x) (+ y[r] if keep)` for `rows` rows: bound by memory bandwidth.
  static func matrixVector(
    _ matrix: Floats, rows: Int, columns: Int, _ x: Floats, into y: MutableFloats, keep: Bool)

  /// `sums[c] += Σ_r x[r][c]`, e.g. the gradient of a bias.
  static func addColumnSums(
    of x: Floats, rows: Int, columns: Int, to sums: MutableFloats)

  /// `y = residual + x · mask / (1 − share)` (`residual` nil: 0), where the mask is 0 for about
  /// `share` of the places. The mask of a place depends on `first` plus its index and on `key`
  /// alone, so that parts of an array can be done apart. `x`, `residual` and `y` may be the same.
  static func dropout(
    _ x: Floats, residual: Floats?, into y: MutableFloats, count: Int, first: UInt32, key: UInt32,
    share: Float)

  // MARK: Products of few rows with a matrix that is read once

  /// `y[r] = dot(matrix row r, x) (+ y[r] if keep)` for the rows `range` of a compact matrix.
  ///
  /// - Parameter x: `matrix.columns` values.
  static func matrixVector(
    _ matrix: CompactMatrix, rows range: Range<Int>, _ x: Floats, into y: MutableFloats, keep: Bool)

  /// The rows `range` of a compact matrix as floats, `matrix.columns` a row.
  static func widen(_ matrix: CompactMatrix, rows range: Range<Int>, into target: MutableFloats)

  /// `c[s][r] = dot(matrix row r, sample s) (+ bias[r]) (+ addend[s][r])`, the matrix read as it lies.
  ///
  /// - Parameters:
  ///   - matrix: `rows × columns`, rows `stride` apart.
  ///   - samples: packed by `packRight`: one panel, so `count` is at most `blockColumns`.
  ///   - addend: as `c`, or nil; may be `c`.
  ///   - c: `count` rows of `rows` values, `cStride` apart.
  ///   - scratch: `2 · blockRows · blockColumns` floats.
  static func multiplyThin(
    _ matrix: Floats, stride: Int, rows: Int, columns: Int, samples: Floats, count: Int,
    bias: Floats?, addend: Floats?, into c: MutableFloats, stride cStride: Int,
    scratch: MutableFloats)

  // MARK: Products of bytes

  /// Rounds a row of floats to bytes, 64 sharing a factor: a 127th of the largest.
  ///
  /// The factor is 0 where all are below 2^-100, and not a number where one is not finite, so that it
  /// is seen in every product.
  ///
  /// - Parameter rows: `x.columns` floats become its first row.
  static func roundToBytes(_ x: Floats, into rows: ByteRows)

  /// `c = x · panelᵀ (+ bias) (+ addend)` for rows of bytes and one panel, `rows × width`.
  ///
  /// Products are summed exactly within a group; `fused(sum · factor of x, factor of panel, c)` adds
  /// groups up in their order, starting from the addend and the bias. So every processor gives the
  /// same bits.
  ///
  /// - Parameters:
  ///   - x: `rows` rows of as many columns as the panels have.
  ///   - bias: `width` values added to every row, or nil.
  ///   - addend: `rows × width` values, rows `addendStride` apart, or nil; may be `c`.
  ///   - usesByteProducts: whether the processor has AVX512-VNNI.
  ///   - scratch: `BytePanels.scratchCount` floats.
  static func multiplyBytes(
    _ x: ByteRows, rows: Int, _ panels: BytePanels, panel: Int, bias: Floats?, addend: Floats?,
    addendStride: Int, into c: MutableFloats, stride: Int, usesByteProducts: Bool,
    scratch: MutableFloats)

  // MARK: Normalization (over rows of `width`)

  /// RMSNorm (arXiv 1910.07467): `y = x · r · weight` with `r = 1/√(mean x² + ε)`, saved per row.
  ///
  /// - Parameter weight: `width` factors, or nil for ones.
  static func rmsNorm(
    _ x: Floats, weight: Floats?, epsilon: Float, rows: Int, width: Int,
    into y: MutableFloats, inverseRMS: MutableFloats)

  /// The gradient of `rmsNorm`: writes `dx` (adds to it if `keep`), adds to `dWeight` if given.
  static func rmsNormBackward(
    _ dy: Floats, x: Floats, weight: Floats?, inverseRMS: Floats, rows: Int, width: Int,
    into dx: MutableFloats, keep: Bool, dWeight: MutableFloats?)

  /// LayerNorm (arXiv 1607.06450): `y = (x − mean) / √(variance + ε) · weight + bias`.
  static func layerNorm(
    _ x: Floats, weight: Floats, bias: Floats, epsilon: Float, rows: Int, width: Int,
    into y: MutableFloats, mean: MutableFloats, inverseDeviation: MutableFloats)

  /// The gradient of `layerNorm`: writes `dx` (adds to it if `keep`), adds to `dWeight`, `dBias`.
  static func layerNormBackward(
    _ dy: Floats, x: Floats, weight: Floats, mean: Floats, inverseDeviation: Floats,
    rows: Int, width: Int,
    into dx: MutableFloats, keep: Bool, dWeight: MutableFloats, dBias: MutableFloats)

  // MARK: Heads: normalization (optional), then rotation (optional)

  /// Prepares queries or keys: per row and head, RMSNorm over the head's width, then RoPE.
  ///
  /// RoPE (arXiv 2104.09864) in the half-split form: with `(a, b)` the two halves of a head,
  /// `a' = a·cos − b·sin`, `b' = b·cos + a·sin`. Row `r` uses row `r` of `cosine` and `sine`
  /// (`headWidth / 2` values each). `output` may be `input`, if no gradient is wanted.
  ///
  /// - Parameters:
  ///   - normalize: whether to apply RMSNorm; `weight` (`headWidth` factors, shared by the heads)
  ///     may be nil for ones; `inverseRMS` receives `rows × heads` values.
  ///   - cosine: nil for no rotation.
  static func prepareHeads(
    _ input: Floats, inputStride: Int, output: MutableFloats, outputStride: Int,
    rows: Int, heads: Int, headWidth: Int,
    normalize: Bool, weight: Floats?, epsilon: Float, inverseRMS: MutableFloats?,
    cosine: Floats?, sine: Floats?)

  /// The gradient of `prepareHeads`: writes `dInput`, adds to `dWeight` if given.
  static func prepareHeadsBackward(
    _ dOutput: Floats, dOutputStride: Int, input: Floats, inputStride: Int,
    dInput: MutableFloats, dInputStride: Int,
    rows: Int, heads: Int, headWidth: Int,
    normalize: Bool, weight: Floats?, inverseRMS: Floats?, dWeight: MutableFloats?,
    cosine: Floats?, sine: Floats?)

  // MARK: Attention

  /// Turns a tile of scores into weights `e^(score − maximum)`, and brings maxima, totals and the
  /// weighted sums of values so far to the new maxima.
  ///
  /// - Parameters:
  ///   - scores: `rows × keys`, rows 64 apart; score `(i, j)` is visible if `j ≤ i + diagonal`, and what
  ///     is not becomes 0.
  ///   - isFirst: whether there are no maxima, totals and sums yet.
  ///   - sums: `rows × width`, `width` a multiple of 16.
  static func updateSoftmax(
    _ scores: MutableFloats, rows: Int, keys: Int, diagonal: Int, isFirst: Bool,
    maxima: MutableFloats, totals: MutableFloats, sums: MutableFloats, width: Int)

  /// Turns a tile of scores into weights `P = e^(score − logSumExp)` and the slopes `dP` into
  /// `P ∘ (dP − δ)`, both 0 beyond the diagonal; tiles as in `updateSoftmax`.
  static func findSlopes(
    _ weights: MutableFloats, _ slopes: MutableFloats, rows: Int, keys: Int, diagonal: Int,
    logSumExp: Floats, deltas: Floats)

  /// Attention of one query over `keys` keys, all visible; returns the log of the sum of the weights.
  ///
  /// Reads keys and values where they lie, `scratch` has 256 floats.
  static func attendOne(
    _ query: Floats, key: Floats, keyStride: Int, value: Floats, valueStride: Int, keys: Int,
    width: Int, scale: Float, into output: MutableFloats, scratch: MutableFloats
  ) -> Float

  /// Writes the first `width` columns of `source`, times `factor`, or adds them if `keep`.
  ///
  /// Rows of `source` are padded to a multiple of 16.
  static func unpackRows(
    _ source: Floats, stride: Int, rows: Int, width: Int, factor: Float,
    into target: MutableFloats, stride targetStride: Int, keep: Bool)

  // MARK: Activations

  /// `y = gelu(x)`, tanh form: `½x(1 + tanh(√(2/π)(x + 0.044715x³)))` (arXiv 1606.08415).
  static func gelu(_ x: Floats, into y: MutableFloats, count: Int)

  /// `dx = dy · gelu'(x)`; `dx` may be `dy`.
  static func geluBackward(_ dy: Floats, x: Floats, into dx: MutableFloats, count: Int)

  /// `y = max(x, 0)²` (arXiv 2109.08668).
  static func squaredReLU(_ x: Floats, into y: MutableFloats, count: Int)

  /// `dx = dy · 2 max(x, 0)`; `dx` may be `dy`.
  static func squaredReLUBackward(_ dy: Floats, x: Floats, into dx: MutableFloats, count: Int)

  /// SwiGLU (arXiv 2002.05202): `y = silu(gate) · up` for rows `(gate | up)` of `2 · width`.
  static func swiGLU(_ x: Floats, rows: Int, width: Int, into y: MutableFloats)

  /// The gradient of `swiGLU`; writes rows `(dGate | dUp)` of `2 · width`.
  static func swiGLUBackward(_ dy: Floats, x: Floats, rows: Int, width: Int, into dx: MutableFloats)

  // MARK: Softmax and cross-entropy

  /// Softmax of one row in place, at temperature 1; −∞ gives 0.
  static func softmax(_ x: MutableFloats, count: Int)

  /// Cross-entropy of `rows` rows of logits, and its gradient in their place.
  ///
  /// With `softCap` c > 0 the logits are first replaced by `c · tanh(logit / c)`.
  /// `losses[r] = logSumExp(row) − row[targets[r]]` in nats. If `gradientScale` is not nil, the
  /// row becomes `gradientScale · (softmax − onehot)`, through the soft cap; otherwise the row's
  /// contents are unspecified afterwards. A target of `UInt32.max` is ignored: loss 0, gradient 0;
  /// a target outside the vocabulary gives a loss that is not a number.
  static func crossEntropy(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, targets: UnsafePointer<UInt32>,
    softCap: Float, gradientScale: Float?, losses: MutableFloats)

  /// Cross-entropy of logits of drawn tokens that stand for a whole vocabulary, and its gradient in
  /// their place.
  ///
  /// Column `j` counts `e^offsets[j]` times among the others, once as a row's own target: with
  /// `z = cap(logit)`, `losses[r] = ln(e^z[t] + Σ over j ≠ t of e^(z[j] + offsets[j])) − z[t]`. The row
  /// becomes the loss's gradient times `gradientScale`, through the soft cap if that is above 0. An
  /// offset of −∞ leaves a column to the rows whose target it is. Targets as in `crossEntropy`.
  static func sampledCrossEntropy(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, targets: UnsafePointer<UInt32>,
    offsets: Floats, softCap: Float, gradientScale: Float, losses: MutableFloats)

  /// The largest logit of every row and `Σ e^(logit − largest)`, of a part of the vocabulary.
  ///
  /// With `softCap` c > 0 the logits are first replaced by `c · tanh(logit / c)`; otherwise they
  /// stay as they are. What several parts of a vocabulary come to is put together by the caller.
  /// Column `j` counts `e^offsets[j]` times, or once if there are none.
  static func exponentialSums(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, softCap: Float, offsets: Floats?,
    largest: MutableFloats, sums: MutableFloats)

  /// Logits that `exponentialSums` has left become `factors[r] · e^(x + offset − shifts[r])`, through
  /// the soft cap: the gradient of all but the target. No logit is much larger than its row's shift.
  static func exponentialGradient(
    _ logits: MutableFloats, rows: Int, vocabulary: Int, softCap: Float, offsets: Floats?,
    shifts: Floats, factors: Floats)

  /// `x = c · tanh(x / c)` in place.
  static func softCap(_ x: MutableFloats, cap: Float, count: Int)

  // MARK: Optimizer

  /// One step of AdamW (arXiv 1711.05101) on `count` parameters, as PyTorch computes it.
  ///
  /// With `g = gradientScale · gradient`: `p −= rate·decay·p`; `m = β₁m + (1−β₁)g`;
  /// `v = β₂v + (1−β₂)g²`; `p −= rate / correction1 · m / (√(v / correction2) + ε)`.
  ///
  /// - Parameters:
  ///   - isCautious: whether only those parameters decay that the rest of the step brings nearer to 0
  ///     as well, or beyond it.
  ///   - skipsUntouched: whether neighbours that fill a vector, all of gradient 0, stay as they are,
  ///     moments included: of the rows of a table, those that a step has not met.
  static func adamW(
    _ parameters: MutableFloats, gradient: Floats, firstMoment: MutableFloats,
    secondMoment: MutableFloats, count: Int, gradientScale: Float,
    rate: Float, beta1: Float, beta2: Float, epsilon: Float, decay: Float, isCautious: Bool,
    skipsUntouched: Bool, correction1: Float, correction2: Float)

  /// Nesterov's momentum: with `g = gradientScale · gradient`, `mean = β·mean + (1−β)g` and
  /// `direction = β·mean + (1−β)g`.
  static func addMomentum(
    of gradient: Floats, gradientScale: Float, beta: Float, to mean: MutableFloats,
    into direction: MutableFloats, count: Int)

  /// `p = (1 − decay)p + factor · direction`.
  ///
  /// - Parameter isCautious: whether only those values decay that `factor · direction` brings nearer
  ///   to 0 as well, or beyond it.
  static func move(
    _ parameters: MutableFloats, along direction: Floats, by factor: Float, decay: Float,
    isCautious: Bool, count: Int)

  // MARK: Symmetric matrices

  /// Copies the elements below the diagonal to their places above it; rows `side` apart.
  static func mirror(_ matrix: MutableFloats, side: Int)
}
