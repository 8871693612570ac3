/// DRY: which tokens would go on repeating what stands before, and how long the repetition is.

import Tokenizers

/// The search behind the DRY penalty, for the end of one sequence.
package enum Repetition {
  /// For every token that followed an earlier copy of the end of `tokens`, the length of the longest
  /// such copy, of at least `shortest` and at most `limit` tokens.
  ///
  /// O(tokens), by Z-values of the reversed sequence (Gusfield 1997, section 1.4).
  package static func continuations(
    of tokens: ArraySlice<Token>, shortest: Int, limit: Int
  ) -> [Token: Int] {
    let reversed = Array(tokens.reversed())
    guard reversed.count > shortest, limit >= shortest else { return [:] }
    var lengths = [Int](repeating: 0, count: reversed.count)
    var window = 0..<0
    var found: [Token: Int] = [:]
    for start in 1..<reversed.count {
      var length =
        window.contains(start)
        ? min(lengths[start - window.lowerBound], window.upperBound - start) : 0
      while start + length < reversed.count, reversed[length] == reversed[start + length] {
        length += 1
      }
      lengths[start] = length
      if start + length > window.upperBound { window = start..<start + length }
      let repeated = min(length, limit)
      if repeated >= max(shortest, 1) {
        let token = reversed[start - 1]
        found[token] = max(found[token] ?? 0, repeated)
      }
    }
    return found
  }

  /// The tokens at the end of `tokens` that stand behind the last of `breakers`: no repetition
  /// reaches further back.
  package static func tokensBehindBreaker(
    in tokens: ArraySlice<Token>, breakers: [[UInt8]], bytes: (Token) -> [UInt8]
  ) -> Int {
    let reach = (breakers.map(\.count).max() ?? 1) - 1
    for place in tokens.indices.reversed() {
      let own = bytes(tokens[place])
      var before: [UInt8] = []
      var earlier = place
      while before.count < reach, earlier > tokens.startIndex {
        earlier -= 1
        before = bytes(tokens[earlier]) + before
      }
      let text = Array(before.suffix(reach)) + own
      let start = text.count - own.count
      for breaker in breakers where !breaker.isEmpty && breaker.count <= text.count {
        for end in max(start, breaker.count - 1)..<max(text.count, start, breaker.count - 1)
        where text[(end - breaker.count + 1)...].starts(with: breaker) {
          return tokens.endIndex - place - 1
        }
      }
    }
    return tokens.count
  }
}
