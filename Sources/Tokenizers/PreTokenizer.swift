/// Cutting text into pieces in steps, as a tokenizer.json's `pre_tokenizer` says.

/// The steps between a normalised text and the pieces that are merged.
struct PreTokenizer: Sendable {
  /// What becomes of the matches of a split.
  enum Behavior: String {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// When a prefix is put in front.
  enum Prefix: String {
    case always
    case first
    case never
  }

  /// A kind of character that text is split at.
  enum Kind: Sendable {
    case number
    /// ASCII's symbols and Unicode 8.0's punctuation, the version of Hugging Face's table.
    case punctuation
    case whitespace
    case wordOrSymbols
    case one(UInt32)
  }

  /// One thing done to the pieces.
  enum Step: Sendable {
    case split(TextMatcher, Behavior, invert: Bool)
    case kind(Kind, Behavior)
    case prefixSpace
    case metaspace([UInt8], Prefix, splits: Bool)
  }

  private(set) var steps: [Step] = []
  /// Whether pieces are bytes rather than characters to the model.
  private(set) var isByteLevel = false

  /// The scanner that does the same as all steps together, if there is one.
  var scanner: PieceScanner? {
    if steps.count == 1, case .split(.scanner(let scanner), .isolated, false) = steps[0] {
      return scanner
    }
    return nil
  }

  /// Reads `pre_tokenizer` of a tokenizer.json.
  init(_ json: JSONValue) throws(TokenizerError) { try append(json) }

  private mutating func append(_ json: JSONValue) throws(TokenizerError) {
    if json.isNull { return }
    let type = json["type"].text ?? "?"
    if isByteLevel { throw .unsupported("the pre-tokenizer \(type) after ByteLevel") }
    switch type {
    case "Sequence":
      for element in json["pretokenizers"].elements { try append(element) }
    case "ByteLevel":
      if json["add_prefix_space"].truth ?? true { steps.append(.prefixSpace) }
      if json["use_regex"].truth ?? true, let scanner = SplitPattern.gpt2.scanner {
        steps.append(.split(.scanner(scanner), .isolated, invert: false))
      }
      isByteLevel = true
    case "Split":
      steps.append(
        .split(
          try TextMatcher(json["pattern"]), try behavior(json, default: nil),
          invert: json["invert"].truth ?? false))
    case "Digits":
      let each = json["individual_digits"].truth ?? false
      steps.append(.kind(.number, each ? .isolated : .contiguous))
    case "Punctuation":
      steps.append(.kind(.punctuation, try behavior(json, default: .isolated)))
    case "Whitespace": steps.append(.kind(.wordOrSymbols, .removed))
    case "WhitespaceSplit": steps.append(.kind(.whitespace, .removed))
    case "CharDelimiterSplit":
      guard let delimiter = json["delimiter"].text?.unicodeScalars.first else {
        throw .unsupported("a CharDelimiterSplit without delimiter")
      }
      steps.append(.kind(.one(delimiter.value), .removed))
    case "Metaspace":
      let legacy: Prefix = json["add_prefix_space"].truth == false ? .never : .always
      let named = json["prepend_scheme"].text
      guard let prefix = named.map({ Prefix(rawValue: $0) }) ?? legacy else {
        throw .unsupported("the Metaspace prepend_scheme \(named ?? "?")")
      }
      steps.append(
        .metaspace(
          Array((json["replacement"].text ?? "▁").utf8), prefix,
          splits: json["split"].truth ?? true))
    default: throw .unsupported("the pre-tokenizer \(type)")
    }
  }

  private func behavior(
    _ json: JSONValue, default standard: Behavior?
  ) throws(TokenizerError) -> Behavior {
    let name = json["behavior"].text
    guard let behavior = name.map({ Behavior(rawValue: $0) }) ?? standard else {
      throw .unsupported("the split behavior \(name ?? "null")")
    }
    return behavior
  }

  /// Cuts a text into pieces.
  func apply(_ text: [UInt8], startsDocument: Bool) -> PieceList {
    var list = PieceList(
      text: text, ranges: text.isEmpty ? [] : [0..<text.count], startsDocument: startsDocument)
    for step in steps { PreTokenizer.apply(step, to: &list) }
    return list
  }

  private static func apply(_ step: Step, to list: inout PieceList) {
    switch step {
    case .split(let matcher, let behavior, let invert):
      list.split { piece in
        parts(of: piece.count, matches: matcher.matches(in: piece), behavior, invert: invert)
      }
    case .kind(let kind, let behavior):
      list.split { piece in
        if case .wordOrSymbols = kind { return wordsAndSymbols(piece) }
        return parts(of: piece.count, matches: characters(piece, kind), behavior, invert: false)
      }
    case .prefixSpace:
      list.rewrite { piece, _, result in
        if piece.first != UInt8(ascii: " ") { result.append(UInt8(ascii: " ")) }
        result.append(contentsOf: piece)
      }
    case .metaspace(let replacement, let prefix, let splits):
      list.rewrite { piece, isFirst, result in
        let starts = piece.first == UInt8(ascii: " ") || piece.starts(with: replacement)
        if !starts, prefix == .always || (prefix == .first && isFirst) {
          result.append(contentsOf: replacement)
        }
        for byte in piece {
          if byte == UInt8(ascii: " ") {
            result.append(contentsOf: replacement)
          } else {
            result.append(byte)
          }
        }
      }
      if splits {
        list.split { piece in
          let matches = TextMatcher.literal(replacement).matches(in: piece)
          return parts(of: piece.count, matches: matches, .mergedWithNext, invert: false)
        }
      }
    }
  }

  /// The parts of a piece of `count` bytes that a split at some matches leaves.
  static func parts(
    of count: Int, matches: [Range<Int>], _ behavior: Behavior, invert: Bool
  ) -> [Range<Int>] {
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    var position = 0
    for match in matches {
      if position < match.lowerBound { parts.append((position..<match.lowerBound, invert)) }
      parts.append((match, !invert))
      position = match.upperBound
    }
    if position < count { parts.append((position..<count, invert)) }
    switch behavior {
    case .isolated: return parts.map(\.range)
    case .removed: return parts.filter { !$0.isMatch }.map(\.range)
    case .contiguous:
      var result: [Range<Int>] = []
      var previous: Bool?
      for part in parts {
        if part.isMatch == previous, let last = result.popLast() {
          result.append(last.lowerBound..<part.range.upperBound)
        } else {
          result.append(part.range)
        }
        previous = part.isMatch
      }
      return result
    case .mergedWithPrevious:
      var result: [Range<Int>] = []
      var previous = false
      for part in parts {
        if part.isMatch, !previous, let last = result.popLast() {
          result.append(last.lowerBound..<part.range.upperBound)
        } else {
          result.append(part.range)
        }
        previous = part.isMatch
      }
      return result
    case .mergedWithNext:
      var result: [Range<Int>] = []
      var previous = false
      for part in parts.reversed() {
        if part.isMatch, !previous, let last = result.popLast() {
          result.append(part.range.lowerBound..<last.upperBound)
        } else {
          result.append(part.range)
        }
        previous = part.isMatch
      }
      return result.reversed()
    }
  }

  private static func characters(
    _ piece: UnsafeBufferPointer<UInt8>, _ kind: Kind
  ) -> [Range<Int>] {
    var result: [Range<Int>] = []
    forEachCharacter(piece) { value, range in
      if contains(kind, value) { result.append(range) }
    }
    return result
  }

  /// The runs of `\w` and of what is neither `\w` nor white space.
  private static func wordsAndSymbols(_ piece: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var previous = 0
    forEachCharacter(piece) { value, range in
      let isSpace = contains(.whitespace, value)
      let kind = isSpace ? 0 : isWordCharacter(value) ? 1 : 2
      if kind != 0 {
        if kind == previous, let last = result.popLast() {
          result.append(last.lowerBound..<range.upperBound)
        } else {
          result.append(range)
        }
      }
      previous = kind
    }
    return result
  }

  private static func forEachCharacter(
    _ piece: UnsafeBufferPointer<UInt8>, _ body: (UInt32, Range<Int>) -> Void
  ) {
    guard let start = piece.baseAddress else { return }
    let end = start + piece.count
    var position = start
    while position < end {
      let (value, count) = scalar(at: position, end) ?? (0xFFFD, 1)
      body(value, position - start..<position - start + count)
      position += count
    }
  }

  private static func contains(_ kind: Kind, _ value: UInt32) -> Bool {
    let found = UnicodeClasses.table[Int(value)]
    switch kind {
    case .number: return found & UnicodeClasses.number != 0
    case .whitespace: return found & UnicodeClasses.whitespace != 0
    case .wordOrSymbols: return found & UnicodeClasses.whitespace == 0
    case .one(let wanted): return value == wanted
    case .punctuation:
      guard let properties = Unicode.Scalar(value)?.properties else { return false }
      if value < 0x80 {
        return value > 0x20 && value < 0x7F
          && found & (UnicodeClasses.letter | UnicodeClasses.number) == 0
      }
      if value == 0x166D || value == 0x1_11C9 { return true }
      guard let age = properties.age, age.major <= 8 else { return false }
      switch properties.generalCategory {
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation:
        return true
      default: return false
      }
    }
  }
}
