/// Weights in two bytes or one, for reading less memory when one row meets a whole matrix.

/// The address of a matrix whose rows are `columns` numbers, a multiple of 32, in fewer bytes.
public struct CompactMatrix: @unchecked Sendable {
  /// Numbers of a row that share one factor.
  public static let groupLength = 32

  /// How numbers are stored.
  public enum Format: String, Sendable, CaseIterable {
    /// The upper half of a single: 8 bits of precision.
    case bf16
    /// Whole numbers from −127 to 127, with a factor for every 32 of a row.
    case int8
  }

  /// How numbers are stored.
  public let format: Format
  /// Rows.
  public let rows: Int
  /// Numbers of a row, padded with zeros.
  public let columns: Int
  /// `rows × columns` numbers of one or two bytes.
  public let values: UnsafeRawPointer
  /// `rows × columns / 32` factors; not read for bf16.
  public let factors: Floats

  /// Names the memory of a matrix.
  public init(
    format: Format, rows: Int, columns: Int, values: UnsafeRawPointer, factors: Floats
  ) {
    self.format = format
    self.rows = rows
    self.columns = columns
    self.values = values
    self.factors = factors
  }
}
