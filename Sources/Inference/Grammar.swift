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

  /// Whether no text is described: every way through the rules goes on for ever.
  var isEmpty: Bool {
    !finite { symbol, isFinite in
      switch symbol {
      case .bytes: true
      case .rule(let rule): isFinite[rule]
      }
    }[root]
  }

  /// Rules whose beginnings may be themselves, behind which more must follow: no machine that reads
  /// from left to right ends with those.
  func leftRecursiveRule() -> Int? {
    let isNullable = finite { symbol, isNullable in
      if case .rule(let rule) = symbol { isNullable[rule] } else { false }
    }
    var beginnings = [[Int]](repeating: [], count: rules.count)
    var growing: [(from: Int, to: Int)] = []
    for index in rules.indices {
      var seen = Set<Int>()
      for alternative in rules[index] {
        for (place, symbol) in alternative.enumerated() {
          guard case .rule(let rule) = symbol else { break }
          if seen.insert(rule).inserted { beginnings[index].append(rule) }
          // In last place a rule takes over from the one that called it, and nothing grows.
          if place < alternative.count - 1 { growing.append((index, rule)) }
          if !isNullable[rule] { break }
        }
      }
    }
    let circles = StrongComponents(of: beginnings).numbers
    return growing.first { circles[$0.from] == circles[$0.to] }?.from
  }

  /// The rules with an alternative all of whose symbols hold, given which rules do.
  private func finite(_ holds: (Symbol, [Bool]) -> Bool) -> [Bool] {
    var result = [Bool](repeating: false, count: rules.count)
    // Who has to be looked at again when a rule turns out to hold.
    var callers = [[Int]](repeating: [], count: rules.count)
    for (index, alternatives) in rules.enumerated() {
      for case .rule(let rule) in alternatives.joined() where callers[rule].last != index {
        callers[rule].append(index)
      }
    }
    var waiting = Array(rules.indices.reversed())
    while let index = waiting.popLast() {
      if !result[index], rules[index].contains(where: { $0.allSatisfy { holds($0, result) } }) {
        result[index] = true
        waiting += callers[index]
      }
    }
    return result
  }
}

/// Sets of nodes from each of which all others can be reached (Tarjan 1972), in time linear in edges.
struct StrongComponents {
  /// The number of each node's set.
  private(set) var numbers: [Int]

  /// The sets of a graph: for every node the nodes behind its edges.
  init(of edges: [[Int]]) {
    numbers = [Int](repeating: -1, count: edges.count)
    var order = [Int](repeating: -1, count: edges.count)
    var lowest = order
    var next = 0
    var open: [Int] = []
    // The way to the current node, with how many of each node's edges have been followed.
    var path: [(node: Int, edge: Int)] = []
    for start in edges.indices where order[start] < 0 {
      path.append((start, 0))
      while let (node, edge) = path.last {
        if edge == 0 {
          (order[node], lowest[node]) = (next, next)
          next += 1
          open.append(node)
        }
        if edge < edges[node].count {
          path[path.count - 1].edge += 1
          let target = edges[node][edge]
          if order[target] < 0 {
            path.append((target, 0))
          } else if numbers[target] < 0 {
            lowest[node] = min(lowest[node], order[target])
          }
          continue
        }
        if lowest[node] == order[node] {
          while let member = open.popLast() {
            numbers[member] = node
            if member == node { break }
          }
        }
        path.removeLast()
        if let parent = path.last?.node { lowest[parent] = min(lowest[parent], lowest[node]) }
      }
    }
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
