/// From expressions with choices, repetitions and character classes to the plain rules of a grammar.

/// What a rule of a grammar file says.
indirect enum GrammarExpression: Sendable, Equatable {
  /// These bytes.
  case bytes([UInt8])
  /// One character of some ranges.
  case characters([ClosedRange<UInt32>])
  /// A rule by its name.
  case rule(String)
  case sequence([GrammarExpression])
  case choice([GrammarExpression])
  /// So many times; without a limit for nil.
  case repeated(GrammarExpression, least: Int, most: Int?)
}

/// Collects the rules of a grammar.
///
/// Repetitions are written out, up to two million symbols of all together.
struct GrammarBuilder {
  private static let mostSymbols = 2_000_000
  /// Symbols that repetitions have been written out to.
  private var repeatedCount = 0
  private var numbers: [String: Int] = [:]
  private var rules: [[[Grammar.Symbol]]] = []
  private var isDefined: [Bool] = []

  /// Gives the name a meaning; false if it has one already.
  mutating func define(_ name: String, _ expression: GrammarExpression) -> Bool {
    let number = number(of: name)
    if isDefined[number] { return false }
    isDefined[number] = true
    let alternatives = alternatives(of: expression)
    rules[number] = alternatives
    return true
  }

  /// The grammar, or why there is none.
  func grammar(root: String) -> Result<Grammar, Failure> {
    if repeatedCount > Self.mostSymbols { return .failure(.large) }
    if let missing = numbers.filter({ !isDefined[$0.value] }).map(\.key).min() {
      return .failure(.missing(missing))
    }
    guard let number = numbers[root] else { return .failure(.missing(root)) }
    return .success(Grammar(rules: rules, root: number))
  }

  /// Why rules make no grammar.
  enum Failure: Error {
    /// A rule of this name is used and not defined.
    case missing(String)
    /// Repetitions of repetitions are too long.
    case large
  }

  /// The name of a rule, for messages.
  func name(of number: Int) -> String {
    numbers.first { $0.value == number }?.key ?? "a repetition"
  }

  private mutating func number(of name: String) -> Int {
    if let number = numbers[name] { return number }
    numbers[name] = rules.count
    rules.append([])
    isDefined.append(false)
    return rules.count - 1
  }

  private mutating func newRule(_ alternatives: [[Grammar.Symbol]]) -> Int {
    rules.append(alternatives)
    isDefined.append(true)
    return rules.count - 1
  }

  private mutating func alternatives(of expression: GrammarExpression) -> [[Grammar.Symbol]] {
    if case .choice(let parts) = expression { return parts.flatMap { alternatives(of: $0) } }
    if case .characters(let ranges) = expression { return sequences(of: ranges) }
    return [symbols(of: expression)]
  }

  private mutating func symbols(of expression: GrammarExpression) -> [Grammar.Symbol] {
    switch expression {
    case .bytes(let bytes): return bytes.map { .bytes(ByteSet($0...$0)) }
    case .rule(let name): return [.rule(number(of: name))]
    case .sequence(let parts): return parts.flatMap { symbols(of: $0) }
    case .choice:
      let alternatives = alternatives(of: expression)
      return alternatives.count == 1 ? alternatives[0] : [.rule(newRule(alternatives))]
    case .characters(let ranges):
      let alternatives = sequences(of: ranges)
      return alternatives.count == 1 ? alternatives[0] : [.rule(newRule(alternatives))]
    case .repeated(let part, let least, let most):
      let once = symbols(of: part)
      // Both factors are far from overflow: the count is checked wherever it grows.
      repeatedCount += (once.count + 1) * max(least, most ?? 0)
      if repeatedCount > Self.mostSymbols { return [] }
      let fixed = (0..<least).flatMap { _ in once }
      guard let most else {
        let more = newRule([])
        rules[more] = [once + [.rule(more)], []]
        return fixed + [.rule(more)]
      }
      var rest: [Grammar.Symbol] = []
      for _ in least..<max(most, least) { rest = [.rule(newRule([once + rest, []]))] }
      return fixed + rest
    }
  }

  /// One character of `ranges` as alternatives of bytes; single bytes become one set.
  private func sequences(of ranges: [ClosedRange<UInt32>]) -> [[Grammar.Symbol]] {
    var single: ByteSet?
    var result: [[Grammar.Symbol]] = []
    for sequence in ranges.flatMap(UTF8Ranges.sequences) {
      if sequence.count > 1 {
        result.append(sequence.map { .bytes(ByteSet($0)) })
      } else if single == nil {
        single = ByteSet(sequence[0])
      } else {
        single?.insert(sequence[0])
      }
    }
    return (single.map { [[.bytes($0)]] } ?? []) + result
  }
}
