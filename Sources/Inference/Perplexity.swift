/// Measures how well a model predicts documents, by a window that slides over each.

import Glibc
import Models
import Tokenizers

/// How perplexity is measured.
public struct PerplexityOptions: Sendable {
  /// Tokens in a window; nil for the model's longest.
  public var context: Int?
  /// Tokens by which the window moves; nil for half the window.
  public var stride: Int?
  /// A token in front of every document, itself not scored; nil for none, in which case the first
  /// token of a document is not scored.
  public var prefix: Token?
  /// Whether words get surprisals: costs about one decoding step a token.
  public var scoresWords = false
  /// Whether the probabilities of all tokens are added up at every position, which should give 1:
  /// costs the logits of every position once more.
  public var checksSums = false
  /// Tokens that go through the model at once; changes results by rounding alone.
  public var batchTokens = 4_096

  /// The model's longest window, moved by half of it, nothing in front of a document.
  public init() {}

  /// Why a model with windows of `longest` tokens cannot be measured so, or nil.
  public func problem(longest: Int) -> String? {
    let context = context ?? longest
    let stride = stride ?? max(context / 2, 1)
    if context < 2 { return "a window of \(context) tokens predicts nothing" }
    if context > longest {
      return "a window of \(context) tokens is longer than the model's \(longest)"
    }
    if stride < 1 { return "a stride of \(stride) tokens leads nowhere" }
    if stride > context {
      return "a stride of \(stride) tokens jumps over text in a window of \(context)"
    }
    return nil
  }
}

/// Scores documents one at a time.
///
/// Window k holds the tokens k · stride ..< k · stride + context of a document and scores those that
/// the windows before it did not, except its first token, which has nothing before it: so every token
/// but the first of the document is scored once, with at least context − stride tokens before it (for
/// stride = context, the first token of every window is left out). These are the windows of Hugging
/// Face's description of perplexity. Windows do not cross documents; sums weigh tokens, not windows.
///
/// Memory: the tokens of a few documents, whatever the size of the corpus.
public struct Perplexity<Model: LanguageModel, Coder: TextTokenizer> {
  private let model: Model
  private let tokenizer: Coder
  private let options: PerplexityOptions
  private let words: WordScorer?
  /// Bytes of every token.
  private let lengths: [Int]
  private var report: PerplexityReport
  private var pending: [Document] = []
  private var windows: [Window] = []
  private var waitingTokens = 0

  /// A measurement; `options.problem(longest:)` must be nil.
  public init(model: Model, tokenizer: Coder, options: PerplexityOptions = PerplexityOptions()) {
    let problem = options.problem(longest: model.contextLength)
    precondition(problem == nil, "Options must be checked before they are used.")
    self.model = model
    self.tokenizer = tokenizer
    self.options = options
    let context = options.context ?? model.contextLength
    report = PerplexityReport(
      context: context, stride: options.stride ?? max(context / 2, 1),
      hasPrefix: options.prefix != nil)
    lengths = (0..<tokenizer.vocabularySize).map { tokenizer.bytes(of: Token($0)).count }
    words =
      options.scoresWords
      ? WordScorer(model: model, tokenizer: tokenizer, prefix: options.prefix) : nil
  }

  /// Takes a document; `emit` gets those whose scores are complete, in order.
  public mutating func add(_ text: [UInt8], emit: (ScoredDocument) -> Void = { _ in }) {
    var document = Document(text: text, prefix: options.prefix, tokens: tokenizer.tokens(of: text))
    let first = report.documents
    report.documents += 1
    let total = document.tokens.count
    var begin = 0
    var scored = 0
    var ranges: [(window: Range<Int>, scored: Range<Int>)] = []
    while begin < total {
      let end = min(begin + report.context, total)
      let start = max(scored, begin + 1)
      if start < end || (end == total && options.scoresWords) {
        ranges.append((begin..<end, min(start, end)..<end))
      }
      scored = end
      if end == total { break }
      begin += report.stride
    }
    document.outstanding = ranges.count
    pending.append(document)
    for range in ranges {
      windows.append(Window(document: first, range: range.window, scored: range.scored))
      waitingTokens += range.window.count
      if waitingTokens >= 4 * options.batchTokens { score() }
    }
    settle(emit)
  }

  /// Scores what is left and gives the result.
  public mutating func finish(emit: (ScoredDocument) -> Void = { _ in }) -> PerplexityReport {
    score()
    settle(emit)
    return report
  }

  private struct Window {
    /// The document's index in the corpus.
    var document: Int
    var range: Range<Int>
    /// The targets that count.
    var scored: Range<Int>
  }

  private struct Document {
    var text: [UInt8]
    /// With the prefix.
    var tokens: [Token]
    /// NaN where nothing was scored.
    var logProbabilities: [Float]
    /// Tokens before each in the window that scored it.
    var contexts: [Int32]
    /// ln of the probability that a word begins after each token; NaN where not known.
    var boundaries: [Float]
    var prefixCount: Int
    var outstanding = 0

    init(text: [UInt8], prefix: Token?, tokens: [Token]) {
      self.text = text
      prefixCount = prefix == nil ? 0 : 1
      self.tokens = (prefix.map { [$0] } ?? []) + tokens
      logProbabilities = [Float](repeating: .nan, count: self.tokens.count)
      contexts = [Int32](repeating: 0, count: self.tokens.count)
      boundaries = logProbabilities
    }
  }

  /// The index in the corpus of the first pending document.
  private var firstPending: Int { report.documents - pending.count }

  /// Sends all waiting windows through the model, windows of like length together.
  private mutating func score() {
    windows.sort { $0.range.count > $1.range.count }
    var start = 0
    while start < windows.count {
      let length = windows[start].range.count
      let rows = min(max(options.batchTokens / length, 1), windows.count - start)
      score(windows[start..<start + rows], length: length)
      start += rows
    }
    windows = []
    waitingTokens = 0
  }

  /// Scores windows of at most `length` tokens; shorter ones are filled up behind their end, where a
  /// causal model does not look.
  private mutating func score(_ batch: ArraySlice<Window>, length: Int) {
    let first = firstPending
    var tokens: [Token] = []
    for window in batch {
      tokens += pending[window.document - first].tokens[window.range]
      tokens += [Token](repeating: 0, count: length - window.range.count)
    }
    if length > 1 {
      var inputs: [Token] = []
      var targets: [Token] = []
      for row in 0..<batch.count {
        inputs += tokens[row * length..<(row + 1) * length - 1]
        targets += tokens[row * length + 1..<(row + 1) * length]
      }
      let scores = model.logProbabilities(of: targets, after: inputs, sequences: batch.count)
      for (row, window) in batch.enumerated() {
        for position in window.scored {
          let before = position - window.range.lowerBound
          pending[window.document - first].logProbabilities[position] =
            scores[row * (length - 1) + before - 1]
          pending[window.document - first].contexts[position] = Int32(before)
        }
      }
      if options.checksSums { checkSums(inputs, targets, scores, batch) }
    }
    if let words {
      let mass = model.logMass(of: words.beginnings, after: tokens, sequences: batch.count)
      for (row, window) in batch.enumerated() {
        let index = window.document - first
        let last = pending[index].tokens.count - 1
        var positions = window.scored.map { $0 - 1 }
        if window.range.upperBound == last + 1 { positions.append(last) }
        for position in positions {
          pending[index].boundaries[position] =
            mass[row * length + position - window.range.lowerBound]
        }
      }
    }
    for window in batch { pending[window.document - first].outstanding -= 1 }
  }

  /// Adds up the probabilities of all tokens at every scored position, by the same total that the
  /// score of the target rests on.
  private mutating func checkSums(
    _ inputs: [Token], _ targets: [Token], _ scores: [Float], _ batch: ArraySlice<Window>
  ) {
    let length = inputs.count / batch.count
    var isScored = [Bool](repeating: false, count: inputs.count)
    for (row, window) in batch.enumerated() {
      for position in window.scored {
        isScored[row * length + position - window.range.lowerBound - 1] = true
      }
    }
    var worst = report.worstSum ?? 1
    model.forEachLogits(after: inputs, sequences: batch.count) { row, logits in
      guard isScored[row] else { return }
      let total = Double(logits[Int(targets[row])]) - Double(scores[row])
      let sum = logits.reduce(0.0) { $0 + exp(Double($1) - total) }
      if !(abs(sum - 1) <= abs(worst - 1)) { worst = sum }
    }
    report.worstSum = worst
  }

  /// Adds documents whose windows are all scored to the report and hands them out.
  private mutating func settle(_ emit: (ScoredDocument) -> Void) {
    while let document = pending.first, document.outstanding == 0 {
      let index = firstPending
      let scored = account(document, index: index)
      pending.removeFirst()
      emit(scored)
    }
  }

  private mutating func account(_ document: Document, index: Int) -> ScoredDocument {
    let starts = TextCount.wordStarts(in: document.text)
    let tokens = document.tokens.indices.dropFirst(document.prefixCount).map { position in
      let score = document.logProbabilities[position]
      let token = document.tokens[position]
      return ScoredToken(
        token: token, logProbability: score.isNaN ? nil : score,
        context: Int(document.contexts[position]), byteCount: lengths[Int(token)])
    }
    var total = PerplexityReport.Sums()
    var blocks: [PerplexityReport.Sums] = []
    var block = PerplexityReport.Sums()
    var blockTokens = 0
    var offset = 0
    var wordIndex = 0
    for (position, token) in tokens.enumerated() {
      let length = token.byteCount
      offset += length
      block.bytes += Double(length)
      while wordIndex < starts.count, starts[wordIndex] < offset {
        wordIndex += 1
        block.words += 1
      }
      if let score = token.logProbability {
        block.nats -= Double(score)
        block.tokens += 1
        report.squaredNats += Double(score) * Double(score)
      } else {
        report.unscoredTokens += 1
        report.unscoredBytes += length
      }
      blockTokens += 1
      // What is left of a document after its last whole block belongs to that block.
      if blockTokens >= report.context, tokens.count - position - 1 >= report.context {
        blocks.append(block)
        block = PerplexityReport.Sums()
        blockTokens = 0
      }
    }
    blocks.append(block)
    for part in blocks {
      total.nats += part.nats
      total.tokens += part.tokens
    }
    total.words = Double(starts.count)
    total.bytes = Double(document.text.count)
    report.perDocument.append(total)
    report.perBlock += blocks
    report.nats += total.nats
    report.tokens += Int(total.tokens)
    report.words += starts.count
    report.bytes += document.text.count
    return ScoredDocument(
      index: index, tokens: tokens,
      words: words?.words(
        of: tokens, boundaries: Array(document.boundaries.dropFirst(document.prefixCount)),
        boundaryBefore: document.prefixCount > 0 ? document.boundaries.first : nil) ?? [],
      nats: total.nats, scoredTokens: Int(total.tokens), wordCount: starts.count,
      byteCount: document.text.count)
  }
}
