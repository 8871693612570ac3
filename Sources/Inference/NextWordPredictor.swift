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
  public var batch = 32

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
/// Cost: one forward pass over a context, then one over a few tokens for each path, 32 at a time
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
    let floor = options.mass.map { (1 - $0) * 1e-6 } ?? 1e-13
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
    for node in search.takeBatch(limit: 1, longest: 0, relevance: { _ in 1 }) {
      search.expand(node, logits: first[...])
    }
    while search.expansions < options.budget {
      var focus: NextWordRanking?
      if let mass = options.mass {
        if search.remaining <= 1 - mass { break }
      } else {
        let ranking = NextWordRanking(of: search, top: options.top)
        if ranking.certified >= options.top { break }
        focus = ranking
      }
      let limit = min(options.batch, options.budget - search.expansions)
      let batch = search.takeBatch(limit: limit, longest: longest) { focus?.relevance($0) ?? 1 }
      if batch.isEmpty { break }
      // Paths of one length make a batch; they share the context's cache and nothing is copied.
      for depth in Set(batch.map(\.depth)).sorted() {
        let nodes = batch.filter { $0.depth == depth }
        let branches = prefix.branched(sequences: nodes.count, capacity: start.count + depth)
        let logits = model.nextLogits(
          after: nodes.flatMap { search.tokens(of: $0) }, cache: branches)
        for (row, node) in nodes.enumerated() {
          search.expand(node, logits: logits[row * width..<(row + 1) * width])
        }
      }
    }
  }

  private func summary(of search: NextWordSearch, top: Int) -> NextWordDistribution {
    var result = NextWordDistribution()
    result.expansions = search.expansions
    result.contextMass = search.possible
    guard search.possible > 0 else { return result }
    let scale = 1 / search.possible
    let found = search.trie.found
    let ranking = NextWordRanking(of: search, top: top)
    let possible = ranking.possible
    result.certified = ranking.certified
    var listed = 0.0
    for word in ranking.words {
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
