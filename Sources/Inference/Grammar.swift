/// A context-free grammar over bytes: what a text may be.

/// Rules in a form that a machine can follow byte by byte.
///
/// Characters are sequences of bytes here (UTF-8), so that tokens may begin and end inside them.
public struct Grammar: Sendable, Equatable {
  /// What comes next in an alternative.
  enum Symbol: Sendable, Equatable {
    /// One byte of a set.
    case bytes(ByteSet)
    /// What rule number n stands for.
    case rule(Int)
  }

  /// The alternatives of every rule.
  var rules: [[[Symbol]]]
  /// The rule of whole texts.
  var root: Int

  /// Rules whose beginnings may be themselves, behind which more must follow: no machine that reads
  /// from left to right ends with those.
  func leftRecursiveRule() -> Int? {
    var isNullable = [Bool](repeating: false, count: rules.count)
    var hasChanged = true
    func vanishes(_ symbol: Symbol) -> Bool {
      if case .rule(let rule) = symbol { isNullable[rule] } else { false }
    }
    while hasChanged {
      hasChanged = false
      for index in rules.indices where !isNullable[index] {
        if rules[index].contains(where: { $0.allSatisfy(vanishes) }) {
          isNullable[index] = true
          hasChanged = true
        }
      }
    }
    var beginnings = [Set<Int>](repeating: [], count: rules.count)
    var growing: [(from: Int, to: Int)] = []
    for index in rules.indices {
      for alternative in rules[index] {
        for (place, symbol) in alternative.enumerated() {
          if case .rule(let rule) = symbol {
            beginnings[index].insert(rule)
            // In last place a rule takes over from the one that called it, and nothing grows.
            if place < alternative.count - 1 { growing.append((index, rule)) }
          }
          if !vanishes(symbol) { break }
        }
      }
    }
    return growing.first { edge in
      var seen: Set<Int> = [edge.to]
      var waiting = [edge.to]
      while let rule = waiting.popLast() {
        if rule == edge.from { return true }
        for next in beginnings[rule] where seen.insert(next).inserted { waiting.append(next) }
      }
      return false
    }?.from
  }
}

/// A set of bytes.
struct ByteSet: Sendable, Hashable {
  private var low: UInt128 = 0
  private var high: UInt128 = 0

  init(_ range: ClosedRange<UInt8>) { insert(range) }

  mutating func insert(_ range: ClosedRange<UInt8>) {
    for byte in range {
      if byte < 128 { low |= 1 << UInt128(byte) } else { high |= 1 << UInt128(byte - 128) }
    }
  }

  func contains(_ byte: UInt8) -> Bool {
    byte < 128 ? low >> UInt128(byte) & 1 == 1 : high >> UInt128(byte - 128) & 1 == 1
  }

  mutating func formUnion(_ other: ByteSet) {
    low |= other.low
    high |= other.high
  }
}

/// Ranges of characters as ranges of the bytes that spell them.
enum UTF8Ranges {
  /// The sequences of byte ranges that spell the characters of `range`; surrogates are left out.
  static func sequences(of range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
    let borders: [ClosedRange<UInt32>] = [
      0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
    ]
    return borders.filter { $0.overlaps(range) }.flatMap { border in
      split(
        bytes(of: max(border.lowerBound, range.lowerBound))[...],
        bytes(of: min(border.upperBound, range.upperBound))[...])
    }
  }

  static func bytes(of scalar: UInt32) -> [UInt8] {
    Unicode.Scalar(scalar).map { Array(String($0).utf8) } ?? []
  }

  /// The sequences from `first` to `last`, which are of one length.
  private static func split(
    _ first: ArraySlice<UInt8>, _ last: ArraySlice<UInt8>
  ) -> [[ClosedRange<UInt8>]] {
    guard let low = first.first, let high = last.first else { return [[]] }
    let (restLow, restHigh) = (first.dropFirst(), last.dropFirst())
    if low == high { return split(restLow, restHigh).map { [low...low] + $0 } }
    var result: [[ClosedRange<UInt8>]] = []
    var (start, end) = (low, high)
    let least = [UInt8](repeating: 0x80, count: restLow.count)
    let most = [UInt8](repeating: 0xBF, count: restLow.count)
    if Array(restLow) != least {
      result += split(restLow, most[...]).map { [low...low] + $0 }
      start += 1
    }
    var ending: [[ClosedRange<UInt8>]] = []
    if Array(restHigh) != most {
      ending = split(least[...], restHigh).map { [high...high] + $0 }
      end -= 1
    }
    if start <= end { result.append([start...end] + least.map { _ in 0x80...0xBF }) }
    return result + ending
  }
}
