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
  queries: Int, keys: Int, inner: Int, diagonal: Int
) {
  var column = 0
  while column < keys {
    var row = min(queries, max(0, column - diagonal))
    while row < queries {
      let height = blockHeight(queries - row)
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
  queries: Int, keys: Int, columns: Int, diagonal: Int, keep: Bool
) {
  var column = 0
  while column < columns {
    var row = 0
    while row < queries {
      let height = blockHeight(queries - row)
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
  queries: Int, keys: Int, columns: Int, diagonal: Int, keep: Bool
) {
  var column = 0
  while column < columns {
    var row = 0
    while row < keys {
      let height = blockHeight(keys - row)
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
  rows >= 6 ? 6 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1
}

@inline(__always)
private func multiplyBlock(
  _ rows: Int, _ a: Floats, _ aRow: Int, _ aInner: Int, _ b: Floats, _ bStride: Int, _ inner: Int,
  _ c: MutableFloats, _ cStride: Int, keep: Bool
) {
  switch rows {
  case 6: multiplyFixed(6, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  case 4: multiplyFixed(4, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  case 2: multiplyFixed(2, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  default: multiplyFixed(1, a, aRow, aInner, b, bStride, inner, c, cStride, keep)
  }
}

/// A block of `rows ≤ 6` rows and one panel of columns, held in twelve registers.
///
/// Element `(r, k)` of `a` lies at `r · aRow + k · aInner`. `rows` is a literal where this is
/// called, so that the branches on it vanish.
@inline(__always)
func multiplyFixed(
  _ rows: Int, _ a: Floats, _ aRow: Int, _ aInner: Int, _ b: Floats, _ bStride: Int, _ inner: Int,
  _ c: MutableFloats, _ cStride: Int, _ keep: Bool
) {
  var (a, b) = (a, b)
  var (c00, c01, c10, c11, c20, c21) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var (c30, c31, c40, c41, c50, c51) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var left = inner
  while left > 0 {
    let (b0, b1) = (load(b), load(b + laneCount))
    let a0 = every(a[0])
    c00 = c00.addingProduct(a0, b0)
    c01 = c01.addingProduct(a0, b1)
    if rows > 1 {
      let a1 = every(a[aRow])
      c10 = c10.addingProduct(a1, b0)
      c11 = c11.addingProduct(a1, b1)
    }
    if rows > 2 {
      let a2 = every(a[2 * aRow])
      c20 = c20.addingProduct(a2, b0)
      c21 = c21.addingProduct(a2, b1)
      let a3 = every(a[3 * aRow])
      c30 = c30.addingProduct(a3, b0)
      c31 = c31.addingProduct(a3, b1)
    }
    if rows > 4 {
      let a4 = every(a[4 * aRow])
      c40 = c40.addingProduct(a4, b0)
      c41 = c41.addingProduct(a4, b1)
      let a5 = every(a[5 * aRow])
      c50 = c50.addingProduct(a5, b0)
      c51 = c51.addingProduct(a5, b1)
    }
    a += aInner
    b += bStride
    left -= 1
  }
  finish(c00, c01, c, keep)
  if rows > 1 { finish(c10, c11, c + cStride, keep) }
  if rows > 2 {
    finish(c20, c21, c + 2 * cStride, keep)
    finish(c30, c31, c + 3 * cStride, keep)
  }
  if rows > 4 {
    finish(c40, c41, c + 4 * cStride, keep)
    finish(c50, c51, c + 5 * cStride, keep)
  }
}

@inline(__always)
private func finish(_ first: Lanes, _ second: Lanes, _ c: MutableFloats, _ keep: Bool) {
  if keep {
    store(load(c) + first, to: c)
    store(load(c + laneCount) + second, to: c + laneCount)
  } else {
    store(first, to: c)
    store(second, to: c + laneCount)
  }
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

/// Writes the first `width` columns of `source`, times `factor`, or adds them if `keep`.
func unpackRows(
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
