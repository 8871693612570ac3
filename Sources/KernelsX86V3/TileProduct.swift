/// Products of small matrices that lie in cache, computed in blocks of registers.

import KernelInterface

/// The rows and columns of a tile of scores: queries × keys.
@inline(__always)
var tileLength: Int { 64 }

/// The columns that a block of registers covers; the stored width of every right operand and
/// result is a multiple of it.
@inline(__always)
var panelWidth: Int { 2 * laneCount }

/// Which part of a product on a tile that the diagonal crosses is not needed.
///
/// Score `(i, j)` is visible if `j ≤ i + diagonal`; the others are 0 or never read.
enum Causality {
  /// The result is a tile of scores: blocks without a visible score are skipped.
  case result
  /// The left operand is a tile of weights, queries × keys.
  case left
  /// The left operand is a tile of weights, transposed: keys × queries.
  case leftTransposed
}

/// `c = a · b`, or `c += a · b` if `keep`, leaving out what causality makes zero.
///
/// - Parameters:
///   - a: `rows × inner`; element `(r, k)` lies at `r · aRow + k · aInner`.
///   - b: `inner × columns`, rows `bStride` apart; `columns` is a multiple of `panelWidth`.
///   - c: `rows × columns`, rows `cStride` apart.
///   - diagonal: the key position that query 0 of the tile is at, counted from the first key.
@inline(__always)
func multiplyTile(
  _ a: Floats, row aRow: Int, inner aInner: Int, _ b: Floats, stride bStride: Int,
  into c: MutableFloats, stride cStride: Int,
  rows: Int, columns: Int, inner: Int, keep: Bool, causality: Causality, diagonal: Int
) {
  var column = 0
  while column < columns {
    var row = 0
    if causality == .result { row = min(rows, max(0, column - diagonal)) }
    while row < rows {
      let left = rows - row
      let height = left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1
      var (start, end) = (0, inner)
      if causality == .left { end = min(inner, max(0, row + height + diagonal)) }
      if causality == .leftTransposed { start = min(inner, max(0, row - diagonal)) }
      let a = a + row * aRow + start * aInner
      let b = b + start * bStride + column
      let c = c + row * cStride + column
      switch height {
      case 6: multiplyBlock(6, a, aRow, aInner, b, bStride, end - start, c, cStride, keep)
      case 4: multiplyBlock(4, a, aRow, aInner, b, bStride, end - start, c, cStride, keep)
      case 2: multiplyBlock(2, a, aRow, aInner, b, bStride, end - start, c, cStride, keep)
      default: multiplyBlock(1, a, aRow, aInner, b, bStride, end - start, c, cStride, keep)
      }
      row += height
    }
    column += panelWidth
  }
}

/// A block of `rows ≤ 6` rows and one panel of columns, held in twelve registers.
///
/// `rows` is a literal where this is called, so that the branches on it vanish.
@inline(__always)
private func multiplyBlock(
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
    transposeEight(source + row * stride, stride, width, into: target + row)
    row += 8
  }
  if row == tileLength { return }
  for column in 0..<width {
    let target = target + column * tileLength
    for index in row..<rows { target[index] = source[index * stride + column] }
    for index in rows..<tileLength { target[index] = 0 }
  }
}

/// Eight rows become eight columns of a tile.
@inline(__always)
private func transposeEight(
  _ source: Floats, _ stride: Int, _ width: Int, into target: MutableFloats
) {
  for column in 0..<width {
    let x = source + column
    let value = SIMD8(
      x[0], x[stride], x[2 * stride], x[3 * stride],
      x[4 * stride], x[5 * stride], x[6 * stride], x[7 * stride])
    UnsafeMutableRawPointer(target + column * tileLength).storeBytes(
      of: value, as: SIMD8<Float>.self)
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
