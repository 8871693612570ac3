/// Memory that is needed soon, asked for bit by bit while something else is computed.

import CVectors

/// Rows of matrices that the next tile of attention reads or this one writes.
///
/// Rows of a head lie too far apart for a processor to guess, and a core waits for a dozen lines of
/// cache at a time: asked for all at once they cost what they would have cost later.
public struct RowsAhead {
  /// Rows of a matrix.
  private struct Tile {
    var row: Floats
    var stride: Int
    var count: Int
  }

  private var current: Tile?
  private var waiting: (Tile?, Tile?, Tile?)
  private var total = 0
  private let width: Int
  private let products: Int

  /// - Parameters:
  ///   - width: the floats of a row.
  ///   - products: those that will ask.
  public init(width: Int, products: Int) {
    self.width = width
    self.products = products
  }

  /// Adds rows `first..<min(first + 64, rows)` of a matrix, of four at most.
  public mutating func add(_ matrix: Floats, _ stride: Int, of rows: Int, from first: Int) {
    if first >= rows { return }
    let tile = Tile(row: matrix + first * stride, stride: stride, count: min(64, rows - first))
    if current == nil {
      current = tile
    } else if waiting.0 == nil {
      waiting.0 = tile
    } else if waiting.1 == nil {
      waiting.1 = tile
    } else {
      assert(waiting.2 == nil, "a tile of attention touches four matrices at most")
      waiting.2 = tile
    }
    total += tile.count
  }

  /// Asks for what falls to one of `parts` parts of a product.
  public mutating func ask(parts: Int) {
    guard var tile = current else { return }
    let pieces = products * parts
    for _ in 0..<(total + pieces - 1) / pieces {
      for column in stride(from: 0, to: width, by: 16) { vectors_prefetch(tile.row + column) }
      tile.row += tile.stride
      tile.count -= 1
      if tile.count > 0 { continue }
      guard let next = waiting.0 else {
        current = nil
        return
      }
      waiting = (waiting.1, waiting.2, nil)
      tile = next
    }
    current = tile
  }
}
