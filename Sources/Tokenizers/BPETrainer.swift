/// Training: which pairs of tokens a corpus is best merged by.

import HeapModule
import Machine

/// Learns a byte-level byte-pair encoding with the merges of Hugging Face's `BpeTrainer`.
///
/// Documents are cut into pieces, of which only the distinct ones and their counts are kept. A merge
/// is of the pair that occurs most often in all pieces, overlapping occurrences counted; among
/// equals the pair with the smaller ids. Counts have 64 bits. Ids are the special tokens, then the
/// 256 bytes in the order of their alphabet, then the merges.
///
/// - SeeAlso: Sennrich, Haddow, Birch (arXiv 1508.07909); Gage, "A New Algorithm for Data
///   Compression" (1994).
public struct BPETrainer {
  /// What to learn.
  public struct Options: Sendable {
    /// The number of tokens, special tokens and bytes included.
    public var vocabularySize: Int
    /// How text is cut into pieces.
    public var pattern: SplitPattern
    /// The special tokens, which get the first ids.
    public var specialTokens: [String]
    /// Pairs that occur less often are not merged.
    public var minFrequency: Int
    /// Only tokens of fewer bytes are made, as Hugging Face counts it; tokens of two bytes always are.
    public var maxTokenLength: Int?

    /// A vocabulary of some size, with GPT-2's pattern and an end-of-text token unless said otherwise.
    public init(
      vocabularySize: Int, pattern: SplitPattern = .gpt2,
      specialTokens: [String] = ["<|endoftext|>"], minFrequency: Int = 0,
      maxTokenLength: Int? = nil
    ) {
      self.vocabularySize = vocabularySize
      self.pattern = pattern
      self.specialTokens = specialTokens
      self.minFrequency = minFrequency
      self.maxTokenLength = maxTokenLength
    }
  }

  private let options: Options
  private let matcher: RegexMatcher?
  private var pieces = PieceCounts()
  /// The bytes of the documents added so far.
  public private(set) var byteCount = 0

  /// A trainer that has seen nothing.
  public init(_ options: Options) {
    self.options = options
    matcher = options.pattern.scanner == nil ? try? RegexMatcher(options.pattern.regex) : nil
  }

  /// The number of distinct pieces in the documents so far.
  public var distinctPieces: Int { pieces.distinctCount }

  /// Counts the pieces of a whole document; about 100 MB of English a second and thread.
  public mutating func add(_ document: UnsafeRawBufferPointer) {
    byteCount += document.count
    document.withMemoryRebound(to: UInt8.self) { text in
      guard let start = text.baseAddress, !text.isEmpty else { return }
      let end = start + text.count
      guard let scanner = options.pattern.scanner else { return addByRegex(text) }
      let capacity = 1024
      withUnsafeTemporaryAllocation(
        of: BytePointer.self, capacity: capacity + PieceScanner.overhang
      ) { ends in
        guard let target = ends.baseAddress else { return }
        var position = start
        while position < end {
          let count = scanner.fill(
            from: position, until: end, end: end, into: target, capacity: capacity)
          pieces.add(
            from: position, UnsafeBufferPointer(rebasing: ends[..<count]), end: end)
          position = target[count - 1]
        }
      }
    }
  }

  /// A trainer with the same options that has seen nothing, to count on another thread.
  public func makeAnother() -> BPETrainer { BPETrainer(options) }

  /// Adds what another trainer has counted.
  public mutating func add(_ other: BPETrainer) {
    byteCount += other.byteCount
    pieces.add(other.pieces)
  }

  /// The last place where the part of a document can be cut so that its pieces stay whole; 0 if
  /// there is none.
  public func lastCut(in text: UnsafeRawBufferPointer) -> Int {
    if options.pattern.scanner == nil { return 0 }
    return text.withMemoryRebound(to: UInt8.self) {
      StreamingEncoder.lastCut(in: $0, atMarks: true)
    }
  }

  private mutating func addByRegex(_ text: UnsafeBufferPointer<UInt8>) {
    guard let start = text.baseAddress, let matcher else { return }
    let ranges = PreTokenizer.parts(
      of: text.count, matches: matcher.matches(in: text), .isolated, invert: false)
    var ends: [BytePointer] = []
    ends.reserveCapacity(ranges.count)
    for range in ranges where !range.isEmpty { ends.append(start + range.upperBound) }
    ends.withUnsafeBufferPointer { pieces.add(from: start, $0, end: start + text.count) }
  }

  /// Merges until the vocabulary is full or no pair occurs often enough.
  ///
  /// `progress` is told the merges made and wanted, about a hundred times.
  public func train(progress: ((Int, Int) -> Void)? = nil) throws -> Tokenizer {
    let alphabetEnd = options.specialTokens.count + 256
    if options.vocabularySize < alphabetEnd {
      throw TokenizerError(
        "a vocabulary of \(options.vocabularySize) tokens is too small: the special tokens and the"
          + " 256 bytes alone are \(alphabetEnd)",
        hint: "ask for at least \(alphabetEnd)")
    }
    if pieces.distinctCount == 0 {
      throw TokenizerError(
        "there is no text to train a tokenizer on", hint: "the corpus is empty")
    }
    var run = TrainingRun(options, pieces)
    return try run.train(progress: progress)
  }
}

/// The state of one training: the words as tokens, and the queue of pairs.
private struct TrainingRun {
  /// A pair that may be the most frequent; stale when its count has changed since.
  private struct Candidate: Comparable {
    var count: Int64
    var pair: UInt64
    var index: UInt32

    static func < (first: Candidate, second: Candidate) -> Bool {
      first.count != second.count ? first.count < second.count : first.pair > second.pair
    }
  }

  private let options: BPETrainer.Options
  private var definition = TokenizerDefinition()
  private var symbols: [Token] = []
  private var starts: [Int] = []
  private var lengths: [UInt32] = []
  private var weights: [Int64] = []
  private var pairs = PairCounts()
  private var tokenLengths: [Int] = []
  /// Tokens by their spelling that a merge may come upon: only special tokens can be.
  private var specials: [[UInt8]: Token] = [:]

  init(_ options: BPETrainer.Options, _ pieces: PieceCounts) {
    self.options = options
    definition.use(options.pattern)
    var byteTokens = [Token](repeating: 0, count: 256)
    for text in options.specialTokens where specials[Array(text.utf8)] == nil {
      let token = Token(definition.vocabulary.count)
      definition.vocabulary.set(token, to: Array(text.utf8), marks: [.inModel])
      definition.add(AddedToken(id: token, content: text))
      specials[Array(text.utf8)] = token
      tokenLengths.append(text.utf8.count)
    }
    for byte in ByteAlphabet.order {
      var spelling: [UInt8] = []
      ByteAlphabet.spell([byte], into: &spelling)
      if let token = specials[spelling] {
        byteTokens[Int(byte)] = token
        continue
      }
      let token = Token(definition.vocabulary.count)
      byteTokens[Int(byte)] = token
      definition.vocabulary.set(token, to: [byte], marks: .inModel)
      tokenLengths.append(1)
    }
    starts.reserveCapacity(pieces.distinctCount)
    pieces.forEach { piece, count in
      if piece.count < 2 { return }
      starts.append(symbols.count)
      lengths.append(UInt32(piece.count))
      weights.append(Int64(count))
      for byte in piece { symbols.append(byteTokens[Int(byte)]) }
    }
  }

  mutating func train(progress: ((Int, Int) -> Void)?) throws(TokenizerError) -> Tokenizer {
    var queue = Heap(countPairs())
    let wanted = options.vocabularySize - definition.vocabulary.count
    let interval = max(1, wanted / 100)
    var words: [UInt32] = []
    while definition.vocabulary.count < options.vocabularySize, let top = queue.popMax() {
      let index = Int(top.index)
      let count = pairs.counts[index]
      if count != top.count {
        if count > 0 {
          queue.insert(Candidate(count: count, pair: top.pair, index: top.index))
        }
        continue
      }
      if count < 1 || count < Int64(options.minFrequency) { break }
      let left = Token(truncatingIfNeeded: top.pair >> 32)
      let right = Token(truncatingIfNeeded: top.pair)
      let token = makeToken(left, right)
      definition.merges.append(top.pair)
      definition.products.append(token)
      let firstNew = pairs.count
      pairs.words(index, into: &words)
      for word in words { merge(left, right, into: token, in: word) }
      pairs.clear(index)
      for new in firstNew..<max(firstNew, pairs.count) where pairs.counts[new] > 0 {
        queue.insert(
          Candidate(count: pairs.counts[new], pair: pairs.pairs[new], index: UInt32(new)))
      }
      if definition.merges.count % interval == 0 { progress?(definition.merges.count, wanted) }
    }
    progress?(definition.merges.count, wanted)
    return try Tokenizer(definition)
  }

  private mutating func countPairs() -> [Candidate] {
    for word in starts.indices {
      let start = starts[word]
      for place in start..<start + Int(lengths[word]) - 1 {
        let index = pairs.index(of: UInt64(symbols[place]) << 32 | UInt64(symbols[place + 1]))
        pairs.add(weights[word], to: index)
        pairs.post(UInt32(word), to: index)
      }
    }
    return pairs.pairs.indices.map {
      Candidate(count: pairs.counts[$0], pair: pairs.pairs[$0], index: UInt32($0))
    }
  }

  private mutating func makeToken(_ left: Token, _ right: Token) -> Token {
    let text = Array(definition.vocabulary.bytes(of: left) + definition.vocabulary.bytes(of: right))
    if !specials.isEmpty {
      var spelling: [UInt8] = []
      ByteAlphabet.spell(text, into: &spelling)
      if let token = specials[spelling] { return token }
    }
    let token = Token(definition.vocabulary.count)
    definition.vocabulary.set(token, to: text, marks: .inModel)
    tokenLengths.append(tokenLengths[Int(left)] + tokenLengths[Int(right)])
    return token
  }

  /// Merges a pair everywhere in a word, from the left, and keeps the counts of its neighbours.
  private mutating func merge(
    _ left: Token, _ right: Token, into token: Token, in word: UInt32
  ) {
    let start = starts[Int(word)]
    let count = Int(lengths[Int(word)])
    let weight = weights[Int(word)]
    var source = 0
    var target = 0
    while source < count {
      let symbol = symbols[start + source]
      guard symbol == left, source + 1 < count, symbols[start + source + 1] == right else {
        symbols[start + target] = symbol
        source += 1
        target += 1
        continue
      }
      if target > 0 {
        let previous = symbols[start + target - 1]
        change(previous, left, by: -weight, in: word)
        change(previous, token, by: weight, in: word)
      }
      if source + 2 < count {
        let next = symbols[start + source + 2]
        change(right, next, by: -weight, in: word)
        change(token, next, by: weight, in: word)
      }
      symbols[start + target] = token
      source += 2
      target += 1
    }
    lengths[Int(word)] = UInt32(target)
  }

  private mutating func change(
    _ left: Token, _ right: Token, by amount: Int64, in word: UInt32
  ) {
    if amount > 0, let limit = options.maxTokenLength,
      tokenLengths[Int(left)] + tokenLengths[Int(right)] >= limit
    {
      return
    }
    let index = pairs.index(of: UInt64(left) << 32 | UInt64(right))
    pairs.add(amount, to: index)
    if amount > 0 { pairs.post(word, to: index) }
  }
}
