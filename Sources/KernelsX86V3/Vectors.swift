/// Sums, products and matrix-vector products of float buffers.

import CVectors
import KernelInterface

extension VectorKernels {
  /// `y += x`
  public static func add(_ x: Floats, to y: MutableFloats, count: Int) {
    add(x, y, into: y, count: count)
  }

  /// `z = x + y`
  public static func add(_ x: Floats, _ y: Floats, into z: MutableFloats, count: Int) {
    var index = 0
    while index + laneCount <= count {
      store(load(x + index) + load(y + index), to: z + index)
      index += laneCount
    }
    while index < count {
      z[index] = x[index] + y[index]
      index += 1
    }
  }

  /// `y = factor · x`; `x` and `y` may be the same.
  public static func scale(_ x: Floats, by factor: Float, into y: MutableFloats, count: Int) {
    let factors = every(factor)
    var index = 0
    while index + laneCount <= count {
      store(factors * load(x + index), to: y + index)
      index += laneCount
    }
    while index < count {
      y[index] = factor * x[index]
      index += 1
    }
  }

  /// `Σ x[i] · y[i]`
  public static func dot(_ x: Floats, _ y: Floats, count: Int) -> Float {
    sum(productSums(x, y, count))
  }

  /// `Σ x[i]²`, summed in double precision across blocks of 4096; not finite if any `x[i]` is not.
  public static func sumOfSquares(_ x: Floats, count: Int) -> Double {
    var total = 0.0
    var index = 0
    while index < count {
      let length = min(4096, count - index)
      total += Double(sum(productSums(x + index, x + index, length)))
      index += length
    }
    return total
  }

  /// `y[r] = dot(matrix row r, x) (+ y[r] if keep)` for `rows` rows: bound by memory bandwidth.
  public static func matrixVector(
    _ matrix: Floats, rows: Int, columns: Int, _ x: Floats, into y: MutableFloats, keep: Bool
  ) {
    for row in 0..<rows {
      let product = sum(streamedProduct(matrix + row * columns, x, columns))
      y[row] = keep ? y[row] + product : product
    }
  }

  /// `sums[c] += Σ_r x[r][c]`, e.g. the gradient of a bias.
  public static func addColumnSums(
    of x: Floats, rows: Int, columns: Int, to sums: MutableFloats
  ) {
    var row = 0
    while row + 4 <= rows {
      let (a, b) = (x + row * columns, x + (row + 1) * columns)
      let (c, d) = (x + (row + 2) * columns, x + (row + 3) * columns)
      var index = 0
      while index + laneCount <= columns {
        let four = (load(a + index) + load(b + index)) + (load(c + index) + load(d + index))
        store(load(sums + index) + four, to: sums + index)
        index += laneCount
      }
      while index < columns {
        sums[index] += (a[index] + b[index]) + (c[index] + d[index])
        index += 1
      }
      row += 4
    }
    while row < rows {
      add(x + row * columns, to: sums, count: columns)
      row += 1
    }
  }
}

/// `Σ x[i] · y[i]`, still spread over the lanes; four sums hide the latency of the additions.
@inline(__always)
func productSums(_ x: Floats, _ y: Floats, _ count: Int) -> Lanes {
  var (a, b, c, d) = (Lanes(), Lanes(), Lanes(), Lanes())
  var index = 0
  while index + 4 * laneCount <= count {
    let (x, y) = (x + index, y + index)
    a = a.addingProduct(load(x), load(y))
    b = b.addingProduct(load(x + laneCount), load(y + laneCount))
    c = c.addingProduct(load(x + 2 * laneCount), load(y + 2 * laneCount))
    d = d.addingProduct(load(x + 3 * laneCount), load(y + 3 * laneCount))
    index += 4 * laneCount
  }
  while index + laneCount <= count {
    a = a.addingProduct(load(x + index), load(y + index))
    index += laneCount
  }
  if index < count {
    b = b.addingProduct(load(x + index, count - index), load(y + index, count - index))
  }
  return (a + b) + (c + d)
}

/// The products of four rows with one vector, which is loaded once.
@inline(__always)
func fourProducts(
  _ a: Floats, _ b: Floats, _ c: Floats, _ d: Floats, _ x: Floats, _ count: Int
) -> SIMD4<Float> {
  var (a0, b0, c0, d0) = (Lanes(), Lanes(), Lanes(), Lanes())
  var (a1, b1, c1, d1) = (Lanes(), Lanes(), Lanes(), Lanes())
  var index = 0
  while index + 2 * laneCount <= count {
    let next = index + laneCount
    let (x0, x1) = (load(x + index), load(x + next))
    a0 = a0.addingProduct(load(a + index), x0)
    a1 = a1.addingProduct(load(a + next), x1)
    b0 = b0.addingProduct(load(b + index), x0)
    b1 = b1.addingProduct(load(b + next), x1)
    c0 = c0.addingProduct(load(c + index), x0)
    c1 = c1.addingProduct(load(c + next), x1)
    d0 = d0.addingProduct(load(d + index), x0)
    d1 = d1.addingProduct(load(d + next), x1)
    index += 2 * laneCount
  }
  while index < count {
    let length = count - index
    let rest = load(x + index, length)
    a0 = a0.addingProduct(load(a + index, length), rest)
    b0 = b0.addingProduct(load(b + index, length), rest)
    c0 = c0.addingProduct(load(c + index, length), rest)
    d0 = d0.addingProduct(load(d + index, length), rest)
    index += laneCount
  }
  return SIMD4(sum(a0 + a1), sum(b0 + b1), sum(c0 + c1), sum(d0 + d1))
}

/// `Σ a[i] · x[i]`, spread over the lanes, for a row of a matrix whose rows are read one after the other.
///
/// One stream a thread, in the order of memory and in huge pages, is what the processor fetches ahead
/// best by itself.
@inline(__always)
private func streamedProduct(_ a: Floats, _ x: Floats, _ count: Int) -> Lanes {
  var (sum, other) = (Lanes(), Lanes())
  var index = 0
  while index + 2 * laneCount <= count {
    let row = a + index
    sum = sum.addingProduct(load(row), load(x + index))
    other = other.addingProduct(load(row + laneCount), load(x + index + laneCount))
    index += 2 * laneCount
  }
  while index < count {
    let length = count - index
    sum = sum.addingProduct(load(a + index, length), load(x + index, length))
    index += laneCount
  }
  return sum + other
}
