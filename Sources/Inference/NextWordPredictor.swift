/// The distribution over next words, with bounds that hold whatever was left out.

import Glibc
import Models
import Tokenizers

/// How long to search for next words.
public struct NextWordOptions: Sendable {
  /// Words to list.
  public var top = 20
  /// The probability to settle; nil for as much as it takes to know the `top` likeliest words.
  public var mass: Double?
  /// Paths to ask the model about at most.
  public var budget = 4_096
  /// How the end of the context is meant.
  public var end = ContextEnd.word
  /// Paths that go through the model at once.
  public var batch = 64

  /// The 20 likeliest words, for certain if 4,096 paths are enough.
  public init() {}
}

/// Predicts words, where a model predicts tokens.
///
/// Best-first search over token paths: the heaviest path that does not yet settle what comes next is
/// extended by every token, and its mass passes to the outcomes that this settles and to longer paths.
/// No mass is ever lost, so what is still on paths bounds what any word may gain. Paths of all
/// segmentations count, not only those the tokenizer would choose. See `WordReader` for what a word is.
///
/// Cost: one forward pass over a context, then one over a few tokens for each path, 64 at a time
/// behind the context's cache, which they share. Not for many contexts in parallel.
public struct NextWordPredictor<Model: LanguageModel, Coder: TextTokenizer> {
  private let model: Model
  private let tokenizer: Coder
  private let tokens: WordTokens

  /// A predictor; looks at every token of the vocabulary once.
  public init(model: Model, tokenizer: Coder) {
    self.model = model
    self.tokenizer = tokenizer
    tokens = WordTokens(tokenizer: tokenizer, vocabularySize: model.vocabularySize)
  }

  /// What comes after `context`.
  ///
  /// If no token of it stands fast, the end of the text is put in front, which begins every document
  /// in training. Of a context longer than the window the end counts.
  public func predict(
    after context: String, options: NextWordOptions = NextWordOptions()
  ) throws(NextWordError) -> NextWordDistribution {
    precondition(
      options.top > 0 && options.batch > 0, "A search needs a word and a path to look at.")
    var start = NextWordContext(context, end: options.end, tokenizer: tokenizer)
    if start.tokens.isEmpty {
      guard let endOfText = tokenizer.endOfText else { throw NextWordError.noStart }
      start.tokens = [endOfText]
    }
    // Room for the tokens of a long word, and for those of the bytes that the context leaves open.
    let room = min(16 + start.cover.count, model.contextLength / 2)
    let isTruncated = start.tokens.count > model.contextLength - room
    start.tokens = start.tokens.suffix(max(model.contextLength - room, 1))
    let floor = options.mass.map { (1 - $0) * 1e-6 } ?? 1e-9
    var search = NextWordSearch(tokens: tokens, context: start, floor: max(floor, 0))
    run(&search, start: start.tokens, options: options)
    var result = summary(of: search, top: options.top)
    result.context = context
    result.isTruncated = isTruncated
    return result
  }

  private func run(_ search: inout NextWordSearch, start: [Token], options: NextWordOptions) {
    let width = model.vocabularySize
    let longest = model.contextLength - start.count
    let prefix = model.makeCache(sequences: 1, capacity: start.count)
    let first = model.nextLogits(after: start, cache: prefix)
    for node in search.takeBatch(limit: 1, longest: 0) { search.expand(node, logits: first[...]) }
    var nextCheck = 32
    while search.expansions < options.budget {
      if let mass = options.mass {
        if search.remaining <= 1 - mass { break }
      } else if search.expansions >= nextCheck {
        if ranking(of: search, top: options.top).certified >= options.top { break }
        nextCheck = search.expansions + max(32, search.expansions / 8)
      }
      let limit = min(options.batch, options.budget - search.expansions)
      let batch = search.takeBatch(limit: limit, longest: longest)
      guard let depth = batch.first?.depth else { break }
      let branches = prefix.branched(sequences: batch.count, capacity: start.count + depth)
      let logits = model.nextLogits(
        after: batch.flatMap { search.tokens(of: $0) }, cache: branches)
      for (row, node) in batch.enumerated() {
        search.expand(node, logits: logits[row * width..<(row + 1) * width])
      }
    }
  }

  /// The likeliest words found, and how many of them no other word can overtake.
  private func ranking(
    of search: NextWordSearch, top: Int
  ) -> (words: [Int32], possible: [Double], certified: Int) {
    let found = search.trie.found
    let possible = search.trie.possibleMass()
    let words = search.paths.keys.sorted {
      (found[Int($0)], $1) > (found[Int($1)], $0)
    }.prefix(top)
    let listed = Set(words)
    var rival = 0.0
    for node in found.indices {
      // A listed word does not compete with itself, but longer words that begin with it do.
      let own = listed.contains(Int32(node)) ? 0 : found[node]
      rival = max(rival, own + possible[node] + search.doubtful)
    }
    var certified = words.count
    while certified > 0, found[Int(words[certified - 1])] < rival {
      let word = Int(words[certified - 1])
      rival = max(rival, found[word] + possible[word] + search.doubtful)
      certified -= 1
    }
    return (Array(words), possible, certified)
  }

  private func summary(of search: NextWordSearch, top: Int) -> NextWordDistribution {
    var result = NextWordDistribution()
    result.expansions = search.expansions
    result.contextMass = search.possible
    guard search.possible > 0 else { return result }
    let scale = 1 / search.possible
    let found = search.trie.found
    let (words, possible, certified) = ranking(of: search, top: top)
    result.certified = certified
    var listed = 0.0
    for word in words {
      let mass = found[Int(word)]
      listed += mass
      let high = mass + possible[Int(word)] + search.doubtful
      result.words.append(
        NextWord(
          word: String(decoding: search.trie.bytes(of: word), as: UTF8.self),
          probability: mass * scale, low: mass * scale, high: min(max(high, mass) * scale, 1),
          tokens: search.paths[word].map { search.tokens(of: $0) } ?? []))
    }
    result.otherWords = max(search.words - listed, 0) * scale
    result.punctuation = search.punctuation * scale
    result.lineBreak = search.lineBreak * scale
    result.endOfText = search.endOfText * scale
    result.remaining = search.remaining
    let others = [result.punctuation, result.lineBreak, result.endOfText, result.remaining]
    for mass in found.map({ $0 * scale }) + others where mass > 0 {
      result.entropy -= mass * log(mass)
    }
    return result
  }
}
