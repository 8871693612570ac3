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
    let sums = right + BytePanels.width * length
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
            height, c + row * stride + column, stride, sums)
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

/// Six rows by a panel of columns, whose sums are at most `64 · 127²`, so that floats hold them exactly;
/// scaled, they are added to the first `rows` rows of `c`.
@inline(__always)
private func addGroup(
  _ a: Floats, _ b: Floats, _ inner: Int, _ rowFactors: Floats, _ rowFactorStride: Int,
  _ columnFactors: Floats, _ rows: Int, _ c: MutableFloats, _ stride: Int, _ sums: MutableFloats
) {
  multiplyFixed(
    6, a, ByteRows.groupLength, 1, b, BytePanels.width, inner, sums, panelWidth, false)
  let (first, second) = (load(columnFactors), load(columnFactors + laneCount))
  for row in 0..<rows {
    let factor = every(rowFactors[row * rowFactorStride])
    let (source, target) = (sums + row * panelWidth, c + row * stride)
    store(load(target).addingProduct(load(source) * factor, first), to: target)
    store(
      load(target + laneCount).addingProduct(load(source + laneCount) * factor, second),
      to: target + laneCount)
  }
}
