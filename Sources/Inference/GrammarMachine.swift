/// Follows a grammar byte by byte and says which tokens may come next.

import Tokenizers

/// A place in a grammar: all the ways in which the text so far can be read.
struct GrammarPlace: Hashable, Sendable {
  /// Its number in the machine that made it.
  var state: Int
}

/// A pushdown automaton that is made a deterministic one as far as texts walk through it.
///
/// A reading of the text is a stack of places in rules; stacks share their lower parts and are
/// numbered. A state is the set of stacks after a text, and a step from a state by a byte is worked
/// out once. The tokens that a state allows are found by walking through the vocabulary in the order
/// of its bytes, where what begins alike is walked once; masks are kept for states that come again.
final class GrammarMachine {
  /// What a place allows.
  enum Choice {
    /// A token of these.
    case tokens([Bool])
    /// Nothing: the text is whole.
    case complete
    /// Nothing that a token begins with.
    case stuck
  }

  /// A place in an alternative, and what follows when that is over (−1: nothing).
  private struct Frame: Hashable {
    var rule: Int32
    var alternative: Int32
    var position: Int32
    var parent: Int32
  }

  private let grammar: Grammar
  private let endOfText: Token?
  /// The tokens that stand for text, in the order of their bytes.
  private let order: [Token]
  private let spellings: [[UInt8]]
  /// The place of every token in that order, −1 for those that stand for no text.
  private let ranks: [Int32]
  /// How many bytes each has in common with the one before.
  private let common: [Int]
  private var frames: [Frame] = []
  private var numbers: [Frame: Int32] = [:]
  private var states: [[Int32]] = []
  private var stateNumbers: [[Int32]: Int] = [:]
  private var steps: [[Int32]] = []
  private var masks: [Int: [Bool]] = [:]
  private static let whole: Int32 = -1
  private static let unknown: Int32 = -2
  private static let dead: Int32 = -1

  init(_ grammar: Grammar, tokenizer: some TextTokenizer) {
    self.grammar = grammar
    endOfText = tokenizer.endOfText
    var tokens: [(bytes: [UInt8], token: Token)] = []
    for index in 0..<tokenizer.vocabularySize where !tokenizer.isSpecial(Token(index)) {
      let bytes = tokenizer.bytes(of: Token(index))
      if !bytes.isEmpty { tokens.append((bytes, Token(index))) }
    }
    tokens.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    order = tokens.map(\.token)
    spellings = tokens.map(\.bytes)
    var ranks = [Int32](repeating: -1, count: tokenizer.vocabularySize)
    for (index, token) in tokens.enumerated() { ranks[Int(token.token)] = Int32(index) }
    self.ranks = ranks
    var common = [Int](repeating: 0, count: tokens.count)
    for index in tokens.indices.dropFirst() {
      common[index] = zip(tokens[index - 1].bytes, tokens[index].bytes).prefix { $0 == $1 }.count
    }
    self.common = common
    var first = Set<Int32>()
    for place in arrivals(at: grammar.root, parent: Self.whole) { reach(place, &first) }
    start = GrammarPlace(state: state(of: first))
  }

  /// Before the first byte.
  private(set) var start = GrammarPlace(state: 0)

  /// Where `bytes` lead, or nil if the grammar does not allow them.
  func place(after bytes: [UInt8], from place: GrammarPlace) -> GrammarPlace? {
    var state = place.state
    for byte in bytes {
      let next = step(from: state, by: byte)
      if next == Self.dead { return nil }
      state = Int(next)
    }
    return GrammarPlace(state: state)
  }

  /// Where an allowed token leads; a special one leads nowhere else.
  func place(after token: Token, from place: GrammarPlace) -> GrammarPlace? {
    let rank = Int(ranks[Int(token)])
    return rank < 0 ? place : self.place(after: spellings[rank], from: place)
  }

  /// Whether the text may end here.
  func mayEnd(at place: GrammarPlace) -> Bool { states[place.state].contains(Self.whole) }

  /// What the text may go on with; flags for the first `known` tokens.
  func choice(at place: GrammarPlace, known: Int) -> Choice {
    if states[place.state] == [Self.whole] { return .complete }
    let flags = mask(of: place.state, count: known)
    if flags.contains(true) { return .tokens(flags) }
    return mayEnd(at: place) ? .complete : .stuck
  }

  private func mask(of state: Int, count: Int) -> [Bool] {
    if let mask = masks[state], mask.count == count { return mask }
    var mask = [Bool](repeating: false, count: count)
    // The states along the current spelling; it is dead from `limit` bytes on.
    var path = [Int32(state)]
    var limit = Int.max
    for index in order.indices {
      let shared = common[index]
      if shared >= limit { continue }
      limit = .max
      path.removeSubrange(min(shared + 1, path.count)...)
      for byte in spellings[index].dropFirst(shared) {
        let next = step(from: Int(path[path.count - 1]), by: byte)
        if next == Self.dead {
          limit = path.count
          break
        }
        path.append(next)
      }
      if limit == .max, Int(order[index]) < count { mask[Int(order[index])] = true }
    }
    if let endOfText, Int(endOfText) < count, states[state].contains(Self.whole) {
      mask[Int(endOfText)] = true
    }
    if masks.count * count > 1 << 27 { masks.removeAll() }
    masks[state] = mask
    return mask
  }

  private func step(from state: Int, by byte: UInt8) -> Int32 {
    let known = steps[state][Int(byte)]
    if known != Self.unknown { return known }
    var next = Set<Int32>()
    for number in states[state] where number != Self.whole {
      let frame = frames[Int(number)]
      guard case .bytes(let set) = symbol(at: frame), set.contains(byte) else { continue }
      advance(frame, &next)
    }
    let result = next.isEmpty ? Self.dead : Int32(self.state(of: next))
    steps[state][Int(byte)] = result
    return result
  }

  /// The number of the state with these places, of which only those before bytes matter.
  private func state(of members: Set<Int32>) -> Int {
    let sorted = members.filter { number in
      guard number != Self.whole else { return true }
      if case .bytes = symbol(at: frames[Int(number)]) { return true }
      return false
    }.sorted()
    if let number = stateNumbers[sorted] { return number }
    stateNumbers[sorted] = states.count
    states.append(sorted)
    steps.append([Int32](repeating: Self.unknown, count: 256))
    return states.count - 1
  }

  private func symbol(at frame: Frame) -> Grammar.Symbol {
    grammar.rules[Int(frame.rule)][Int(frame.alternative)][Int(frame.position)]
  }

  /// What a text may be at next: places behind a symbol, or the end of a rule.
  private enum Arrival {
    /// Before the symbol at this frame.
    case before(Frame)
    /// Behind a whole rule, above what waits below.
    case above(Int32)
  }

  /// Goes on behind the symbol at `frame`.
  private func advance(_ frame: Frame, _ found: inout Set<Int32>) {
    var next = frame
    next.position += 1
    let length = grammar.rules[Int(frame.rule)][Int(frame.alternative)].count
    reach(Int(next.position) == length ? .above(frame.parent) : .before(next), &found)
  }

  /// Adds a place, and all that can be reached from it without a byte.
  ///
  /// Places wait in a list, not on the program's stack: there may be as many as there are rules.
  private func reach(_ place: Arrival, _ found: inout Set<Int32>) {
    var waiting = [place]
    while let place = waiting.popLast() {
      var frame: Frame
      switch place {
      case .above(Self.whole):
        found.insert(Self.whole)
        continue
      case .above(let parent): frame = frames[Int(parent)]
      case .before(let next): frame = next
      }
      guard found.insert(number(of: frame)).inserted, case .rule(let rule) = symbol(at: frame)
      else { continue }
      let length = grammar.rules[Int(frame.rule)][Int(frame.alternative)].count
      frame.position += 1
      // In last place a rule takes over, so that a repetition does not pile up frames.
      let parent = Int(frame.position) == length ? frame.parent : number(of: frame)
      waiting += arrivals(at: rule, parent: parent)
    }
  }

  /// The beginnings of a rule.
  private func arrivals(at rule: Int, parent: Int32) -> [Arrival] {
    grammar.rules[rule].enumerated().map { alternative, symbols in
      symbols.isEmpty
        ? .above(parent)
        : .before(
          Frame(rule: Int32(rule), alternative: Int32(alternative), position: 0, parent: parent))
    }
  }

  private func number(of frame: Frame) -> Int32 {
    if let number = numbers[frame] { return number }
    let number = Int32(frames.count)
    numbers[frame] = number
    frames.append(frame)
    return number
  }
}
