/// What a block of registers is made of: the sums of a row.

import KernelInterface

/// The rows whose sums registers hold: twelve where there are 32 registers.
///
/// Twelve rows read an element on the right half as often as six. Where a core does two vectors of products a cycle,
/// those reads, from the second cache in big products, are what six rows wait for.
@inline(__always)
var tallBlock: Int {
  #if AVX512
  12
  #else
  6
  #endif
}

/// The sums of one row and one panel of columns.
///
/// Tuples, because a structure leaves functions for the linker that other modules define too.
typealias RowSums = (first: Lanes, second: Lanes)

/// Sums of nothing.
@inline(__always)
var noSums: RowSums { (Lanes(), Lanes()) }

/// Adds the products of an element on the left with a row of the panel on the right.
@inline(__always)
func add(_ a: Float, _ b0: Lanes, _ b1: Lanes, to sums: inout RowSums) {
  let a = every(a)
  sums.first = sums.first.addingProduct(a, b0)
  sums.second = sums.second.addingProduct(a, b1)
}

/// Writes the sums, and what is added to them, if that is given, with them.
@inline(__always)
func finish(_ sums: RowSums, addend: Floats?, _ c: MutableFloats) {
  if let addend {
    store(load(addend) + sums.first, to: c)
    store(load(addend + laneCount) + sums.second, to: c + laneCount)
  } else {
    store(sums.first, to: c)
    store(sums.second, to: c + laneCount)
  }
}
