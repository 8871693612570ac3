/// The book-keeping of a best-first search over token paths: every grain of probability is either with
/// an outcome, on the frontier, or ruled out.

import Glibc
import Tokenizers

/// A search for what comes next. The sum of all outcomes, the frontier and what was ruled out is 1
/// after every step.
struct NextWordSearch {
  /// The heaviest path to a word: its place in `trail` and, if the word ends inside a token, that.
  struct Path {
    var mass: Double
    var place: Int32
    var token: Token?
  }

  let tokens: WordTokens
  let context: NextWordContext
  /// Paths lighter than this are never taken further; their mass stays on the frontier.
  let floor: Double
  private(set) var trie = WordTrie()
  private(set) var paths: [Int32: Path] = [:]
  private(set) var punctuation = 0.0
  private(set) var lineBreak = 0.0
  private(set) var endOfText = 0.0
  private(set) var words = 0.0
  private(set) var expansions = 0
  /// Frontier mass that fits the context for certain, and that which may yet be ruled out.
  private(set) var accepted = 0.0
  private(set) var doubtful = 0.0
  private var frontier = Frontier()
  private var trail = TokenTrail()
  private var weights: [Float] = []
  /// The weights of the extensions of paths that have a rest, and what they are multiplied by; the
  /// place of the path in `trail`.
  private var rests: [(weights: [Float], scale: Double, place: Int32)] = []
  private var keptWeights = 0
  private static let mostKeptWeights = 1 << 26

  init(tokens: WordTokens, context: NextWordContext, floor: Double) {
    self.tokens = tokens
    self.context = context
    self.floor = floor
    let start = trie.append(context.word, to: 0)
    push(
      TokenPath(
        mass: 1, parent: -1, token: 0, depth: 0, covered: 0,
        reader: WordReader(at: context.place), word: start))
  }

  /// All mass that is not ruled out: an upper bound, and in the end the value, of the probability that
  /// text goes on from the tokens of the context as the context demands.
  var possible: Double { words + punctuation + lineBreak + endOfText + accepted + doubtful }

  /// The share of the frontier in what is possible.
  var remaining: Double { possible > 0 ? min(max((accepted + doubtful) / possible, 0), 1) : 1 }

  /// Takes up to `limit` paths of at most `longest` tokens off the frontier, those first whose mass
  /// times relevance is largest; only such whose relevance is above 0, unless none is.
  ///
  /// Light extensions that it meets are made paths first, which costs no question to the model.
  mutating func takeBatch(
    limit: Int, longest: Int, relevance: (TokenPath) -> Double
  ) -> [TokenPath] {
    while true {
      let indices = frontier.heaviest(limit, longest: longest, relevance: relevance)
      let divided = indices.filter { frontier.paths[$0].rest >= 0 }
      if divided.isEmpty { return frontier.take(indices) }
      for node in frontier.take(divided) { divide(node) }
    }
  }

  /// The tokens of a path.
  func tokens(of node: TokenPath) -> [Token] {
    node.depth == 0 ? [] : trail.tokens(at: node.parent) + [node.token]
  }

  /// The tokens of the heaviest path to a word.
  func tokens(of path: Path) -> [Token] {
    trail.tokens(at: path.place) + (path.token.map { [$0] } ?? [])
  }

  /// Hands the mass of `node` on by the logits that follow it.
  mutating func expand(_ node: TokenPath, logits: ArraySlice<Float>) {
    expansions += 1
    var place: Int32 = -1
    if node.depth > 0 {
      place = trail.append(node.token, behind: node.parent)
    }
    release(node.mass, reader: node.reader, covered: node.covered, word: node.word)
    let total = weigh(logits)
    guard total > 0 else { return }
    let scale = node.mass / total
    if node.covered < context.cover.count {
      cover(node, place: place, scale: scale)
    } else if node.reader.pendingCount > 0 {
      for token in 0..<tokens.known where weights[token] > 0 {
        settle(node, token, from: 0, mass: Double(weights[token]) * scale, place: place)
      }
    } else {
      follow(node, place: place, scale: scale)
    }
  }

  /// The common case: the effect of every token is in the table. Light extensions stay together as
  /// a rest, since most of them will never be asked about.
  private mutating func follow(_ node: TokenPath, place: Int32, scale: Double) {
    let table = tokens.table(at: node.reader.place)
    let effects = table.effects
    let keepsRest = node.depth > 0 && keptWeights < Self.mostKeptWeights
    let threshold = keepsRest ? node.mass / 512 : floor
    var ending = 0.0
    var light = 0.0
    for token in 0..<tokens.known {
      let mass = Double(weights[token]) * scale
      switch effects[token] {
      case .rejected: break
      case .endsWord: ending += mass
      case .punctuation: punctuation += mass
      case .lineBreak: lineBreak += mass
      case .endOfText: endOfText += mass
      case .goesOn where mass < threshold || tokens.bytes[token].isEmpty: light += mass
      case .goesOn, .completesWord: settle(node, token, by: table, mass: mass, place: place)
      }
    }
    if ending > 0 { find(ending, word: node.word, place: place, token: nil) }
    hold(light, reader: node.reader, covered: node.covered, word: node.word)
    guard keepsRest, light >= floor else { return }
    var rest = node
    rest.mass = light
    rest.rest = rests.count
    rest.threshold = threshold
    rests.append((weights, scale, place))
    keptWeights += weights.count
    frontier.append(rest)
  }

  /// Makes the heavier extensions of a rest paths of their own.
  private mutating func divide(_ node: TokenPath) {
    let (weights, scale, place) = rests[node.rest]
    let table = tokens.table(at: node.reader.place)
    let effects = table.effects
    let lower = max(node.threshold / 64, floor)
    release(node.mass, reader: node.reader, covered: node.covered, word: node.word)
    var path = node
    path.rest = -1
    path.threshold = 0
    var light = 0.0
    for token in 0..<tokens.known where effects[token] == .goesOn {
      let mass = Double(weights[token]) * scale
      if mass >= node.threshold, !tokens.bytes[token].isEmpty { continue }
      if mass < lower || tokens.bytes[token].isEmpty {
        light += mass
      } else {
        settle(path, token, by: table, mass: mass, place: place)
      }
    }
    hold(light, reader: node.reader, covered: node.covered, word: node.word)
    if lower > floor, light >= floor {
      var rest = node
      rest.mass = light
      rest.threshold = lower
      frontier.append(rest)
    } else {
      keptWeights -= weights.count
      rests[node.rest].weights = []
    }
  }

  /// Tokens that agree with what is left of the cover go on; others are ruled out.
  private mutating func cover(_ node: TokenPath, place: Int32, scale: Double) {
    let rest = context.cover[node.covered...]
    for token in 0..<tokens.known {
      let bytes = tokens.bytes[token]
      guard let first = bytes.first, first == rest.first, weights[token] > 0 else { continue }
      let mass = Double(weights[token]) * scale
      if bytes.count > rest.count {
        guard bytes.starts(with: rest) else { continue }
        settle(node, token, from: rest.count, mass: mass, place: place)
      } else if rest.starts(with: bytes) {
        push(child(of: node, token, mass: mass, place: place, covered: node.covered + bytes.count))
      }
    }
  }

  /// Reads `token` behind `node` and puts its mass where it belongs.
  private mutating func settle(
    _ node: TokenPath, _ token: Int, from offset: Int, mass: Double, place: Int32
  ) {
    var next = child(of: node, token, mass: mass, place: place, covered: context.cover.count)
    var appended: [UInt8] = []
    switch tokens.read(token, from: offset, reader: &next.reader, word: &appended) {
    case .rejected: break
    case .punctuation: punctuation += mass
    case .lineBreak: lineBreak += mass
    case .endOfText: endOfText += mass
    case .endsWord: find(mass, word: node.word, place: place, token: offset > 0 ? token : nil)
    case .completesWord:
      find(mass, word: trie.append(appended, to: node.word), place: place, token: token)
    case .goesOn:
      // A path that gains no bytes could go on for ever.
      if mass < floor || tokens.bytes[token].isEmpty {
        hold(mass, reader: node.reader, covered: node.covered, word: node.word)
      } else {
        next.word = trie.append(appended, to: node.word)
        push(next)
      }
    }
  }

  /// As `settle` from the token's beginning, with what a table knows.
  private mutating func settle(
    _ node: TokenPath, _ token: Int, by table: WordTokens.Table, mass: Double, place: Int32
  ) {
    let effect = table.effects[token]
    guard effect == .goesOn || effect == .completesWord, let part = table.parts[token] else {
      return settle(node, token, from: 0, mass: mass, place: place)
    }
    if effect == .goesOn, mass < floor || tokens.bytes[token].isEmpty {
      return hold(mass, reader: node.reader, covered: node.covered, word: node.word)
    }
    let word = trie.append(tokens.bytes[token][part], to: node.word)
    if effect == .completesWord { return find(mass, word: word, place: place, token: token) }
    var next = child(of: node, token, mass: mass, place: place, covered: context.cover.count)
    next.reader = table.readers[token]
    next.word = word
    push(next)
  }

  private func child(
    of node: TokenPath, _ token: Int, mass: Double, place: Int32, covered: Int
  ) -> TokenPath {
    TokenPath(
      mass: mass, parent: place, token: Token(token), depth: node.depth + 1, covered: covered,
      reader: node.reader, word: node.word)
  }

  private mutating func find(_ mass: Double, word: Int32, place: Int32, token: Int?) {
    words += mass
    trie.find(mass, at: word)
    if mass > paths[word]?.mass ?? 0 {
      paths[word] = Path(mass: mass, place: place, token: token.map { Token($0) })
    }
  }

  private mutating func push(_ node: TokenPath) {
    hold(node.mass, reader: node.reader, covered: node.covered, word: node.word)
    frontier.append(node)
  }

  private mutating func hold(_ mass: Double, reader: WordReader, covered: Int, word: Int32) {
    if reader.isAccepted, covered == context.cover.count {
      accepted += mass
      trie.open[Int(word)] += mass
    } else {
      doubtful += mass
    }
  }

  private mutating func release(_ mass: Double, reader: WordReader, covered: Int, word: Int32) {
    hold(-mass, reader: reader, covered: covered, word: word)
  }

  /// Fills `weights` with exp(logit − largest) and gives their sum.
  ///
  /// Logits that no token stands for are left out, as in generation: mass that could still get lost
  /// to them would belong to no outcome.
  private mutating func weigh(_ logits: ArraySlice<Float>) -> Double {
    let logits = logits.prefix(tokens.known)
    let largest = logits.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
    weights.removeAll(keepingCapacity: true)
    var total = 0.0
    for logit in logits {
      let weight = expf(logit - largest)
      weights.append(weight)
      total += Double(weight)
    }
    return total
  }
}
