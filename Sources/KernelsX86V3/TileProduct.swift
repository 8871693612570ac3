/// Products of small matrices that lie in cache, computed in blocks of registers.

import CVectors
import KernelInterface

/// The rows and columns of a tile of scores: queries × keys.
@inline(__always)
var tileLength: Int { 64 }

/// The columns that a block of registers covers; what a product reads and writes is padded to it.
@inline(__always)
var panelWidth: Int { 2 * laneCount }

// Three products of a tile that the diagonal may cross: score `(i, j)` is visible if
// `j ≤ i + diagonal`, where `diagonal` is the position of query 0 counted from key 0 of the tile.
// What is not visible is not computed, or, being 0, not summed.

/// `scores = a · b`, `queries × keys`, whole blocks beyond the diagonal left as they are.
///
/// - Parameters:
///   - a: `queries × inner`, rows `aStride` apart.
///   - b: `inner` rows of a tile's length: the transpose of keys or values.
///   - scores: a tile; written up to `keys` rounded up to a panel.
@inline(__always)
func multiplyForScores(
  _ a: Floats, stride aStride: Int, _ b: Floats, into scores: MutableFloats,
  queries: Int, keys: Int, inner: Int, diagonal: Int, ahead: inout RowsAhead
) {
  var column = 0
  while column < keys {
    var row = min(queries, max(0, column - diagonal))
    while row < queries {
      let height = blockHeight(queries - row)
      ahead.ask(parts: 12)
      multiplyBlock(
        height, a + row * aStride, aStride, 1, b + column, tileLength, inner,
        scores + row * tileLength + column, tileLength, keep: false)
      row += height
    }
    column += panelWidth
  }
}

/// `c = weights · b`, or `c += weights · b` if `keep`: `queries × columns`.
///
/// - Parameters:
///   - weights: a tile, `queries × keys`, 0 beyond the diagonal.
///   - b: `keys × columns`; `columns`, a multiple of a panel, is the stride of `b` and `c`.
@inline(__always)
func multiplyWeights(
  _ weights: Floats, _ b: Floats, into c: MutableFloats,
  queries: Int, keys: Int, columns: Int, diagonal: Int, keep: Bool, ahead: inout RowsAhead
) {
  var column = 0
  while column < columns {
    var row = 0
    while row < queries {
      let height = blockHeight(queries - row)
      ahead.ask(parts: 12)
      let end = min(keys, row + height + diagonal)
      multiplyBlock(
        height, weights + row * tileLength, tileLength, 1, b + column, columns, end,
        c + row * columns + column, columns, keep: keep)
      row += height
    }
    column += panelWidth
  }
}

/// `c = weightsᵀ · b`, or `c += weightsᵀ · b` if `keep`: `keys × columns`.
///
/// - Parameters:
///   - weights: a tile, `queries × keys`, 0 beyond the diagonal.
///   - b: `queries × columns`; `columns`, a multiple of a panel, is the stride of `b` and `c`.
@inline(__always)
func multiplyTransposedWeights(
  _ weights: Floats, _ b: Floats, into c: MutableFloats,
  queries: Int, keys: Int, columns: Int, diagonal: Int, keep: Bool, ahead: inout RowsAhead
) {
  var column = 0
  while column < columns {
    var row = 0
    while row < keys {
      let height = blockHeight(keys - row)
      ahead.ask(parts: 12)
      let start = min(queries, max(0, row - diagonal))
      multiplyBlock(
        height, weights + start * tileLength + row, 1, tileLength,
        b + start * columns + column, columns, queries - start,
        c + row * columns + column, columns, keep: keep)
      row += height
    }
    column += panelWidth
  }
}

/// The rows that the next block of registers takes.
@inline(__always)
private func blockHeight(_ rows: Int) -> Int {
  rows >= tallBlock ? tallBlock : rows >= 6 ? 6 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1
}

@inline(__always)
private func multiplyBlock(
  _ rows: Int, _ a: Floats, _ aRow: Int, _ aInner: Int, _ b: Floats, _ bStride: Int, _ inner: Int,
  _ c: MutableFloats, _ cStride: Int, keep: Bool
) {
  switch rows {
  case 12: multiplyFixed(12, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  case 6: multiplyFixed(6, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  case 4: multiplyFixed(4, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  case 2: multiplyFixed(2, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  default: multiplyFixed(1, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  }
}

/// A block of `rows`, 1, 2, 4, 6 or 12, and one panel of columns, held in registers.
///
/// Element `(r, k)` of `a` lies at `r · aRow + k · aInner`. `rows` is a literal where this is
/// called, so that the branches on it vanish.
@inline(__always)
func multiplyFixed(
  _ rows: Int, _ a: Floats, _ aRow: Int, _ aInner: Int, _ b: Floats, _ bStride: Int, _ inner: Int,
  _ c: MutableFloats, _ cStride: Int, _ keep: Bool
) {
  var (a, b) = (a, b)
  var (s0, s1, s2) = (noSums, noSums, noSums)
  var (s3, s4, s5) = (noSums, noSums, noSums)
  var (s6, s7, s8) = (noSums, noSums, noSums)
  var (s9, s10, s11) = (noSums, noSums, noSums)
  var left = inner
  while left > 0 {
    let (b0, b1) = (load(b), load(b + laneCount))
    add(a[0], b0, b1, to: &s0)
    if rows > 1 { add(a[aRow], b0, b1, to: &s1) }
    if rows > 2 {
      add(a[2 * aRow], b0, b1, to: &s2)
      add(a[3 * aRow], b0, b1, to: &s3)
    }
    if rows > 4 {
      add(a[4 * aRow], b0, b1, to: &s4)
      add(a[5 * aRow], b0, b1, to: &s5)
    }
    if rows > 6 {
      add(a[6 * aRow], b0, b1, to: &s6)
      add(a[7 * aRow], b0, b1, to: &s7)
      add(a[8 * aRow], b0, b1, to: &s8)
      add(a[9 * aRow], b0, b1, to: &s9)
      add(a[10 * aRow], b0, b1, to: &s10)
      add(a[11 * aRow], b0, b1, to: &s11)
    }
    a += aInner
    b += bStride
    left -= 1
  }
  finish(s0, c, keep)
  if rows > 1 { finish(s1, c + cStride, keep) }
  if rows > 2 {
    finish(s2, c + 2 * cStride, keep)
    finish(s3, c + 3 * cStride, keep)
  }
  if rows > 4 {
    finish(s4, c + 4 * cStride, keep)
    finish(s5, c + 5 * cStride, keep)
  }
  if rows > 6 {
    finish(s6, c + 6 * cStride, keep)
    finish(s7, c + 7 * cStride, keep)
    finish(s8, c + 8 * cStride, keep)
    finish(s9, c + 9 * cStride, keep)
    finish(s10, c + 10 * cStride, keep)
    finish(s11, c + 11 * cStride, keep)
  }
}

@inline(__always)
private func finish(_ sums: RowSums, _ c: MutableFloats, _ keep: Bool) {
  finish(sums, addend: keep ? Floats(c) : nil, c)
}

/// `target = factor · source` for `rows × width`, padded with zeros to `targetStride` columns.
func packRows(
  _ source: Floats, stride: Int, rows: Int, width: Int, factor: Float,
  into target: MutableFloats, stride targetStride: Int
) {
  let factors = every(factor)
  for row in 0..<rows {
    let (source, target) = (source + row * stride, target + row * targetStride)
    var column = 0
    while column < targetStride {
      let rest = min(laneCount, max(0, width - column))
      vectors_prefetch(source + prefetchRows * stride + column)
      store(factors * load(source + column, rest), to: target + column)
      column += laneCount
    }
  }
}

/// The transpose of `rows × width`, `rows ≤ tileLength`, as `width` rows of `tileLength`, padded
/// with zeros.
func packTransposed(
  _ source: Floats, stride: Int, rows: Int, width: Int, into target: MutableFloats
) {
  var row = 0
  while row + 8 <= rows {
    let (source, target) = (source + row * stride, target + row)
    var column = 0
    while column + 8 <= width {
      if column & 15 == 0 {
        for row in 8..<16 { vectors_prefetch(source + row * stride + column) }
      }
      vectors_transpose(source + column, stride, 8, target + column * tileLength, tileLength)
      column += 8
    }
    while column < width {
      for index in 0..<8 { target[column * tileLength + index] = source[index * stride + column] }
      column += 1
    }
    row += 8
  }
  if row == tileLength { return }
  for column in 0..<width {
    let target = target + column * tileLength
    for index in row..<rows { target[index] = source[index * stride + column] }
    for index in rows..<tileLength { target[index] = 0 }
  }
}

extension VectorKernels {
  /// Writes the first `width` columns of `source`, times `factor`, or adds them if `keep`.
  public static func unpackRows(
    _ source: Floats, stride: Int, rows: Int, width: Int, factor: Float,
    into target: MutableFloats, stride targetStride: Int, keep: Bool
  ) {
    let factors = every(factor)
    for row in 0..<rows {
      let (source, target) = (source + row * stride, target + row * targetStride)
      var column = 0
      while column < width {
        let rest = width - column
        let old = keep ? load(target + column, rest) : Lanes()
        store(old.addingProduct(factors, load(source + column)), to: target + column, rest)
        column += laneCount
      }
    }
  }
}
