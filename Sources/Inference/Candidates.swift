/// The tokens still in the running for a draw, and the rules that thin them out.

import Glibc
import Tokenizers

/// Tokens with their logits; each rule changes logits or removes tokens.
struct Candidates {
  /// A token and its logit.
  struct Candidate {
    var token: Token
    var logit: Float

    /// Descending logits; the smaller token first among equals, so that ties never depend on history.
    static func precedes(_ first: Candidate, _ second: Candidate) -> Bool {
      first.logit > second.logit || (first.logit == second.logit && first.token < second.token)
    }
  }

  /// What is left. The first `sortedCount` are the likeliest, in order.
  var elements: [Candidate]
  var sortedCount = 0

  /// All tokens, or those that `allowed` marks; a logit that is no number counts as −∞.
  init(logits: ArraySlice<Float>, among allowed: [Bool]? = nil) {
    elements = []
    elements.reserveCapacity(logits.count)
    for (index, logit) in logits.enumerated() {
      if let allowed, !allowed[index] { continue }
      elements.append(
        Candidate(token: Token(index), logit: logit.isNaN ? -.infinity : logit))
    }
  }

  /// Adds `bias[token]` to the logits.
  mutating func add(bias: [Token: Float]) {
    for index in elements.indices {
      if let value = bias[elements[index].token] { elements[index].logit += value }
    }
    sortedCount = 0
  }

  /// Lowers the logits of tokens that occurred `counts[token]` times.
  mutating func penalize(
    counts: [Token: Int], repetition: Float, frequency: Float, presence: Float
  ) {
    for index in elements.indices {
      guard let count = counts[elements[index].token], count > 0 else { continue }
      var logit = elements[index].logit
      logit = logit <= 0 ? logit * repetition : logit / repetition
      elements[index].logit = logit - Float(count) * frequency - presence
    }
    sortedCount = 0
  }

  /// Keeps logits within `deviations` population standard deviations of the largest.
  mutating func keepTopNSigma(_ deviations: Float) {
    var count = 0.0
    var sum = 0.0
    for element in elements where element.logit.isFinite {
      count += 1
      sum += Double(element.logit)
    }
    guard count > 0 else { return }
    let mean = sum / count
    var squares = 0.0
    for element in elements where element.logit.isFinite {
      squares += (Double(element.logit) - mean) * (Double(element.logit) - mean)
    }
    keep(atLeast: largest - deviations * Float((squares / count).squareRoot()))
  }

  /// Keeps the `count` largest.
  mutating func keepTopK(_ count: Int) {
    guard count < elements.count else { return }
    sortLargest(count)
    elements.removeSubrange(count...)
  }

  /// Keeps the shortest prefix, likeliest first, whose mass reaches `mass`.
  mutating func keepTopP(_ mass: Float) {
    let largest = largest
    let total = elements.reduce(0.0) { $0 + Double(expf($1.logit - largest)) }
    // Sorting a growing prefix spares the vocabulary's tail, where top-p hardly ever ends.
    var prefix = 64
    var kept = 0
    var sum = 0.0
    while kept < elements.count {
      sortLargest(min(prefix, elements.count))
      while kept < sortedCount {
        sum += Double(expf(elements[kept].logit - largest)) / total
        kept += 1
        if sum >= Double(mass) {
          elements.removeSubrange(kept...)
          sortedCount = kept
          return
        }
      }
      prefix *= 4
    }
  }

  /// Keeps tokens at least `share` as likely as the likeliest.
  mutating func keepMinP(_ share: Float) {
    keep(atLeast: largest + logf(share))
  }

  /// Keeps the tokens whose surprisal is nearest to the entropy, until their mass exceeds `mass`.
  mutating func keepTypical(_ mass: Float) {
    let probabilities = probabilities()
    let entropy = probabilities.reduce(0.0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
    let distances = probabilities.map { $0 > 0 ? abs(-log($0) - entropy) : .infinity }
    let order = elements.indices.sorted {
      distances[$0] < distances[$1]
        || (distances[$0] == distances[$1] && elements[$0].token < elements[$1].token)
    }
    var sum = 0.0
    var kept: [Candidate] = []
    for index in order {
      kept.append(elements[index])
      sum += probabilities[index]
      if sum > Double(mass) { break }
    }
    elements = kept
    sortedCount = 0
  }

  /// Divides logits by `temperature`; 0 or less keeps the likeliest alone.
  mutating func apply(temperature: Float) {
    if temperature <= 0 {
      keepTopK(1)
    } else {
      for index in elements.indices { elements[index].logit /= temperature }
    }
  }

  /// The probabilities of the elements, in their order.
  func probabilities() -> [Double] {
    let largest = largest
    guard largest.isFinite else {
      return [Double](repeating: 1 / Double(elements.count), count: elements.count)
    }
    var weights = elements.map { Double(expf($0.logit - largest)) }
    let total = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= total }
    return weights
  }

  /// ln Σ exp(logit).
  func logOfTotal() -> Double {
    let largest = largest
    return Double(largest) + log(elements.reduce(0.0) { $0 + Double(expf($1.logit - largest)) })
  }

  /// Puts the likeliest first.
  mutating func sort() { sortLargest(elements.count) }

  var largest: Float {
    if sortedCount > 0 { return elements[0].logit }
    return elements.reduce(-.infinity) { max($0, $1.logit) }
  }

  private mutating func keep(atLeast threshold: Float) {
    let sorted = elements[..<sortedCount].count { $0.logit >= threshold }
    elements.removeAll { $0.logit < threshold }
    sortedCount = sorted
  }

  /// Brings the `count` likeliest to the front, in order: O(tokens + count · log count).
  private mutating func sortLargest(_ count: Int) {
    guard count > sortedCount else { return }
    var low = sortedCount
    var high = elements.count - 1
    while low < high, count < elements.count {
      let middle = (low + high) / 2
      let ends = [elements[low], elements[middle], elements[high]]
      let pivot = ends.sorted(by: Candidate.precedes)[1]
      var left = low
      var right = high
      while left <= right {
        while Candidate.precedes(elements[left], pivot) { left += 1 }
        while Candidate.precedes(pivot, elements[right]) { right -= 1 }
        if left <= right {
          elements.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if count - 1 <= right {
        high = right
      } else if count - 1 >= left {
        low = left
      } else {
        break
      }
    }
    elements[sortedCount..<count].sort(by: Candidate.precedes)
    sortedCount = count
  }
}
