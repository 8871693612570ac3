/// Rules that look at how surprising tokens are: XTC, dynamic temperature, Mirostat.

import Glibc

extension Candidates {
  /// Removes every token of at least `threshold` but the least likely of them, if there are two.
  mutating func excludeTop(threshold: Float) {
    guard elements.count > 1 else { return }
    sort()
    let probabilities = probabilities()
    let above = probabilities.prefix { $0 >= Double(threshold) }.count
    guard above > 1 else { return }
    elements.removeFirst(above - 1)
    sortedCount = elements.count
  }

  /// Divides logits by a temperature within `range` of `temperature` that grows with the entropy H of
  /// what is left: low + (high − low) · (H / ln count)^exponent.
  mutating func apply(temperature: Float, range: Float, exponent: Float) {
    guard elements.count > 1 else { return }
    let low = max(0, temperature - range)
    let high = temperature + range
    let entropy = probabilities().reduce(0.0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
    let share = Float(entropy / log(Double(elements.count)))
    apply(temperature: low + (high - low) * powf(share, exponent))
  }

  /// Keeps the k tokens that Mirostat expects to have a surprisal of `limit` bits, from the slope of
  /// the `sample` likeliest on Zipf's law (arXiv 2007.14966); `vocabulary` is the number of tokens.
  mutating func keepMirostat(limit: Double, sample: Int = 100, vocabulary: Int) {
    sort()
    let probabilities = probabilities()
    var products = 0.0
    var squares = 0.0
    for index in 0..<max(0, min(sample, elements.count) - 1) {
      // Beyond the representable, ratios say nothing about the slope.
      guard probabilities[index + 1] > 0 else { break }
      let step = log(Double(index + 2) / Double(index + 1))
      products += step * log(probabilities[index] / probabilities[index + 1])
      squares += step * step
    }
    guard squares > 0 else { return }
    let slope = products / squares
    let excess = slope - 1
    let count = pow(
      excess * pow(2, limit) / (1 - pow(Double(vocabulary), -excess)), 1 / slope)
    keepTopK(count.isFinite ? max(1, Int(min(count, 1e9))) : 1)
  }

  /// Keeps tokens of at most `limit` bits of surprisal, at least one.
  mutating func keepSurprisal(atMost limit: Double) {
    sort()
    let kept = probabilities().prefix { -log2($0) <= limit }.count
    keepTopK(max(1, kept))
  }
}
