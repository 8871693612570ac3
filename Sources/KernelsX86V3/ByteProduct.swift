/// Products of bytes: by the processor's own instruction, or in floats, which are exact here.

import CVectors
import KernelInterface

extension VectorKernels {
  /// Rounds a row of floats to bytes, 64 sharing a factor: a 127th of the largest.
  public static func roundToBytes(_ x: Floats, into rows: ByteRows) {
    bytes_round(x, rows.columns, rows.values, rows.factors, rows.totals)
  }

  /// `c = x · panelᵀ (+ bias) (+ addend)` for rows of bytes and one panel, `rows × width`.
  public static func multiplyBytes(
    _ x: ByteRows, rows: Int, _ panels: BytePanels, panel: Int, bias: Floats?, addend: Floats?,
    addendStride: Int, into c: MutableFloats, stride: Int, usesByteProducts: Bool,
    scratch: MutableFloats
  ) {
    #if AVX512
    if usesByteProducts {
      bytes_multiply(
        x.values, x.stride, x.factors, x.totals, x.groups, rows, panels.values(of: panel),
        panels.factors(of: panel), panels.quads, bias, addend, addendStride, c, stride)
      return
    }
    #endif
    start(c, stride, rows, bias, addend, addendStride)
    let length = ByteRows.groupLength
    let (left, right) = (scratch, scratch + 6 * length)
    var values = panels.values(of: panel)
    for group in 0..<x.groups {
      let quads = min(length / 4, panels.quads - group * (length / 4))
      bytes_widen_panel(values, right, quads)
      values += 4 * BytePanels.width * quads
      let factors = panels.factors(of: panel) + group * BytePanels.width
      var row = 0
      while row < rows {
        let height = min(6, rows - row)
        let part = x.dropping(row)
        for index in 0..<6 {
          // Missing rows are copies of the last one.
          let source = part.values + min(index, height - 1) * x.stride + group * length
          bytes_widen(source, left + index * length, 4 * quads)
        }
        var column = 0
        while column < BytePanels.width {
          addGroup(
            left, right + column, 4 * quads, part.factors + group, x.groups, factors + column,
            height, c + row * stride + column, stride)
          column += 2 * laneCount
        }
        row += 6
      }
    }
  }
}

/// The terms that a sum starts from.
@inline(__always)
private func start(
  _ c: MutableFloats, _ stride: Int, _ rows: Int, _ bias: Floats?, _ addend: Floats?,
  _ addendStride: Int
) {
  for row in 0..<rows {
    var column = 0
    while column < BytePanels.width {
      var value = bias.map { load($0 + column) } ?? Lanes()
      if let addend { value += load(addend + row * addendStride + column) }
      store(value, to: c + row * stride + column)
      column += laneCount
    }
  }
}

/// Six rows by two registers of columns: at most `64 · 127²`, so that floats hold every sum exactly.
@inline(__always)
private func addGroup(
  _ a: Floats, _ b: Floats, _ inner: Int, _ rowFactors: Floats, _ rowFactorStride: Int,
  _ columnFactors: Floats, _ rows: Int, _ c: MutableFloats, _ stride: Int
) {
  let length = ByteRows.groupLength
  var (c00, c01, c10, c11, c20, c21) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var (c30, c31, c40, c41, c50, c51) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var (a, b) = (a, b)
  for _ in 0..<inner {
    let (b0, b1) = (load(b), load(b + laneCount))
    let (a0, a1, a2) = (every(a[0]), every(a[length]), every(a[2 * length]))
    c00 = c00.addingProduct(a0, b0)
    c01 = c01.addingProduct(a0, b1)
    c10 = c10.addingProduct(a1, b0)
    c11 = c11.addingProduct(a1, b1)
    c20 = c20.addingProduct(a2, b0)
    c21 = c21.addingProduct(a2, b1)
    let (a3, a4, a5) = (every(a[3 * length]), every(a[4 * length]), every(a[5 * length]))
    c30 = c30.addingProduct(a3, b0)
    c31 = c31.addingProduct(a3, b1)
    c40 = c40.addingProduct(a4, b0)
    c41 = c41.addingProduct(a4, b1)
    c50 = c50.addingProduct(a5, b0)
    c51 = c51.addingProduct(a5, b1)
    a += 1
    b += BytePanels.width
  }
  let (first, second) = (load(columnFactors), load(columnFactors + laneCount))
  func add(_ row: Int, _ low: Lanes, _ high: Lanes) {
    guard row < rows else { return }
    let factor = every(rowFactors[row * rowFactorStride])
    let target = c + row * stride
    store(load(target).addingProduct(low * factor, first), to: target)
    store(
      load(target + laneCount).addingProduct(high * factor, second), to: target + laneCount)
  }
  add(0, c00, c01)
  add(1, c10, c11)
  add(2, c20, c21)
  add(3, c30, c31)
  add(4, c40, c41)
  add(5, c50, c51)
}
