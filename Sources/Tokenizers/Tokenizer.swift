/// A tokenizer: bytes to tokens and back, from the files of the field.

import Machine

/// The number of a token in its vocabulary.
public typealias Token = UInt32

/// Byte-pair encoding with everything around it that a tokenizer.json can ask for and apus does.
///
/// One instance serves any number of threads. Bytes that are not UTF-8 are allowed everywhere: each
/// byte that belongs to no valid character counts as one character that is neither letter, digit
/// nor white space, wherever chunks end.
public final class Tokenizer: Sendable {
  let definition: TokenizerDefinition
  let model: BPEModel
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let decoder: TokenDecoder
  /// Added tokens by whether special ones are among them, then those looked for before and after
  /// normalising.
  let matchers: (ordinary: AddedTokenStages, all: AddedTokenStages)
  private let specials: [String: Token]
  private let idleEncoders = Guarded<[PieceEncoder]>([])

  /// The text of the end-of-text token, if the vocabulary has one; see `endOfText`.
  private static let endNames = [
    "<|endoftext|>", "<|end_of_text|>", "</s>", "<|im_end|>", "<|eot_id|>", "<eos>", "[EOS]",
  ]

  init(_ definition: TokenizerDefinition) throws(TokenizerError) {
    var definition = definition
    normalizer = try Normalizer(definition.normalizer)
    preTokenizer = try PreTokenizer(definition.preTokenizer)
    decoder = try TokenDecoder(definition.decoder, isByteLevel: preTokenizer.isByteLevel)
    definition.options.isByteLevel = preTokenizer.isByteLevel
    if !definition.vocabulary.hasIndex { definition.vocabulary.makeIndex() }
    model = BPEModel(
      vocabulary: definition.vocabulary, merges: definition.merges,
      making: definition.products, options: definition.options,
      derivation: definition.derivation)
    self.definition = definition
    var specials: [String: Token] = [:]
    for token in definition.addedTokens { specials[token.content] = token.id }
    self.specials = specials
    let added = definition.addedTokens
    matchers = (
      AddedTokenStages(added.filter { !$0.isSpecial }, normalizer),
      AddedTokenStages(added, normalizer)
    )
    endOfText = Tokenizer.endNames.lazy.compactMap { specials[$0] }.first
    beginningOfText = try TokenizerDefinition.beginning(
      definition.postProcessor, tokens: specials)
  }

  /// The largest id + 1; ids below it may have holes.
  public var vocabularySize: Int { model.vocabulary.count }

  /// The token that ends a document: the first of `<|endoftext|>`, `<|end_of_text|>`, `</s>`,
  /// `<|im_end|>`, `<|eot_id|>`, `<eos>`, `[EOS]` among the added tokens.
  public let endOfText: Token?

  /// The token that the file's template puts in front of a text, if it has one.
  public let beginningOfText: Token?

  /// The pattern that cuts text into pieces, where one pattern is all there is.
  public var pattern: SplitPattern? {
    let json = definition.preTokenizer
    let parts = json["type"].text == "Sequence" ? json["pretokenizers"].elements : [json]
    if parts.count == 1, parts[0]["type"].text == "ByteLevel" {
      return parts[0]["use_regex"].truth == false ? nil : .gpt2
    }
    guard parts.count == 2, parts[1]["type"].text == "ByteLevel",
      parts[1]["use_regex"].truth == false, let regex = parts[0]["pattern"]["Regex"].text
    else { return nil }
    return try? SplitPattern(regex)
  }

  /// The added tokens in the order of the file.
  public var addedTokens: [AddedToken] { definition.addedTokens }

  /// The merges as pairs of tokens, the first to apply first.
  public var merges: [(left: Token, right: Token)] {
    model.merges.map { (Token(truncatingIfNeeded: $0 >> 32), Token(truncatingIfNeeded: $0)) }
  }

  /// The id of an added token.
  public func id(of special: String) -> Token? { specials[special] }

  /// The raw bytes of a token, empty for an id that stands for nothing.
  ///
  /// A vocabulary of characters gives what the token adds inside a text, not at its start.
  public func bytes(of token: Token) -> [UInt8] {
    var result: [UInt8] = []
    var state = decoder.start()
    decoder.append(Array("x".utf8)[...], &state, to: &result)
    result.removeAll()
    decoder.append(model.vocabulary.bytes(of: token), &state, to: &result)
    return result
  }

  /// Whether a token steers and is no text.
  public func isSpecial(_ token: Token) -> Bool {
    model.vocabulary.marks(of: token).contains(.special)
  }

  /// The tokens of a text; special tokens are found in it only if `allowSpecial`.
  public func encode(_ text: String, allowSpecial: Bool = false) -> [Token] {
    var tokens: [Token] = []
    var text = text
    text.withUTF8 { encode($0, allowSpecial: allowSpecial, into: &tokens) }
    return tokens
  }

  /// Appends the tokens of a whole document; text that spells special tokens stays text.
  public func encode(bytes: UnsafeRawBufferPointer, into tokens: inout [Token]) {
    bytes.withMemoryRebound(to: UInt8.self) { encode($0, allowSpecial: false, into: &tokens) }
  }

  private func encode(
    _ text: UnsafeBufferPointer<UInt8>, allowSpecial: Bool, into tokens: inout [Token]
  ) {
    let encoder = idleEncoders.withLock { $0.popLast() } ?? PieceEncoder(model)
    tokens.makeRoom(for: text.count / 3)
    encodeWhole(
      text, startsDocument: true, stages: allowSpecial ? matchers.all : matchers.ordinary, encoder,
      into: &tokens)
    idleEncoders.withLock { if $0.count < 64 { $0.append(encoder) } }
  }

  /// An encoder for documents that arrive in chunks, with a cache of its own.
  public func makeEncoder(allowSpecial: Bool = false) -> StreamingEncoder {
    StreamingEncoder(self, allowSpecial: allowSpecial)
  }

  /// The bytes that tokens stand for; special tokens give their text, unknown ids nothing.
  public func decode(_ tokens: [Token]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(tokens.count * 5)
    var state = decoder.start()
    for token in tokens { decoder.append(model.vocabulary.bytes(of: token), &state, to: &result) }
    return result
  }

  /// The pieces of a text as offsets of its UTF-8 form; merges never cross their boundaries.
  ///
  /// Where the tokenizer rewrites the text before cutting it, the offsets are those of the
  /// rewritten text. Added tokens are not looked for.
  public func pretokenize(_ text: String) -> [Range<Int>] {
    let list = preTokenizer.apply(normalizer.apply(Array(text.utf8)), startsDocument: true)
    return list.ranges
  }

  /// The tokenizer as a tokenizer.json, which Hugging Face's libraries load.
  public func json() -> [UInt8] { definition.json() }

  /// Writes a tokenizer.json, whole or not at all.
  public func write(to path: String) throws {
    var file = try AtomicFile(path)
    try file.write(json())
    try file.commit()
  }
}

/// Added tokens by when they are looked for.
struct AddedTokenStages: Sendable {
  /// Those found in the text as it is.
  let before: AddedTokenMatcher
  /// Those found in the normalised text.
  let after: AddedTokenMatcher

  init(_ tokens: [AddedToken], _ normalizer: Normalizer) {
    before = AddedTokenMatcher(tokens.filter { !$0.isNormalized })
    after = AddedTokenMatcher(tokens.filter(\.isNormalized)) { normalizer.apply($0) }
  }
}

extension Tokenizer {
  /// Encodes text that is complete, or that has been cut where nothing reaches across.
  func encodeWhole(
    _ text: UnsafeBufferPointer<UInt8>, startsDocument: Bool, stages: AddedTokenStages,
    _ encoder: PieceEncoder, into tokens: inout [Token]
  ) {
    separate(text, stages.before, into: &tokens) { part, offset, tokens in
      let isStart = startsDocument && offset == 0
      if normalizer.isEmpty {
        encodeNormalized(part, isStart, stages.after, encoder, into: &tokens)
      } else {
        normalizer.apply(Array(part)).withUnsafeBufferPointer {
          encodeNormalized($0, isStart, stages.after, encoder, into: &tokens)
        }
      }
    }
  }

  private func encodeNormalized(
    _ text: UnsafeBufferPointer<UInt8>, _ startsDocument: Bool, _ matcher: AddedTokenMatcher,
    _ encoder: PieceEncoder, into tokens: inout [Token]
  ) {
    separate(text, matcher, into: &tokens) { part, offset, tokens in
      guard let start = part.baseAddress else { return }
      if let scanner = preTokenizer.scanner {
        let end = start + part.count
        _ = encoder.encode(from: start, until: end, end: end, scanner: scanner, into: &tokens)
        return
      }
      let list = preTokenizer.apply(Array(part), startsDocument: startsDocument && offset == 0)
      list.text.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        for range in list.ranges {
          encoder.encode(
            piece: base + range.lowerBound, count: range.count, end: base + buffer.count,
            into: &tokens)
        }
      }
    }
  }

  /// Emits the added tokens in a text and hands over what is between them, with its offset.
  private func separate(
    _ text: UnsafeBufferPointer<UInt8>, _ matcher: AddedTokenMatcher, into tokens: inout [Token],
    _ body: (UnsafeBufferPointer<UInt8>, Int, inout [Token]) -> Void
  ) {
    var position = 0
    while case .token(let token, let range) = matcher.first(
      in: text, from: position, taken: position, isFinal: true)
    {
      if position < range.lowerBound {
        body(UnsafeBufferPointer(rebasing: text[position..<range.lowerBound]), position, &tokens)
      }
      tokens.append(token.id)
      position = range.upperBound
    }
    if position < text.count {
      body(UnsafeBufferPointer(rebasing: text[position...]), position, &tokens)
    }
  }
}
