/// What a tokenizer.json looks for in text: a literal string or a regular expression.

/// Finds the matches of a `pattern`, `{"String": …}` or `{"Regex": …}`.
enum TextMatcher: Sendable {
  case literal([UInt8])
  case regex(RegexMatcher)
  case scanner(PieceScanner)

  /// Reads a `pattern`.
  init(_ json: JSONValue) throws(TokenizerError) {
    if let text = json["String"].text ?? json.text {
      self = .literal(Array(text.utf8))
    } else if let regex = json["Regex"].text {
      if let scanner = SplitPattern.recognized(regex)?.scanner {
        self = .scanner(scanner)
      } else {
        self = .regex(try RegexMatcher(regex))
      }
    } else {
      throw .unsupported("a pattern that is neither String nor Regex")
    }
  }

  /// The matches in order, as offsets.
  func matches(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    switch self {
    case .regex(let regex): return regex.matches(in: text)
    case .scanner(let scanner): return scanner.pieces(of: text)
    case .literal(let wanted):
      guard let first = wanted.first else { return [] }
      var result: [Range<Int>] = []
      var position = 0
      while position + wanted.count <= text.count {
        if text[position] == first,
          text[position..<position + wanted.count].elementsEqual(wanted)
        {
          result.append(position..<position + wanted.count)
          position += wanted.count
        } else {
          position += 1
        }
      }
      return result
    }
  }
}

extension PieceScanner {
  /// All pieces of a text, as offsets.
  func pieces(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    guard let start = text.baseAddress, !text.isEmpty else { return [] }
    let end = start + text.count
    var result: [Range<Int>] = []
    let ends = FlatTable<BytePointer>(count: 256 + PieceScanner.overhang)
    var position = start
    while position < end {
      let count = fill(from: position, until: end, end: end, into: ends.base, capacity: 256)
      for index in 0..<count {
        result.append(position - start..<ends.base[index] - start)
        position = ends.base[index]
      }
    }
    return result
  }
}
