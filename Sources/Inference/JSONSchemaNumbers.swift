/// Numbers of a schema: how long, how many, and from where to where.

import Tokenizers

extension JSONSchema {
  /// The largest whole number, of 16 digits: what JSON's readers tell from its neighbours ends there.
  static let mostInteger = 9_999_999_999_999_999
  /// The largest length, and number of items.
  private static let mostCount = 100_000

  /// Whole numbers within the schema's bounds.
  func integer(_ schema: JSONValue, at place: String) throws(GrammarError) -> Expression {
    let range = -Self.mostInteger...Self.mostInteger
    var low = try whole(schema, "minimum", in: range, at: place)
    var high = try whole(schema, "maximum", in: range, at: place)
    if let above = try whole(schema, "exclusiveMinimum", in: range, at: place) {
      low = max(low ?? .min, above + 1)
    }
    if let below = try whole(schema, "exclusiveMaximum", in: range, at: place) {
      high = min(high ?? .max, below - 1)
    }
    if low == nil, high == nil { return .rule("integer") }
    let (least, most) = (low ?? range.lowerBound, high ?? range.upperBound)
    if max(least, range.lowerBound) > min(most, range.upperBound) {
      throw GrammarError(
        "the schema at \(place) allows no number", hint: "let minimum be at most maximum")
    }
    return JSONParts.integers(from: low, to: high)
  }

  /// The least and the most of something that is counted.
  func limits(
    _ schema: JSONValue, _ leastName: String, _ mostName: String, at place: String
  ) throws(GrammarError) -> (least: Int?, most: Int?) {
    let least = try whole(schema, leastName, in: 0...Self.mostCount, at: place)
    let most = try whole(schema, mostName, in: 0...Self.mostCount, at: place)
    if let least, let most, least > most {
      throw GrammarError(
        "\(leastName) at \(place) is \(least), more than \(mostName), which is \(most)",
        hint: "let \(leastName) be at most \(mostName)")
    }
    return (least, most)
  }

  /// The whole number of this name, or nil if there is none.
  private func whole(
    _ schema: JSONValue, _ name: String, in range: ClosedRange<Int>, at place: String
  ) throws(GrammarError) -> Int? {
    guard case .number(let spelling) = schema[name] else {
      if schema[name].isNull { return nil }
      throw GrammarError("\(name) at \(place) is no whole number", hint: "write digits alone: 12")
    }
    if let value = Int(spelling), range.contains(value) { return value }
    guard spelling.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
      throw GrammarError(
        "\(name) at \(place) is \(spelling), no whole number", hint: "write digits alone: 12")
    }
    throw GrammarError(
      "\(name) at \(place) is \(spelling), beyond what a grammar keeps to",
      hint: "\(name) is from \(range.lowerBound) to \(range.upperBound)")
  }
}

extension JSONParts {
  /// Whole numbers from `low` to `high`, without limit for nil.
  static func integers(from low: Int?, to high: Int?) -> Expression {
    var choices: [Expression] = []
    if low ?? -1 < 0 {
      let least = (high ?? 0) < 0 ? -(high ?? 0) : 1
      let most = low.map { -$0 }
      choices.append(.sequence([text("-"), naturals(from: least, to: most)]))
    }
    if high ?? 0 >= 0 { choices.append(naturals(from: max(low ?? 0, 0), to: high)) }
    return .choice(choices)
  }

  /// Numbers of up to 16 digits without a sign.
  private static func naturals(from low: Int, to high: Int?) -> Expression {
    var choices: [Expression] = []
    let high = high ?? JSONSchema.mostInteger
    var start = low
    // In steps of equal numbers of digits.
    while start <= high {
      let digits = "\(start)".utf8.count
      let end = min(high, (0..<digits).reduce(1) { power, _ in power * 10 } - 1)
      let (first, last) = (Array("\(start)".utf8), Array("\(end)".utf8))
      choices.append(numbers(first[...], last[...]))
      if end == high { break }
      start = end + 1
    }
    return .choice(choices)
  }

  /// Numbers from `first` to `last`, which have equally many digits.
  private static func numbers(_ first: ArraySlice<UInt8>, _ last: ArraySlice<UInt8>) -> Expression {
    guard let low = first.first, let high = last.first else { return text("") }
    let (restLow, restHigh) = (first.dropFirst(), last.dropFirst())
    let nines = restLow.map { _ in UInt8(ascii: "9") }[...]
    let zeros = restLow.map { _ in UInt8(ascii: "0") }[...]
    if low == high { return .sequence([.bytes([low]), numbers(restLow, restHigh)]) }
    var choices: [Expression] = []
    var (start, end) = (UInt32(low), UInt32(high))
    if !restLow.elementsEqual(zeros) {
      choices.append(.sequence([.bytes([low]), numbers(restLow, nines)]))
      start += 1
    }
    if !restHigh.elementsEqual(nines) {
      choices.append(.sequence([.bytes([high]), numbers(zeros, restHigh)]))
      end -= 1
    }
    if start <= end {
      let free = Expression.repeated(digit, least: restLow.count, most: restLow.count)
      choices.append(.sequence([.characters([start...end]), free]))
    }
    return .choice(choices)
  }
}
