/// The vector that kernels compute with, and how it meets memory.

import KernelInterface

#if AVX512
/// One register of floats.
typealias Lanes = SIMD16<Float>
/// The bits of `Lanes`.
typealias LaneBits = SIMD16<UInt32>
#else
/// One register of floats.
typealias Lanes = SIMD8<Float>
/// The bits of `Lanes`.
typealias LaneBits = SIMD8<UInt32>
#endif

/// The floats in one `Lanes`.
@inline(__always)
var laneCount: Int {
  #if AVX512
  16
  #else
  8
  #endif
}

/// How many rows ahead a packing walk asks for what it reads: rows lie too far apart for the
/// processor to guess.
@inline(__always)
var prefetchRows: Int { 8 }

/// The number of every lane.
@inline(__always)
var laneNumbers: Lanes {
  #if AVX512
  Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  #else
  Lanes(0, 1, 2, 3, 4, 5, 6, 7)
  #endif
}

/// `count` rounded up to whole multiples of `unit`.
@inline(__always)
func roundUp(_ count: Int, to unit: Int) -> Int {
  (count + unit - 1) / unit * unit
}

/// All lanes equal to `value`.
@inline(__always)
func every(_ value: Float) -> Lanes {
  Lanes(repeating: value)
}

@inline(__always)
func load(_ source: Floats) -> Lanes {
  UnsafeRawPointer(source).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func store(_ value: Lanes, to target: MutableFloats) {
  UnsafeMutableRawPointer(target).storeBytes(of: value, as: Lanes.self)
}

/// The first `count` floats and `filler` behind them; reads `laneCount` at most.
@inline(__always)
func load(_ source: Floats, _ count: Int, filler: Float = 0) -> Lanes {
  if count >= laneCount { return load(source) }
  var value = every(filler)
  for index in 0..<count { value[index] = source[index] }
  return value
}

/// Writes the first `count` lanes, `laneCount` at most.
@inline(__always)
func store(_ value: Lanes, to target: MutableFloats, _ count: Int) {
  if count >= laneCount { return store(value, to: target) }
  for index in 0..<count { target[index] = value[index] }
}

/// The larger of two values lane by lane; where one is not a number, `a`.
@inline(__always)
func maximum(_ a: Lanes, _ b: Lanes) -> Lanes {
  a.replacing(with: b, where: a .< b)
}

/// The smaller of two values lane by lane; where one is not a number, `a`.
@inline(__always)
func minimum(_ a: Lanes, _ b: Lanes) -> Lanes {
  a.replacing(with: b, where: b .< a)
}

/// The sum of the lanes, halving.
@inline(__always)
func sum(_ value: Lanes) -> Float {
  #if AVX512
  let eight = value.lowHalf + value.highHalf
  #else
  let eight = value
  #endif
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// The largest lane.
///
/// In a function of its own because a comparison that feeds a reduction is otherwise split up.
@inline(never)
func largest(_ value: Lanes) -> Float {
  #if AVX512
  let (low, high) = (value.lowHalf, value.highHalf)
  let eight = low.replacing(with: high, where: low .< high)
  #else
  let eight = value
  #endif
  let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.lowHalf .< eight.highHalf)
  let two = four.lowHalf.replacing(with: four.highHalf, where: four.lowHalf .< four.highHalf)
  return two[0] < two[1] ? two[1] : two[0]
}
