/// Encoding documents that arrive in chunks, with the ids of the whole.

/// Encodes documents chunk by chunk with a cache of its own; for one thread.
///
/// The tokens do not depend on how a document is cut into chunks. Where the split pattern is one
/// with a scanner and the text is rewritten at most by Unicode normal forms and lower-casing, no more
/// than a few blocks of text are held back; otherwise a document is held until it ends.
/// A copy shares the cache, so that original and copy must not be used at the same time.
public struct StreamingEncoder {
  private enum Mode {
    /// Pieces are final as soon as what follows cannot reach them.
    case pieces(PieceScanner, AddedTokenMatcher)
    /// The text is cut between a word and a space.
    case words
    /// The document is held to its end.
    case whole
  }

  private let tokenizer: Tokenizer
  private let stages: AddedTokenStages
  private let mode: Mode
  private let encoder: PieceEncoder
  private let blockSize: Int
  private var held: [UInt8] = []
  private var threshold: Int
  private var isStart = true

  /// An encoder that looks at its text every `blockSize` bytes.
  package init(_ tokenizer: Tokenizer, allowSpecial: Bool, blockSize: Int = 1 << 16) {
    self.tokenizer = tokenizer
    self.blockSize = blockSize
    threshold = blockSize
    encoder = PieceEncoder(tokenizer.model)
    stages = allowSpecial ? tokenizer.matchers.all : tokenizer.matchers.ordinary
    let matcher = stages.before.isEmpty ? stages.after : stages.before
    guard let scanner = tokenizer.preTokenizer.scanner else {
      mode = .whole
      return
    }
    let hasOneStage = stages.before.isEmpty || stages.after.isEmpty
    if tokenizer.normalizer.isEmpty, hasOneStage, matcher.isPlain {
      mode = .pieces(scanner, matcher)
    } else if tokenizer.normalizer.isLocal, stages.before.leavesWordsAlone,
      stages.after.leavesWordsAlone
    {
      mode = .words
    } else {
      mode = .whole
    }
  }

  /// Takes the next part of the document and appends the tokens that are certain.
  public mutating func append(_ chunk: UnsafeRawBufferPointer, to tokens: inout [Token]) {
    if case .whole = mode {
      held.append(contentsOf: chunk)
      return
    }
    if held.isEmpty, chunk.count >= threshold {
      chunk.withMemoryRebound(to: UInt8.self) { text in
        let used = process(text, isFinal: false, into: &tokens)
        held.append(contentsOf: text[used...])
      }
    } else {
      held.append(contentsOf: chunk)
      if held.count < threshold { return }
      processHeld(isFinal: false, into: &tokens)
    }
    threshold = max(blockSize, held.count * 2)
  }

  /// Ends the document and appends its last tokens; the encoder is ready for the next.
  public mutating func finish(into tokens: inout [Token]) {
    processHeld(isFinal: true, into: &tokens)
    held.removeAll(keepingCapacity: held.capacity <= 16 * blockSize)
    threshold = blockSize
    isStart = true
  }

  private mutating func processHeld(isFinal: Bool, into tokens: inout [Token]) {
    let text = held
    held = []
    let used = text.withUnsafeBufferPointer { process($0, isFinal: isFinal, into: &tokens) }
    held = text
    held.removeFirst(used)
  }

  /// Encodes what is certain and returns how many bytes that was.
  private mutating func process(
    _ text: UnsafeBufferPointer<UInt8>, isFinal: Bool, into tokens: inout [Token]
  ) -> Int {
    guard let start = text.baseAddress, !text.isEmpty else { return 0 }
    if case .pieces(let scanner, let matcher) = mode {
      return process(start, text.count, scanner, matcher, isFinal: isFinal, into: &tokens)
    }
    let used = isFinal ? text.count : StreamingEncoder.lastCut(in: text)
    tokenizer.encodeWhole(
      UnsafeBufferPointer(rebasing: text[..<used]), startsDocument: isStart, stages: stages,
      encoder, into: &tokens)
    if used > 0 { isStart = false }
    return used
  }

  private func process(
    _ start: BytePointer, _ count: Int, _ scanner: PieceScanner, _ matcher: AddedTokenMatcher,
    isFinal: Bool, into tokens: inout [Token]
  ) -> Int {
    let text = UnsafeBufferPointer(start: start, count: count)
    var position = start
    while true {
      let offset = position - start
      var end = start + count
      switch matcher.first(in: text, from: offset, taken: offset, isFinal: isFinal) {
      case .token(let token, let range):
        let next = start + range.lowerBound
        _ = encoder.encode(
          from: position, until: next, end: next, scanner: scanner, into: &tokens)
        tokens.append(token.id)
        position = start + range.upperBound
        continue
      case .undecided(let offset): end = start + offset
      case .nothing: break
      }
      if end == position { return position - start }
      let limit = isFinal ? end : scanner.safeLimit(position, end)
      position = encoder.encode(
        from: position, until: limit, end: end, scanner: scanner, into: &tokens)
      return position - start
    }
  }

  /// Appends the tokens of a part of a document that `lastCut` has given or that ends with the
  /// document, independently of what was appended before.
  public func encode(
    part: UnsafeRawBufferPointer, startsDocument: Bool, into tokens: inout [Token]
  ) {
    tokens.makeRoom(for: part.count / 3)
    part.withMemoryRebound(to: UInt8.self) {
      tokenizer.encodeWhole(
        $0, startsDocument: startsDocument, stages: stages, encoder, into: &tokens)
    }
  }

  /// The last place where the part of a document can be cut so that the tokens of both sides are
  /// those of the whole; 0 if there is none.
  public func lastCut(in text: UnsafeRawBufferPointer) -> Int {
    if case .whole = mode { return 0 }
    guard stages.before.leavesWordsAlone, stages.after.leavesWordsAlone else { return 0 }
    return text.withMemoryRebound(to: UInt8.self) {
      StreamingEncoder.lastCut(in: $0, atMarks: stages.before.isEmpty && stages.after.isEmpty)
    }
  }

  /// The last place between a letter or digit of ASCII and a space before a letter, or, `atMarks`,
  /// between a letter outside ASCII and a punctuation mark; 0 if there is none.
  static func lastCut(
    in text: UnsafeBufferPointer<UInt8>, atMarks: Bool = false
  ) -> Int {
    guard let start = text.baseAddress else { return 0 }
    var index = text.count - 2
    while index > 0 {
      let byte = text[index]
      if byte == UInt8(ascii: " ") {
        if isASCIIWord(text[index - 1]), isASCIIWord(text[index + 1]),
          !(0x30...0x39).contains(text[index + 1])
        {
          return index
        }
      } else if atMarks, text[index - 1] >= 0x80, isMark(start + index, start + text.count) {
        let place = start + index
        let lead = characterStart(before: place, notBefore: start)
        let found = classify(lead, place, UnicodeClasses.table).class
        if found & UnicodeClasses.letter != 0 { return index }
      }
      index -= 1
    }
    return 0
  }

  /// Whether a comma or a full stop stands at `place`, in ASCII or for ideographs.
  private static func isMark(_ place: BytePointer, _ end: BytePointer) -> Bool {
    switch place[0] {
    case UInt8(ascii: ","), UInt8(ascii: "."): true
    case 0xE3: end - place > 2 && place[1] == 0x80 && (place[2] == 0x81 || place[2] == 0x82)
    case 0xEF: end - place > 2 && place[1] == 0xBC && place[2] == 0x8C
    default: false
    }
  }
}
