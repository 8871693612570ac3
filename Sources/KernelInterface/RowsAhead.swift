/// Memory that is needed soon, asked for bit by bit while something else is computed.

import CVectors

/// Rows of matrices that the next tile of attention reads or writes.
///
/// Rows of a head lie too far apart for a processor to guess, and a core waits for a dozen lines of
/// cache at a time: asked for all at once they cost what they would have cost later.
public struct RowsAhead {
  private var row: Floats?
  private var stride = 0
  private var left = 0
  private var waiting: (Tile?, Tile?, Tile?)
  private var total = 0
  private let products: Int

  /// Rows of a matrix.
  private struct Tile {
    var start: Floats
    var stride: Int
    var count: Int
  }

  /// The floats of a row.
  private let width: Int

  /// - Parameters:
  ///   - width: the floats of a row.
  ///   - products: those that will ask.
  public init(width: Int, products: Int) {
    self.width = width
    self.products = products
  }

  /// Adds rows `first..<min(first + 64, rows)` of a matrix; the fifth and further ones are passed over.
  public mutating func add(_ matrix: Floats, _ stride: Int, of rows: Int, from first: Int) {
    if first >= rows { return }
    let tile = Tile(start: matrix + first * stride, stride: stride, count: min(64, rows - first))
    total += tile.count
    if left == 0 {
      begin(tile)
    } else if waiting.0 == nil {
      waiting.0 = tile
    } else if waiting.1 == nil {
      waiting.1 = tile
    } else {
      waiting.2 = tile
    }
  }

  private mutating func begin(_ tile: Tile) {
    (row, stride, left) = (tile.start, tile.stride, tile.count)
  }

  /// Asks for what falls to one of `parts` parts of a product.
  public mutating func ask(parts: Int) {
    if left == 0 { return }
    let pieces = products * parts
    var count = (total + pieces - 1) / pieces
    while count > 0, left > 0, let address = row {
      var column = 0
      while column < width {
        vectors_prefetch(address + column)
        column += 16
      }
      (row, left, count) = (address + stride, left - 1, count - 1)
      if left == 0, let tile = waiting.0 {
        waiting = (waiting.1, waiting.2, nil)
        begin(tile)
      }
    }
  }
}
