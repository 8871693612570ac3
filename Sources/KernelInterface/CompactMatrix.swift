/// Weights in two bytes, for reading less memory when few rows meet a whole matrix.

/// The address of a matrix of upper halves of floats (bfloat16), whose rows are `columns` numbers, a
/// multiple of 32.
public struct CompactMatrix: @unchecked Sendable {
  /// What rows are padded to a multiple of, with zeros.
  public static let groupLength = 32

  /// Rows.
  public let rows: Int
  /// Numbers of a row, padded with zeros.
  public let columns: Int
  /// `rows × columns` upper halves.
  public let values: UnsafePointer<UInt16>

  /// Names the memory of a matrix.
  public init(rows: Int, columns: Int, values: UnsafePointer<UInt16>) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }
}
