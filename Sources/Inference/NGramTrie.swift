/// All n-grams of a text up to an order, with their Kneser-Ney counts.

import Tokenizers

/// A trie as one sorted array a level: the n-grams that begin with one (n−1)-gram lie side by side.
struct NGramTrie: Sendable {
  /// The n-grams of one order.
  struct Level: Sendable {
    /// The last token of each.
    var tokens: [Token] = []
    /// How often it occurs or, if it does not begin a document and is not of the highest order, how
    /// many different tokens stand before it.
    var counts: [UInt32] = []
    /// Where its extensions begin in the next level; one more than there are n-grams.
    var first: [UInt32] = []
  }

  /// By order, from single tokens. The first level has every token, so that a token is its own place.
  private(set) var levels: [Level]

  /// The n-grams of `text`, in which `mark`, larger than all tokens, stands before each document.
  init(_ text: [Token], order: Int, mark: Token) {
    precondition(text.count + order <= UInt32.max, "A text has fewer than 2³² tokens.")
    let positions = Self.sorted(text, order: order, mark: mark)
    levels = Self.collect(positions, text, order: order, mark: mark)
    adjust(mark: mark)
  }

  var memoryBytes: Int {
    levels.reduce(0) { $0 + 4 * ($1.tokens.count + $1.counts.count + $1.first.count) }
  }

  /// The places of the extensions of `node`; those of the empty n-gram for level −1.
  func children(of node: Int, level: Int) -> Range<Int> {
    // The mark is never predicted.
    if level < 0 { return 0..<levels[0].counts.count - 1 }
    return Int(levels[level].first[node])..<Int(levels[level].first[node + 1])
  }

  /// The extension of `node` by `token`.
  func child(_ token: Token, of node: Int, level: Int) -> Int? {
    let tokens = levels[level + 1].tokens
    var range = children(of: node, level: level)
    let end = range.upperBound
    while range.count > 0 {
      let middle = range.lowerBound + range.count / 2
      if tokens[middle] < token {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound < end && tokens[range.lowerBound] == token ? range.lowerBound : nil
  }

  /// The place of an n-gram in its level.
  func find(_ ngram: some Collection<Token>) -> Int? {
    var node: Int?
    var level = 0
    for token in ngram {
      guard let place = node else {
        guard level == 0, Int(token) < levels[0].counts.count else { return nil }
        node = Int(token)
        continue
      }
      guard let next = child(token, of: place, level: level) else { return nil }
      node = next
      level += 1
    }
    return node
  }

  /// The token at a position; behind the end stand marks.
  @inline(__always)
  private static func token(at position: Int, of text: [Token], mark: Token) -> Token {
    position < text.count ? text[position] : mark
  }

  /// All positions in the order of the `order` tokens that begin there: one counting sort a token,
  /// from the last to the first.
  private static func sorted(_ text: [Token], order: Int, mark: Token) -> [UInt32] {
    let count = text.count
    var positions = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = UInt32(index) }
      initialized = count
    }
    var next = [UInt32](repeating: 0, count: count)
    for offset in (0..<order).reversed() {
      var starts = [Int](repeating: 0, count: Int(mark) + 2)
      for index in 0..<count {
        starts[Int(token(at: index + offset, of: text, mark: mark)) + 1] += 1
      }
      for bucket in 0...Int(mark) { starts[bucket + 1] += starts[bucket] }
      for position in positions {
        let bucket = Int(token(at: Int(position) + offset, of: text, mark: mark))
        next[starts[bucket]] = position
        starts[bucket] += 1
      }
      swap(&positions, &next)
    }
    return positions
  }

  /// One pass over sorted positions: an n-gram is new where it differs from the one before.
  private static func collect(
    _ positions: [UInt32], _ text: [Token], order: Int, mark: Token
  ) -> [Level] {
    var levels = [Level](repeating: Level(), count: order)
    levels[0].tokens = (0...mark).map { $0 }
    levels[0].counts = [UInt32](repeating: 0, count: Int(mark) + 1)
    var previous = [Token](repeating: .max, count: order)
    var known = 0
    for position in positions {
      let start = Int(position)
      let token = text[start]
      var same = 0
      var length = 1
      levels[0].counts[Int(token)] += 1
      if token == previous[0] { same = 1 }
      // No n-gram reaches into the next document.
      while length < order, case let next = self.token(at: start + length, of: text, mark: mark),
        next != mark
      {
        if same == length, length < known, previous[length] == next {
          levels[length].counts[levels[length].counts.count - 1] += 1
          same += 1
        } else {
          levels[length].tokens.append(next)
          levels[length].counts.append(1)
          if length + 1 < order {
            levels[length].first.append(UInt32(levels[length + 1].tokens.count))
          }
        }
        previous[length] = next
        length += 1
      }
      previous[0] = token
      known = length
    }
    if order > 1 {
      levels[0].first = firsts(positions, text, mark: mark)
    }
    for level in 1..<max(order, 1) where level + 1 < order {
      levels[level].first.append(UInt32(levels[level + 1].tokens.count))
    }
    return levels
  }

  /// Where the pairs that begin with each token begin; tokens that never occur have none.
  private static func firsts(
    _ positions: [UInt32], _ text: [Token], mark: Token
  ) -> [UInt32] {
    var counts = [UInt32](repeating: 0, count: Int(mark) + 2)
    var last: (Token, Token)?
    for position in positions {
      let pair = (
        text[Int(position)], token(at: Int(position) + 1, of: text, mark: mark)
      )
      if pair.1 == mark { continue }
      if let last, last == pair { continue }
      counts[Int(pair.0) + 1] += 1
      last = pair
    }
    for token in 0...Int(mark) { counts[token + 1] += counts[token] }
    return counts
  }

  /// Replaces counts below the highest order by the number of different tokens in front.
  private mutating func adjust(mark: Token) {
    // Places of the n-grams that begin a document, the last of their level, keep their counts.
    var beginnings = [Int(mark)]
    for level in levels.indices.dropLast() {
      beginnings.append(Int(levels[level].first[beginnings[level]]))
    }
    // For every n-gram of a level the place of what it is without its first token.
    var suffixes: [UInt32] = []
    for level in levels.indices.dropLast() {
      var counts = levels[level].counts
      for node in 0..<beginnings[level] { counts[node] = 0 }
      var next = [UInt32](repeating: 0, count: levels[level + 1].tokens.count)
      for node in levels[level].counts.indices {
        for child in children(of: node, level: level) {
          let token = levels[level + 1].tokens[child]
          let place =
            level == 0 ? Int(token) : self.child(token, of: Int(suffixes[node]), level: level - 1)
          guard let place else { continue }
          next[child] = UInt32(place)
          if place < beginnings[level] { counts[place] += 1 }
        }
      }
      suffixes = next
      levels[level].counts = counts
    }
    levels[0].counts[Int(mark)] = 0
  }
}
