/// Products of few rows with a big matrix that is read once, as it lies: decoding.

import CVectors
import KernelInterface

extension VectorKernels {
  /// `y[r] = dot(matrix row r, x) (+ y[r] if keep)` for the rows `range` of a compact matrix.
  public static func matrixVector(
    _ matrix: CompactMatrix, rows range: Range<Int>, _ x: Floats, into y: MutableFloats, keep: Bool
  ) {
    let columns = matrix.columns
    for row in range {
      let product = vectors_dot_bfloat16(matrix.values + row * columns, x, columns)
      y[row] = keep ? y[row] + product : product
    }
  }

  /// The rows `range` of a compact matrix as floats, `matrix.columns` a row.
  public static func widen(
    _ matrix: CompactMatrix, rows range: Range<Int>, into target: MutableFloats
  ) {
    vectors_widen_bfloat16(
      matrix.values + range.lowerBound * matrix.columns, target, range.count * matrix.columns)
  }

  /// `c[s][r] = dot(matrix row r, sample s) (+ bias[r]) (+ addend[s][r])`, the matrix read as it lies.
  public static func multiplyThin(
    _ matrix: Floats, stride: Int, rows: Int, columns: Int, samples: Floats, count: Int,
    bias: Floats?, addend: Floats?, into c: MutableFloats, stride cStride: Int,
    scratch: MutableFloats
  ) {
    var row = 0
    while row < rows {
      let height = min(6, rows - row)
      let start = matrix + row * stride
      if height < 6 {
        // Each of the last rows as if it were six.
        let six = scratch + 6 * panelWidth
        for index in 0..<height {
          multiplySix(start + index * stride, 0, samples, columns, count, into: six)
          (scratch + index * panelWidth).update(from: six, count: panelWidth)
        }
      } else {
        multiplySix(start, stride, samples, columns, count, into: scratch)
      }
      for sample in 0..<count {
        let place = sample * cStride + row
        let source = scratch + sample
        let target = c + place
        if let addend, let bias {
          for index in 0..<height {
            target[index] =
              source[index * panelWidth] + (bias[row + index] + addend[place + index])
          }
        } else if let bias {
          for index in 0..<height {
            target[index] = source[index * panelWidth] + bias[row + index]
          }
        } else if let addend {
          for index in 0..<height {
            target[index] = source[index * panelWidth] + addend[place + index]
          }
        } else {
          for index in 0..<height { target[index] = source[index * panelWidth] }
        }
      }
      row += 6
    }
  }
}

@inline(__always)
private func multiplySix(
  _ a: Floats, _ stride: Int, _ samples: Floats, _ inner: Int, _ count: Int,
  into c: MutableFloats
) {
  if count <= laneCount {
    multiplySixByOne(a, stride, samples, inner, into: c)
  } else {
    multiplySixByTwo(a, stride, samples, inner, into: c)
  }
}

/// Six rows of a matrix by as many samples as two registers hold.
@inline(__always)
private func multiplySixByTwo(
  _ a: Floats, _ stride: Int, _ b: Floats, _ inner: Int, into c: MutableFloats
) {
  var (a, b) = (a, b)
  var (c00, c01, c10, c11, c20, c21) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var (c30, c31, c40, c41, c50, c51) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var left = inner
  while left > 0 {
    if left & 15 == 0 {
      // The next six rows: the processor cannot guess where they begin.
      let next = a + 6 * stride
      vectors_prefetch(next)
      vectors_prefetch(next + stride)
      vectors_prefetch(next + 2 * stride)
      vectors_prefetch(next + 3 * stride)
      vectors_prefetch(next + 4 * stride)
      vectors_prefetch(next + 5 * stride)
    }
    let (b0, b1) = (load(b), load(b + laneCount))
    let (a0, a1, a2) = (every(a[0]), every(a[stride]), every(a[2 * stride]))
    c00 = c00.addingProduct(a0, b0)
    c01 = c01.addingProduct(a0, b1)
    c10 = c10.addingProduct(a1, b0)
    c11 = c11.addingProduct(a1, b1)
    c20 = c20.addingProduct(a2, b0)
    c21 = c21.addingProduct(a2, b1)
    let (a3, a4, a5) = (every(a[3 * stride]), every(a[4 * stride]), every(a[5 * stride]))
    c30 = c30.addingProduct(a3, b0)
    c31 = c31.addingProduct(a3, b1)
    c40 = c40.addingProduct(a4, b0)
    c41 = c41.addingProduct(a4, b1)
    c50 = c50.addingProduct(a5, b0)
    c51 = c51.addingProduct(a5, b1)
    a += 1
    b += panelWidth
    left -= 1
  }
  store(c00, to: c)
  store(c01, to: c + laneCount)
  store(c10, to: c + panelWidth)
  store(c11, to: c + panelWidth + laneCount)
  store(c20, to: c + 2 * panelWidth)
  store(c21, to: c + 2 * panelWidth + laneCount)
  store(c30, to: c + 3 * panelWidth)
  store(c31, to: c + 3 * panelWidth + laneCount)
  store(c40, to: c + 4 * panelWidth)
  store(c41, to: c + 4 * panelWidth + laneCount)
  store(c50, to: c + 5 * panelWidth)
  store(c51, to: c + 5 * panelWidth + laneCount)
}

/// Six rows of a matrix by as many samples as one register holds; two sums a row hide the latency.
@inline(__always)
private func multiplySixByOne(
  _ a: Floats, _ stride: Int, _ b: Floats, _ inner: Int, into c: MutableFloats
) {
  var (a, b) = (a, b)
  var (c0, c1, c2, c3, c4, c5) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var (d0, d1, d2, d3, d4, d5) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
  var left = inner
  while left > 1 {
    if left & 15 <= 1 {
      // The next six rows, as above; these take long enough to be kept a cache further away.
      let next = a + 6 * stride
      vectors_prefetch_far(next)
      vectors_prefetch_far(next + stride)
      vectors_prefetch_far(next + 2 * stride)
      vectors_prefetch_far(next + 3 * stride)
      vectors_prefetch_far(next + 4 * stride)
      vectors_prefetch_far(next + 5 * stride)
    }
    let (first, second) = (load(b), load(b + panelWidth))
    c0 = c0.addingProduct(every(a[0]), first)
    d0 = d0.addingProduct(every(a[1]), second)
    c1 = c1.addingProduct(every(a[stride]), first)
    d1 = d1.addingProduct(every(a[stride + 1]), second)
    c2 = c2.addingProduct(every(a[2 * stride]), first)
    d2 = d2.addingProduct(every(a[2 * stride + 1]), second)
    c3 = c3.addingProduct(every(a[3 * stride]), first)
    d3 = d3.addingProduct(every(a[3 * stride + 1]), second)
    c4 = c4.addingProduct(every(a[4 * stride]), first)
    d4 = d4.addingProduct(every(a[4 * stride + 1]), second)
    c5 = c5.addingProduct(every(a[5 * stride]), first)
    d5 = d5.addingProduct(every(a[5 * stride + 1]), second)
    a += 2
    b += 2 * panelWidth
    left -= 2
  }
  if left > 0 {
    let first = load(b)
    c0 = c0.addingProduct(every(a[0]), first)
    c1 = c1.addingProduct(every(a[stride]), first)
    c2 = c2.addingProduct(every(a[2 * stride]), first)
    c3 = c3.addingProduct(every(a[3 * stride]), first)
    c4 = c4.addingProduct(every(a[4 * stride]), first)
    c5 = c5.addingProduct(every(a[5 * stride]), first)
  }
  store(c0 + d0, to: c)
  store(c1 + d1, to: c + panelWidth)
  store(c2 + d2, to: c + 2 * panelWidth)
  store(c3 + d3, to: c + 3 * panelWidth)
  store(c4 + d4, to: c + 4 * panelWidth)
  store(c5 + d5, to: c + 5 * panelWidth)
}
