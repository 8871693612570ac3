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
    var row = 0
    while row < rows {
      let height = min(tallBlock, rows - row)
      let a = left + row * inner
      var column = 0
      while column < columns {
        let panel = right + column * inner
        let bias = bias.map { $0 + column }
        let width = min(panelWidth, columns - column)
        let c = c + row * stride + column
        let addend = addend.map { $0 + row * addendStride + column }
        column += panelWidth
        // Called in one place with one literal, or its branches stay, and sums leave their registers.
        #if AVX512
        if height > 6 {
          multiplyPanels(
            isTall: true, a, panel, inner, bias, addend, addendStride, c, stride, height, width)
          continue
        }
        #endif
        multiplyPanels(
          isTall: false, a, panel, inner, bias, addend, addendStride, c, stride, height, width)
      }
      row += tallBlock
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

/// Six rows by one panel of columns, or twelve, which are two panels on the left, summed in registers.
///
/// `isTall` is a literal where this is called, so that the branches on it vanish.
@inline(__always)
private func multiplyPanels(
  isTall: Bool, _ a: Floats, _ b: Floats, _ inner: Int, _ bias: Floats?, _ addend: Floats?,
  _ addendStride: Int, _ c: MutableFloats, _ stride: Int, _ rows: Int, _ columns: Int
) {
  var (a, b) = (a, b)
  let below = isTall ? 6 * inner : 0
  var start = noSums
  if let bias {
    start.first = load(bias, columns)
    start.second = load(bias + laneCount, max(0, columns - laneCount))
  }
  var (s0, s1, s2, s3, s4, s5) = (start, start, start, start, start, start)
  var (s6, s7, s8, s9, s10, s11) = (start, start, start, start, start, start)
  // What the sums are added to, or written over, is here by the time they are done.
  for row in 0..<(isTall ? 12 : 6) {
    vectors_prefetch(c + row * stride)
    vectors_prefetch(c + row * stride + laneCount)
  }
  var left = inner
  while left > 0 {
    let (b0, b1) = (load(b), load(b + laneCount))
    // It comes from the second cache; the next panel follows this one.
    vectors_prefetch(b + 12 * panelWidth)
    vectors_prefetch(b + 12 * panelWidth + laneCount)
    add(a[0], b0, b1, to: &s0)
    add(a[1], b0, b1, to: &s1)
    add(a[2], b0, b1, to: &s2)
    add(a[3], b0, b1, to: &s3)
    add(a[4], b0, b1, to: &s4)
    add(a[5], b0, b1, to: &s5)
    if isTall {
      add(a[below], b0, b1, to: &s6)
      add(a[below + 1], b0, b1, to: &s7)
      add(a[below + 2], b0, b1, to: &s8)
      add(a[below + 3], b0, b1, to: &s9)
      add(a[below + 4], b0, b1, to: &s10)
      add(a[below + 5], b0, b1, to: &s11)
    }
    a += 6
    b += panelWidth
    left -= 1
  }

  @inline(__always)
  func write(_ sums: RowSums, row: Int) {
    guard row < rows else { return }
    let addend = addend.map { $0 + row * addendStride }
    if columns == panelWidth {
      finish(sums, addend: addend, c + row * stride)
    } else {
      finishPart(sums.first, sums.second, addend, c + row * stride, columns)
    }
  }
  write(s0, row: 0)
  write(s1, row: 1)
  write(s2, row: 2)
  write(s3, row: 3)
  write(s4, row: 4)
  write(s5, row: 5)
  if isTall {
    write(s6, row: 6)
    write(s7, row: 7)
    write(s8, row: 8)
    write(s9, row: 9)
    write(s10, row: 10)
    write(s11, row: 11)
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
