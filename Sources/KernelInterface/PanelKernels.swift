/// The contract of big matrix products: operands packed into panels, and a block of registers that
/// multiplies them. One conformer for every format of numbers that operands are rounded to.

/// Products of packed operands, summed in float32.
///
/// Matrices in memory are row-major float32, a `stride` the distance between rows in floats; what a
/// panel holds is the conformer's affair. Every kernel is serial and touches only what its arguments
/// name, so that a caller shares pieces among threads.
public protocol PanelKernels: Sendable {
  /// The rows of a block of registers, by which `packLeft` groups rows.
  static var blockRows: Int { get }

  /// The columns of a block of registers, by which `packRight` groups columns.
  static var blockColumns: Int { get }

  /// The most terms of a sum that are multiplied at once; longer sums go through memory in between.
  static var longestChunk: Int { get }

  /// The floats of memory that a row of a left panel takes for sums of `inner` terms.
  static func leftDepth(_ inner: Int) -> Int

  /// The floats of memory that a column of a right panel takes for sums of `inner` terms.
  static func rightDepth(_ inner: Int) -> Int

  /// Copies the left operand of a product, times `factor`, into panels of `blockRows` rows.
  ///
  /// Rows that are missing from the last panel are zeros.
  ///
  /// - Parameters:
  ///   - a: `rows × inner`, or `inner × rows` if transposed; rows `stride` apart.
  ///   - panels: receives `rows`, rounded up to whole panels, times `leftDepth` floats, and may be
  ///     written up to 16 floats further.
  static func packLeft(
    _ a: Floats, stride: Int, isTransposed: Bool, factor: Float, rows: Int, inner: Int,
    into panels: MutableFloats)

  /// Copies the right operand of a product into panels of `blockColumns` columns.
  ///
  /// Columns that are missing from the last panel are zeros.
  ///
  /// - Parameters:
  ///   - b: `inner × columns`, or `columns × inner` if transposed; rows `stride` apart.
  ///   - panels: receives `columns`, rounded up to whole panels, times `rightDepth` floats.
  static func packRight(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into panels: MutableFloats)

  /// `c = left · right (+ bias) (+ addend)` of packed operands, `rows × columns`.
  ///
  /// Every element is summed in an order that depends on `inner` alone.
  ///
  /// - Parameters:
  ///   - bias: `columns` values added to every row, or nil.
  ///   - addend: `rows × columns` values, rows `addendStride` apart, or nil; may be `c`.
  static func multiplyPacked(
    _ left: Floats, _ right: Floats, rows: Int, columns: Int, inner: Int, bias: Floats?,
    addend: Floats?, addendStride: Int, into c: MutableFloats, stride: Int)

  /// Computes for `rounds` rounds in registers alone: the limit of every product.
  ///
  /// - Returns: a number that depends on what was computed.
  static func multiplyRegisters(rounds: Int) -> Float

  /// The FLOPs of a round of `multiplyRegisters`.
  static var registerFLOPs: Int { get }
}
