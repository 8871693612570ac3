/// What a product multiplies: operands copied into panels that its blocks of registers read in order.

import CVectors
import KernelInterface

extension VectorKernels {
  /// Copies the left operand of a product, times `factor`, into panels of `blockRows` rows.
  ///
  /// A panel holds its rows' elements side by side for every `k`; missing rows are zeros.
  public static func packLeft(
    _ a: Floats, stride: Int, isTransposed: Bool, factor: Float, rows: Int, inner: Int,
    into panels: MutableFloats
  ) {
    let whole = rows / 6
    if isTransposed {
      packLeftColumns(a, stride, whole, inner, into: panels)
    } else {
      for panel in 0..<whole {
        packLeftRows(a + 6 * panel * stride, stride, inner, into: panels + 6 * panel * inner)
      }
    }
    var count = 6 * whole * inner
    if rows > 6 * whole {
      let (rowStep, innerStep) = isTransposed ? (1, stride) : (stride, 1)
      packLeftRest(
        a + 6 * whole * rowStep, rowStep, innerStep, rows - 6 * whole, inner, into: panels + count)
      count += 6 * inner
    }
    if factor != 1 { scale(panels, by: factor, into: panels, count: count) }
  }

  /// Copies the right operand of a product into panels of `blockColumns` columns.
  ///
  /// A panel holds its columns' elements side by side for every `k`; missing columns are zeros.
  public static func packRight(
    _ b: Floats, stride: Int, isTransposed: Bool, columns: Int, inner: Int,
    into panels: MutableFloats
  ) {
    if !isTransposed {
      packRightRows(b, stride, columns / panelWidth, inner, into: panels)
    }
    var column = isTransposed ? 0 : columns / panelWidth * panelWidth
    var panel = panels + column * inner
    while column < columns {
      let width = min(panelWidth, columns - column)
      if isTransposed {
        packRightColumns(b + column * stride, stride, width, inner, into: panel)
      } else if width < panelWidth {
        for k in 0..<inner {
          let (source, target) = (b + k * stride + column, panel + k * panelWidth)
          store(load(source, width), to: target)
          store(load(source + laneCount, max(0, width - laneCount)), to: target + laneCount)
        }
      }
      column += panelWidth
      panel += panelWidth * inner
    }
  }
}

/// One panel of six rows that lie `stride` apart.
@inline(__always)
private func packLeftRows(_ a: Floats, _ stride: Int, _ inner: Int, into panel: MutableFloats) {
  var k = 0
  // The last eight are written one by one: a vector would reach into the next panel.
  while k + 9 <= inner {
    if k & 15 == 0 {
      for row in 6..<12 { vectors_prefetch(a + row * stride + k) }
    }
    vectors_transpose(a + k, stride, 6, panel + 6 * k, 6)
    k += 8
  }
  while k < inner {
    let (source, target) = (a + k, panel + 6 * k)
    target[0] = source[0]
    target[1] = source[stride]
    target[2] = source[2 * stride]
    target[3] = source[3 * stride]
    target[4] = source[4 * stride]
    target[5] = source[5 * stride]
    k += 1
  }
}

/// Panels of six rows that lie side by side, as columns of what is stored.
///
/// The panels' columns are read together, as they lie; eight at a time fill three lines of every panel.
@inline(__always)
private func packLeftColumns(
  _ a: Floats, _ stride: Int, _ panelCount: Int, _ inner: Int, into panels: MutableFloats
) {
  var k = 0
  while k + 9 <= inner {
    copyLeftColumns(a + k * stride, stride, 8, panelCount, inner, to: panels + 6 * k)
    k += 8
  }
  while k + 1 < inner {
    copyLeftColumns(a + k * stride, stride, 1, panelCount, inner, to: panels + 6 * k)
    k += 1
  }
  guard k < inner else { return }
  for panel in 0..<panelCount {
    let (source, target) = (a + k * stride + 6 * panel, panels + 6 * (panel * inner + k))
    for row in 0..<6 { target[row] = source[row] }
  }
}

/// A few `k`, not the last one: eight numbers are copied where six are meant, and the next copy overwrites two.
@inline(__always)
private func copyLeftColumns(
  _ a: Floats, _ stride: Int, _ length: Int, _ panelCount: Int, _ inner: Int,
  to panels: MutableFloats
) {
  var source = UnsafeRawPointer(a)
  var target = UnsafeMutableRawPointer(panels)
  for _ in 0..<panelCount {
    for index in 0..<length {
      let value = (source + 4 * stride * index).loadUnaligned(as: SIMD8<Float>.self)
      (target + 24 * index).storeBytes(of: value, as: SIMD8<Float>.self)
    }
    source += 24
    target += 24 * inner
  }
}

private func packLeftRest(
  _ a: Floats, _ rowStep: Int, _ innerStep: Int, _ rows: Int, _ inner: Int,
  into panel: MutableFloats
) {
  for k in 0..<inner {
    for row in 0..<6 {
      panel[6 * k + row] = row < rows ? a[row * rowStep + k * innerStep] : 0
    }
  }
}

/// Whole panels of columns, row after row as they lie.
@inline(__always)
private func packRightRows(
  _ b: Floats, _ stride: Int, _ panelCount: Int, _ inner: Int, into panels: MutableFloats
) {
  for k in 0..<inner {
    var source = b + k * stride
    var target = panels + k * panelWidth
    for _ in 0..<panelCount {
      vectors_prefetch(source + prefetchRows * stride)
      store(load(source), to: target)
      store(load(source + laneCount), to: target + laneCount)
      source += panelWidth
      target += panelWidth * inner
    }
  }
}

/// One panel of columns that lie as rows, `stride` apart.
@inline(__always)
private func packRightColumns(
  _ b: Floats, _ stride: Int, _ columns: Int, _ inner: Int, into panel: MutableFloats
) {
  var column = 0
  while column < panelWidth {
    var k = 0
    if column + 8 <= columns {
      while k + 8 <= inner {
        vectors_transpose(
          b + column * stride + k, stride, 8, panel + k * panelWidth + column, panelWidth)
        k += 8
      }
    }
    while k < inner {
      for index in column..<column + 8 {
        panel[k * panelWidth + index] = index < columns ? b[index * stride + k] : 0
      }
      k += 1
    }
    column += 8
  }
}
