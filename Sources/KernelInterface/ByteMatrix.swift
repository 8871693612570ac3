/// Matrices of whole numbers of one byte with a factor for every 64 of a row: the operands of products.

/// Rows of whole numbers from −127 to 127, rounded from floats just before a product.
public struct ByteRows: @unchecked Sendable {
  /// Numbers of a row that share one factor, here and in panels.
  public static let groupLength = 64

  /// Numbers of a row, not counting the zeros that fill up its last group.
  public let columns: Int
  /// Rows of whole groups.
  public let values: UnsafeMutablePointer<Int8>
  /// `rows × groups` factors; not a number where one of the group was not finite.
  public let factors: MutableFloats
  /// `rows × groups` sums of the numbers of a group.
  public let totals: UnsafeMutablePointer<Int32>

  /// Groups of a row.
  public var groups: Int { Self.groups(columns) }
  /// Bytes of a row.
  public var stride: Int { groups * Self.groupLength }

  /// Groups of a row of `columns` numbers.
  public static func groups(_ columns: Int) -> Int { (columns + groupLength - 1) / groupLength }

  /// Floats of memory that `rows` rows take.
  public static func floatCount(rows: Int, columns: Int) -> Int {
    rows * groups(columns) * (groupLength / 4 + 2)
  }

  /// Lays out `rows` rows in `memory`, of `floatCount` floats.
  public init(rows: Int, columns: Int, in memory: MutableFloats) {
    self.columns = columns
    let groups = Self.groups(columns)
    let bytes = UnsafeMutableRawPointer(memory)
    values = bytes.assumingMemoryBound(to: Int8.self)
    let end = bytes + rows * groups * Self.groupLength
    factors = end.assumingMemoryBound(to: Float.self)
    totals = (end + 4 * rows * groups).assumingMemoryBound(to: Int32.self)
  }

  private init(
    columns: Int, values: UnsafeMutablePointer<Int8>, factors: MutableFloats,
    totals: UnsafeMutablePointer<Int32>
  ) {
    self.columns = columns
    self.values = values
    self.factors = factors
    self.totals = totals
  }

  /// The rows from `row` on.
  public func dropping(_ row: Int) -> ByteRows {
    ByteRows(
      columns: columns, values: values + row * stride, factors: factors + row * groups,
      totals: totals + row * groups)
  }
}

/// The transposed right operand of a product: rows of a matrix of bytes, side by side by 32.
///
/// A panel holds four successive numbers of each of its 32 rows for every four columns, 128 too
/// large, so that none is negative; and 32 factors for every group. What is missing counts as 0.
public struct BytePanels: @unchecked Sendable {
  /// Rows of the matrix in a panel.
  public static let width = 32
  /// Floats of scratch memory that a product with a panel needs.
  public static let scratchCount = ByteRows.groupLength * (width + 6) + 6 * width

  /// Rows of the matrix: columns of the product.
  public let rows: Int
  /// Numbers of a row.
  public let columns: Int
  /// `panels × quads × width × 4` bytes.
  public let values: UnsafePointer<UInt8>
  /// `panels × groups × width` factors; not a number where one of the group was not finite.
  public let factors: Floats

  /// Names the memory of a matrix.
  public init(rows: Int, columns: Int, values: UnsafePointer<UInt8>, factors: Floats) {
    self.rows = rows
    self.columns = columns
    self.values = values
    self.factors = factors
  }

  /// The number of panels.
  public var count: Int { (rows + Self.width - 1) / Self.width }
  /// Fours of a row.
  public var quads: Int { (columns + 3) / 4 }
  /// Groups of a row.
  public var groups: Int { ByteRows.groups(columns) }

  /// Bytes of memory, factors included.
  public var byteCount: Int { count * Self.width * 4 * (quads + groups) }

  /// The bytes of a panel.
  public func values(of panel: Int) -> UnsafePointer<UInt8> {
    values + panel * quads * Self.width * 4
  }

  /// The factors of a panel.
  public func factors(of panel: Int) -> Floats { factors + panel * groups * Self.width }
}
