/// tiktoken's vocabulary files: a token in base 64, a space and its rank on every line.

/// What is known of a `.tiktoken` file that it does not say itself.
private struct KnownEncoding {
  var pattern: SplitPattern
  var specials: [(String, Token)]

  /// The encodings of the field by the number of tokens in their files.
  static func ofSize(_ count: Int) -> KnownEncoding? {
    switch count {
    case 50_256, 50_280:
      KnownEncoding(pattern: .gpt2, specials: [("<|endoftext|>", 50_256)])
    case 100_256:
      KnownEncoding(
        pattern: .cl100k,
        specials: [
          ("<|endoftext|>", 100_257), ("<|fim_prefix|>", 100_258), ("<|fim_middle|>", 100_259),
          ("<|fim_suffix|>", 100_260), ("<|endofprompt|>", 100_276),
        ])
    case 199_998:
      KnownEncoding(
        pattern: .o200k, specials: [("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)])
    case 151_643:
      KnownEncoding(
        pattern: .qwen2,
        specials: [
          ("<|endoftext|>", 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645),
        ])
    case 128_000:
      KnownEncoding(
        pattern: .llama3,
        specials: [
          ("<|begin_of_text|>", 128_000), ("<|end_of_text|>", 128_001),
          ("<|start_header_id|>", 128_006), ("<|end_header_id|>", 128_007),
          ("<|eot_id|>", 128_009),
        ])
    default: nil
    }
  }
}

extension TokenizerDefinition {
  /// Reads a `.tiktoken` file.
  ///
  /// The pattern and the special tokens of r50k, p50k, cl100k, o200k, qwen2 and llama3 are known by
  /// the number of tokens; for others a pattern must be given, and special tokens get the next ids.
  init(
    tiktoken bytes: UnsafeBufferPointer<UInt8>, pattern: SplitPattern?, specialTokens: [String]?
  ) throws(TokenizerError) {
    self.init()
    vocabulary = Vocabulary(capacity: bytes.count / 8, byteCapacity: bytes.count / 2)
    var ranked: [Token] = []
    ranked.reserveCapacity(bytes.count / 16)
    var room = FlatTable<UInt8>(count: 1 << 10)
    var line = 0
    var next = 0
    while next < bytes.count {
      let start = next
      var space = start
      while next < bytes.count, bytes[next] != 10 {
        if bytes[next] == UInt8(ascii: " ") { space = next }
        next += 1
      }
      let isReturn = next > start && bytes[next - 1] == 13
      let end = isReturn ? next - 1 : next
      next += 1
      line += 1
      if end == start { continue }
      if space - start > room.count { room = FlatTable(count: 2 * (space - start)) }
      guard space > start,
        let count = Base64.decode(
          UnsafeBufferPointer(rebasing: bytes[start..<space]), to: room.base),
        count > 0, let rank = TokenizerDefinition.rank(bytes[(space + 1)..<max(end, space + 1)])
      else {
        throw TokenizerError(
          "line \(line) is no token in base 64 with a rank",
          hint: "the file is damaged or no .tiktoken file; fetch it again")
      }
      if vocabulary.contains(rank) {
        throw TokenizerError("line \(line): the rank \(rank) stands for two tokens")
      }
      vocabulary.set(
        rank, to: UnsafeBufferPointer(start: room.base, count: count), marks: .inModel)
      ranked.append(rank)
    }
    if ranked.isEmpty { throw TokenizerError("the .tiktoken file is empty") }
    vocabulary.makeIndex()
    let known = KnownEncoding.ofSize(ranked.count)
    guard let pattern = pattern ?? known?.pattern else {
      throw TokenizerError(
        "a .tiktoken file of \(ranked.count) tokens is none that apus knows",
        hint: "say how it splits text: --pattern gpt2, cl100k, o200k, llama3, qwen2 or a regex")
    }
    use(pattern)
    options.ignoresMerges = true
    model = .object(
      model.members.map {
        $0.name == "ignore_merges" ? .init(name: $0.name, value: .boolean(true)) : $0
      })
    let derived = MergeDerivation(vocabulary, ranked: ranked.sorted())
    merges = derived.merges
    products = derived.products
    derivation = derived
    if let specialTokens {
      for text in specialTokens {
        let id = known?.specials.first { $0.0 == text }?.1
        add(AddedToken(id: id ?? Token(vocabulary.count), content: text))
      }
    } else {
      for (text, id) in known?.specials ?? [] { add(AddedToken(id: id, content: text)) }
    }
  }

  /// Reads decimal digits, nothing else, up to the largest id.
  private static func rank(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Token? {
    if digits.isEmpty { return nil }
    var value: Token = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Token(digit - 0x30)
      if value > Vocabulary.largestToken { return nil }
    }
    return value
  }

  /// The `.tiktoken` form: possible where ids are in the order of merges.
  func tiktoken() throws(TokenizerError) -> [UInt8] {
    let inOrder = zip(products, products.dropFirst()).allSatisfy { $0 < $1 }
    guard options.isByteLevel, normalizer.isNull, inOrder else {
      throw TokenizerError(
        "this tokenizer cannot be written as .tiktoken, which knows only byte-level merges in the"
          + " order of their ids",
        hint: "write a tokenizer.json")
    }
    var result: [UInt8] = []
    for token in 0..<Token(vocabulary.count) {
      let marks = vocabulary.marks(of: token)
      if !marks.contains(.inModel) || marks.contains(.added) || marks.contains(.verbatim) {
        continue
      }
      Base64.encode(vocabulary.bytes(of: token), into: &result)
      result.append(contentsOf: " \(token)\n".utf8)
    }
    return result
  }
}
