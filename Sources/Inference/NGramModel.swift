/// The n-gram baseline: interpolated modified Kneser-Ney over tokens.

import Glibc
import Tokenizers

/// Documents end to end, each behind a mark.
public struct NGramText: Sendable {
  /// Tokens that may come next; their number is the mark.
  public let vocabularySize: Int
  /// Tokens of all documents.
  public private(set) var count = 0
  fileprivate var tokens: [Token] = []

  /// No documents.
  public init(vocabularySize: Int) {
    self.vocabularySize = vocabularySize
  }

  /// Takes a document.
  public mutating func append(_ document: [Token]) {
    tokens.append(Token(vocabularySize))
    tokens += document
    count += document.count
  }
}

/// A model of the next token given the four before it (Chen & Goodman 1999; as Heafield et al. 2013
/// estimate it, doi:10.3115/v1/P13-2121).
///
/// With a(c w) the count of an n-gram of the highest order or one that begins a document, and else the
/// number of different tokens before it,
///
///     p(w | c) = max(a(c w) − D(a), 0) / Σ a(c ·) + γ(c) · p(w | c without its first token),
///
/// D from the counts of counts of each order, γ what the discounts left, and below the single tokens
/// the uniform distribution over the vocabulary. Probabilities sum to 1 in every context. A document
/// begins with a mark that is seen and never predicted.
///
/// Memory: 12 bytes a token of the text while it is sorted; then 8 to 20 bytes for each different
/// n-gram of each order.
public struct NGramModel: Sendable {
  /// Tokens of an n-gram.
  public let order: Int
  /// Tokens that may come next.
  public let vocabularySize: Int
  /// Tokens it was estimated from.
  public let trainingTokens: Int
  /// Per order: what is taken off a count of 1, of 2, of 3 or more.
  public let discounts: [[Double]]
  /// Orders whose counts of counts gave no discounts, so that ½, 1 and 1½ were taken.
  public let ordersWithFallback: [Int]

  private let trie: NGramTrie
  /// Per context, by order of the context: Σ a over what follows, and γ.
  private let totals: [[Double]]
  private let leftovers: [[Double]]

  /// An estimate from documents.
  public init(documents: some Sequence<[Token]>, order: Int = 5, vocabularySize: Int) {
    var text = NGramText(vocabularySize: vocabularySize)
    for document in documents { text.append(document) }
    self.init(text, order: order)
  }

  /// An estimate from a text.
  public init(_ text: consuming NGramText, order: Int = 5) {
    precondition(order > 0, "An n-gram has a token.")
    trainingTokens = text.count
    vocabularySize = text.vocabularySize
    self.order = order
    trie = NGramTrie(text.tokens, order: order, mark: Token(text.vocabularySize))
    var discounts: [[Double]] = []
    var fallbacks: [Int] = []
    for level in 0..<order {
      if let found = Self.discounts(of: trie.levels[level].counts) {
        discounts.append(found)
      } else {
        discounts.append([0.5, 1, 1.5])
        fallbacks.append(level + 1)
      }
    }
    self.discounts = discounts
    ordersWithFallback = fallbacks
    (totals, leftovers) = Self.normalizers(trie, discounts)
  }

  /// Different n-grams of every order.
  public var ngrams: [Int] { trie.levels.map { $0.counts.count { $0 > 0 } } }

  /// Bytes that the model takes.
  public var memoryBytes: Int {
    trie.memoryBytes + 16 * totals.reduce(0) { $0 + $1.count }
  }

  /// p(token | context); of the context the last `order` − 1 tokens count.
  ///
  /// - Parameter isStart: whether the context begins a document.
  public func probability(
    of token: Token, after context: some Collection<Token>, isStart: Bool
  ) -> Double {
    let mark = Token(vocabularySize)
    let seen = Array(((isStart ? [mark] : []) + context).suffix(order - 1))
    var probability =
      weight(of: Int(token), level: 0, context: 0)
      + leftovers[0][0] / Double(vocabularySize)
    for length in seen.indices.map({ $0 + 1 }) {
      guard let place = trie.find(seen.suffix(length)), totals[length][place] > 0 else { break }
      let child = trie.child(token, of: place, level: length - 1)
      probability =
        weight(of: child, level: length, context: place) + leftovers[length][place] * probability
    }
    return probability
  }

  /// ln p of every token of a document given those before it.
  public func logProbabilities(of document: [Token]) -> [Double] {
    document.indices.map { index in
      let start = max(0, index - order + 1)
      return log(
        probability(of: document[index], after: document[start..<index], isStart: start == 0))
    }
  }

  /// The discounted share of an n-gram in what follows its context.
  private func weight(of node: Int?, level: Int, context: Int) -> Double {
    guard let node else { return 0 }
    let count = Int(trie.levels[level].counts[node])
    if count == 0 { return 0 }
    return (Double(count) - discounts[level][min(count, 3) - 1]) / totals[level][context]
  }

  /// D₁, D₂, D₃₊ of counts, nil if the counts of counts do not give them (Chen & Goodman 1999, eq. 26).
  private static func discounts(of counts: [UInt32]) -> [Double]? {
    var having = [Double](repeating: 0, count: 5)
    for count in counts where count > 0 && count < 5 { having[Int(count)] += 1 }
    guard having[1...4].allSatisfy({ $0 > 0 }) else { return nil }
    let share = having[1] / (having[1] + 2 * having[2])
    let result = (1...3).map {
      Double($0) - Double($0 + 1) * share * having[$0 + 1] / having[$0]
    }
    return zip(result, 1...3).allSatisfy { $0 >= 0 && $0 <= Double($1) } ? result : nil
  }

  private static func normalizers(
    _ trie: NGramTrie, _ discounts: [[Double]]
  ) -> ([[Double]], [[Double]]) {
    var totals: [[Double]] = []
    var leftovers: [[Double]] = []
    for level in trie.levels.indices {
      let contexts = level == 0 ? 1 : trie.levels[level - 1].counts.count
      var total = [Double](repeating: 0, count: contexts)
      var leftover = total
      let counts = trie.levels[level].counts
      for context in 0..<contexts {
        for node in trie.children(of: context, level: level - 1) where counts[node] > 0 {
          total[context] += Double(counts[node])
          leftover[context] += discounts[level][min(Int(counts[node]), 3) - 1]
        }
        leftover[context] = total[context] > 0 ? leftover[context] / total[context] : 1
      }
      totals.append(total)
      leftovers.append(leftover)
    }
    return (totals, leftovers)
  }
}
