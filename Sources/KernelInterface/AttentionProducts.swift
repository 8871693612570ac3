/// The contract of what attention multiplies: tiles of at most 64 queries by 64 keys, one conformer for
/// every format of numbers that operands are rounded to.

/// The products inside attention, of operands that have been packed.
///
/// What is behind the diagonal may be left out; the weights there are 0. Tiles of scores and weights
/// have rows 64 floats apart. Every kernel is serial and touches only what its arguments name.
public protocol AttentionProducts: Sendable {
  /// The kernels of what is computed in float32 in between.
  static var rows: any KernelSet.Type { get }

  /// Sums have a multiple of so many columns.
  static var columnUnit: Int { get }

  /// Whether a left operand of rows is the right operand of the same rows, too.
  static var sharesRows: Bool { get }

  /// The floats of memory that a left operand of `rows × inner` takes.
  static func leftTileCount(rows: Int, inner: Int) -> Int

  /// The floats of memory that a right operand of `inner × columns` takes.
  static func rightTileCount(columns: Int, inner: Int) -> Int

  /// Packs `rows × inner` numbers times `factor`; may write 16 floats beyond `leftTileCount`.
  static func packLeftTile(
    _ a: Floats, stride: Int, factor: Float, rows: Int, inner: Int, into operand: MutableFloats)

  /// Packs `inner × columns` numbers, or `columns × inner` if transposed.
  static func packRightTile(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into operand: MutableFloats)

  /// The left operand of `weigh`, or, if transposed, of `weighTransposed`: the tile itself, or what it is
  /// packed into, of `leftTileCount` floats.
  static func packWeights(
    _ tile: Floats, isTransposed: Bool, queries: Int, keys: Int, into operand: MutableFloats
  ) -> Floats

  /// `scores = queries · keysᵀ`, at least as far as a query sees.
  ///
  /// - Parameters:
  ///   - diagonal: query `i` sees keys up to `i + diagonal`.
  ///   - ahead: what is asked for meanwhile.
  static func score(
    _ left: Floats, _ right: Floats, queries: Int, keys: Int, width: Int, diagonal: Int,
    ahead: inout RowsAhead, into scores: MutableFloats)

  /// `sums = weights · right`, or added to it: `queries × columns`.
  static func weigh(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats)

  /// `sums = weightsᵀ · right`, or added to it: `keys × columns`.
  static func weighTransposed(
    _ weights: Floats, _ right: Floats, queries: Int, keys: Int, columns: Int, diagonal: Int,
    keep: Bool, ahead: inout RowsAhead, into sums: MutableFloats)
}
