/// Big matrix products: a block of registers that multiplies panels.

import CVectors
import KernelInterface

extension VectorKernels {
  /// The rows of a block of registers, by which `packLeft` groups rows.
  public static var blockRows: Int { 6 }

  /// The columns of a block of registers, by which `packRight` groups columns.
  public static var blockColumns: Int { panelWidth }

  /// A panel of the right operand then fits the first cache.
  public static var longestChunk: Int { 384 }

  /// A float an element.
  public static func leftDepth(_ inner: Int) -> Int { inner }

  /// A float an element.
  public static func rightDepth(_ inner: Int) -> Int { inner }

  /// `c = left · right (+ bias) (+ addend)` of packed operands, `rows × columns`.
  ///
  /// - Parameters:
  ///   - bias: `columns` values added to every row, or nil.
  ///   - addend: `rows × columns` values, rows `addendStride` apart, or nil; may be `c`.
  public static func multiplyPacked(
    _ left: Floats, _ right: Floats, rows: Int, columns: Int, inner: Int, bias: Floats?,
    addend: Floats?, addendStride: Int, into c: MutableFloats, stride: Int
  ) {
    var column = 0
    while column < columns {
      let panel = right + column * inner
      let bias = bias.map { $0 + column }
      let width = min(panelWidth, columns - column)
      // The next panel comes from a cache far away: asked for little by little while this one works.
      let isLast = column + panelWidth >= columns
      var next = panel + panelWidth * inner
      let ahead = isLast ? 0 : (panelWidth * inner * 6 / max(rows, 6) + 15) / 16
      var row = 0
      while row < rows {
        for _ in 0..<ahead {
          vectors_prefetch_far(next)
          next += 16
        }
        multiplyPanels(
          left + row * inner, panel, inner, bias,
          addend.map { $0 + row * addendStride + column }, addendStride,
          c + row * stride + column, stride, min(6, rows - row), width)
        row += 6
      }
      column += panelWidth
    }
  }
}

extension VectorKernels {
  /// Twelve registers of sums.
  public static var registerFLOPs: Int { 2 * 6 * panelWidth }

  /// Computes for `rounds` rounds in registers alone: the limit of every product.
  public static func multiplyRegisters(rounds: Int) -> Float {
    let (factor, term) = (every(0.999), every(0.001))
    var (a, b, c, d) = (every(1), every(2), every(3), every(4))
    var (e, f, g, h) = (every(5), every(6), every(7), every(8))
    var (i, j, k, l) = (every(9), every(10), every(11), every(12))
    var left = rounds
    while left > 0 {
      a = term.addingProduct(a, factor)
      b = term.addingProduct(b, factor)
      c = term.addingProduct(c, factor)
      d = term.addingProduct(d, factor)
      e = term.addingProduct(e, factor)
      f = term.addingProduct(f, factor)
      g = term.addingProduct(g, factor)
      h = term.addingProduct(h, factor)
      i = term.addingProduct(i, factor)
      j = term.addingProduct(j, factor)
      k = term.addingProduct(k, factor)
      l = term.addingProduct(l, factor)
      left -= 1
    }
    return sum(((a + b) + (c + d)) + ((e + f) + (g + h)) + ((i + j) + (k + l)))
  }
}

/// Six rows by one panel of columns, summed in twelve registers.
@inline(__always)
private func multiplyPanels(
  _ a: Floats, _ b: Floats, _ inner: Int, _ bias: Floats?, _ addend: Floats?, _ addendStride: Int,
  _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int
) {
  var (a, b) = (a, b)
  var (first, second) = (Lanes(), Lanes())
  if let bias {
    first = load(bias, columns)
    second = load(bias + laneCount, max(0, columns - laneCount))
  }
  var (c00, c01, c10, c11, c20, c21) = (first, second, first, second, first, second)
  var (c30, c31, c40, c41, c50, c51) = (first, second, first, second, first, second)
  // What the sums are added to, or written over, is here by the time they are done.
  for row in 0..<6 {
    vectors_prefetch(c + row * stride)
    vectors_prefetch(c + row * stride + laneCount)
  }
  var left = inner
  while left > 0 {
    let (b0, b1) = (load(b), load(b + laneCount))
    let a0 = every(a[0])
    c00 = c00.addingProduct(a0, b0)
    c01 = c01.addingProduct(a0, b1)
    let a1 = every(a[1])
    c10 = c10.addingProduct(a1, b0)
    c11 = c11.addingProduct(a1, b1)
    let a2 = every(a[2])
    c20 = c20.addingProduct(a2, b0)
    c21 = c21.addingProduct(a2, b1)
    let a3 = every(a[3])
    c30 = c30.addingProduct(a3, b0)
    c31 = c31.addingProduct(a3, b1)
    let a4 = every(a[4])
    c40 = c40.addingProduct(a4, b0)
    c41 = c41.addingProduct(a4, b1)
    let a5 = every(a[5])
    c50 = c50.addingProduct(a5, b0)
    c51 = c51.addingProduct(a5, b1)
    a += 6
    b += panelWidth
    left -= 1
  }
  let isWhole = columns == panelWidth
  finish(c00, c01, addend, c, isWhole, columns)
  if rows > 1 { finish(c10, c11, addend.map { $0 + addendStride }, c + stride, isWhole, columns) }
  if rows > 2 {
    finish(c20, c21, addend.map { $0 + 2 * addendStride }, c + 2 * stride, isWhole, columns)
  }
  if rows > 3 {
    finish(c30, c31, addend.map { $0 + 3 * addendStride }, c + 3 * stride, isWhole, columns)
  }
  if rows > 4 {
    finish(c40, c41, addend.map { $0 + 4 * addendStride }, c + 4 * stride, isWhole, columns)
  }
  if rows > 5 {
    finish(c50, c51, addend.map { $0 + 5 * addendStride }, c + 5 * stride, isWhole, columns)
  }
}

@inline(__always)
private func finish(
  _ first: Lanes, _ second: Lanes, _ addend: Floats?, _ c: MutableFloats, _ isWhole: Bool,
  _ columns: Int
) {
  if isWhole {
    if let addend {
      store(load(addend) + first, to: c)
      store(load(addend + laneCount) + second, to: c + laneCount)
    } else {
      store(first, to: c)
      store(second, to: c + laneCount)
    }
  } else {
    finishPart(first, second, addend, c, columns)
  }
}

@inline(never)
private func finishPart(
  _ first: Lanes, _ second: Lanes, _ addend: Floats?, _ c: MutableFloats, _ columns: Int
) {
  for column in 0..<columns {
    let value = column < laneCount ? first[column] : second[column - laneCount]
    c[column] = value + (addend.map { $0[column] } ?? 0)
  }
}
