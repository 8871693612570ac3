/// Tokens that are found in the text before anything else happens to it.

/// A token that is matched literally rather than made by merges.
public struct AddedToken: Sendable, Hashable {
  /// Its id.
  public var id: Token
  /// The text it stands for.
  public var content: String
  /// Whether it steers rather than being text; such tokens are found only where that is allowed.
  public var isSpecial = true
  /// Whether it takes the white space before it.
  public var stripsLeft = false
  /// Whether it takes the white space after it.
  public var stripsRight = false
  /// Whether it is found only where no word continues on either side.
  public var isSingleWord = false
  /// Whether it is looked for in the normalised text.
  public var isNormalized = false

  /// A special token, or with `isSpecial: false` a plain one.
  public init(id: Token, content: String, isSpecial: Bool = true) {
    self.id = id
    self.content = content
    self.isSpecial = isSpecial
  }
}

/// Finds added tokens in bytes: the leftmost first, the longest among those.
struct AddedTokenMatcher: Sendable {
  private var tokens: [AddedToken] = []
  private var lengths: [Int] = []
  private var transitions: [UInt64: UInt32] = [:]
  private var accepted: [UInt32: Int] = [:]
  private var nodeCount: UInt32 = 1
  /// Which two bytes a token may start with, 65,536 bits.
  private var starts = [UInt64](repeating: 0, count: 1024)

  /// Whether there is nothing to find.
  var isEmpty: Bool { tokens.isEmpty }
  /// Whether every token is found by its bytes alone.
  var isPlain: Bool {
    tokens.allSatisfy { !$0.stripsLeft && !$0.stripsRight && !$0.isSingleWord }
  }
  /// Whether no token begins or ends with a letter or digit of ASCII, or holds a space after one.
  var leavesWordsAlone: Bool {
    tokens.allSatisfy { token in
      let text = Array(token.content.utf8)
      func isWord(_ byte: UInt8?) -> Bool { byte.map { isASCIIWord($0) || $0 >= 0x80 } ?? true }
      if isWord(text.first) || isWord(text.last) { return false }
      return !zip(text, text.dropFirst()).contains { isWord($0) && $1 == UInt8(ascii: " ") }
    }
  }

  /// A matcher of some tokens, whose texts `normalize` may change first.
  init(_ added: [AddedToken], normalize: ([UInt8]) -> [UInt8] = { $0 }) {
    for token in added {
      let text = normalize(Array(token.content.utf8))
      if text.isEmpty { continue }
      var node: UInt32 = 0
      for byte in text {
        let key = UInt64(node) << 8 | UInt64(byte)
        if let next = transitions[key] {
          node = next
        } else {
          transitions[key] = nodeCount
          node = nodeCount
          nodeCount += 1
        }
      }
      if accepted[node] != nil { continue }
      accepted[node] = tokens.count
      tokens.append(token)
      lengths.append(text.count)
      let first = Int(text[0]) << 8
      for second in text.count == 1 ? 0...255 : Int(text[1])...Int(text[1]) {
        starts[(first | second) >> 6] |= 1 << UInt64((first | second) & 63)
      }
    }
  }

  /// What a search found.
  enum Finding {
    /// A token and the bytes it takes.
    case token(AddedToken, Range<Int>)
    /// Nothing can start before this offset; from there on more text is needed to tell.
    case undecided(Int)
    /// Nothing.
    case nothing
  }

  /// The first token in `text` at or after `start`.
  ///
  /// `isFinal` says that no text follows. `taken` is where the token before ended: the white space
  /// a token takes on its left begins no earlier.
  func first(
    in text: UnsafeBufferPointer<UInt8>, from start: Int, taken: Int, isFinal: Bool
  ) -> Finding {
    if tokens.isEmpty { return .nothing }
    var position = start
    let count = text.count
    while position < count {
      if position + 1 < count {
        let pair = Int(text[position]) << 8 | Int(text[position + 1])
        if starts[pair >> 6] >> UInt64(pair & 63) & 1 == 0 {
          position += 1
          continue
        }
      }
      var node: UInt32 = 0
      var index = position
      var best: Int?
      while index < count {
        guard let next = transitions[UInt64(node) << 8 | UInt64(text[index])] else { break }
        node = next
        index += 1
        if let token = accepted[node] { best = token }
      }
      if index == count, !isFinal, index > position { return .undecided(position) }
      if let best {
        let found = position..<position + lengths[best]
        if let range = accept(tokens[best], found, in: text, taken: taken) {
          return .token(tokens[best], range)
        }
        position = found.upperBound
      } else {
        position += 1
      }
    }
    return .nothing
  }

  /// Applies a token's conditions and strips: the bytes it takes, or nil where it may not stand.
  private func accept(
    _ token: AddedToken, _ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>, taken: Int
  ) -> Range<Int>? {
    guard let base = text.baseAddress else { return nil }
    let end = base + text.count
    var lower = range.lowerBound
    var upper = range.upperBound
    if token.isSingleWord {
      if lower > 0 {
        let start = characterStart(before: base + lower, notBefore: base)
        if let (value, _) = scalar(at: start, base + lower), isWordCharacter(value) { return nil }
      }
      if upper < text.count, let (value, _) = scalar(at: base + upper, end),
        isWordCharacter(value)
      {
        return nil
      }
    }
    let table = UnicodeClasses.table
    if token.stripsLeft {
      while lower > taken {
        let start = characterStart(before: base + lower, notBefore: base)
        if classify(start, base + lower, table).class & UnicodeClasses.whitespace == 0 { break }
        lower = start - base
      }
      lower = max(lower, min(taken, range.lowerBound))
    }
    if token.stripsRight {
      while upper < text.count {
        let (found, width) = classify(base + upper, end, table)
        if found & UnicodeClasses.whitespace == 0 { break }
        upper += width
      }
    }
    return lower..<upper
  }
}

/// Whether a byte is a letter or a digit of ASCII.
@inline(__always)
func isASCIIWord(_ byte: UInt8) -> Bool {
  UnicodeClasses.table.latin(byte) & (UnicodeClasses.letter | UnicodeClasses.number) != 0
    && byte < 0x80
}

/// Whether a code point is `\w`: alphabetic, a mark, a decimal digit, a connector, or a joiner.
func isWordCharacter(_ value: UInt32) -> Bool {
  guard let scalar = Unicode.Scalar(value) else { return false }
  let found = UnicodeClasses.of(scalar)
  if found & (UnicodeClasses.letter | UnicodeClasses.mark) != 0 { return true }
  let properties = scalar.properties
  guard let age = properties.age, age.major <= 16 else { return false }
  return properties.isAlphabetic || properties.isJoinControl
    || properties.generalCategory == .decimalNumber
    || properties.generalCategory == .connectorPunctuation
}
