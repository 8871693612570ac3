/// Random numbers that are the same on every machine and in every version: xoshiro256++.

import Glibc

/// Mixes 64 bits so that every bit of the result depends on every bit of the argument.
///
/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195); 0 stays 0.
@inlinable
public func mixBits(_ value: UInt64) -> UInt64 {
  var bits = value
  bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
  bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
  return bits ^ (bits >> 31)
}

/// A stream of random numbers that is a value: copying it copies the future.
///
/// xoshiro256++ 1.0 (Blackman, Vigna 2021, doi:10.1145/3460772), seeded by SplitMix64. The whole
/// state is four words, so a saved source goes on where it was. Not for secrets.
public struct RandomSource: RandomNumberGenerator, Codable, Sendable, Equatable {
  private var first: UInt64
  private var second: UInt64
  private var third: UInt64
  private var fourth: UInt64

  /// The stream `stream` of the family `seed`; different streams are independent for all that a
  /// test can tell. Stream 0 is what the authors' seeding by SplitMix64 gives.
  public init(seed: UInt64, stream: UInt64 = 0) {
    let increment: UInt64 = 0x9e37_79b9_7f4a_7c15
    let start = seed &+ mixBits(stream)
    first = mixBits(start &+ increment)
    second = mixBits(start &+ increment &* 2)
    third = mixBits(start &+ increment &* 3)
    fourth = mixBits(start &+ increment &* 4)
  }

  /// A source in a given state, which must not be all zeros.
  package init(state: (UInt64, UInt64, UInt64, UInt64)) {
    (first, second, third, fourth) = state
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    let result = rotate(first &+ fourth, 23) &+ first
    let shifted = second << 17
    third ^= first
    fourth ^= second
    second ^= third
    first ^= fourth
    third ^= shifted
    fourth = rotate(fourth, 45)
    return result
  }

  /// A whole number in `0..<bound`, each equally likely (Lemire 2019, doi:10.1145/3230636).
  public mutating func next(below bound: Int) -> Int {
    precondition(bound > 0, "There is no number below zero to draw.")
    let width = UInt64(bound)
    var product = next().multipliedFullWidth(by: width)
    if product.low < width {
      let threshold = (0 &- width) % width
      while product.low < threshold { product = next().multipliedFullWidth(by: width) }
    }
    return Int(product.high)
  }

  /// A multiple of 2⁻⁵³ in `0..<1`.
  public mutating func nextDouble() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A multiple of 2⁻²⁴ in `0..<1`.
  public mutating func nextFloat() -> Float {
    Float(next() >> 40) * 0x1p-24
  }

  /// A number from the normal distribution with mean 0 and variance 1 (Box, Muller 1958).
  public mutating func nextNormal() -> Double {
    let radius = (-2 * log(1 - nextDouble())).squareRoot()
    return radius * cos(2 * Double.pi * nextDouble())
  }

  /// The numbers `0..<count` in random order, each order equally likely (Fisher, Yates).
  public mutating func permutation(of count: Int) -> [UInt32] {
    precondition(count <= Int(UInt32.max), "A permutation of so many does not fit 32 bits.")
    var order = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = UInt32(index) }
      initialized = count
    }
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, next(below: last + 1))
    }
    return order
  }

  private func rotate(_ bits: UInt64, _ distance: UInt64) -> UInt64 {
    (bits << distance) | (bits >> (64 - distance))
  }
}
