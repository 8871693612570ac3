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
    var ranked: [Token] = []
    var raw: [UInt8] = []
    var line = 0
    for text in bytes.split(separator: 10) {
      line += 1
      raw.removeAll(keepingCapacity: true)
      let text = text.last == 13 ? text.dropLast() : text
      guard let space = text.firstIndex(of: UInt8(ascii: " ")),
        Base64.decode(text[..<space], into: &raw), !raw.isEmpty,
        let rank = Int(String(decoding: text[(space + 1)...], as: UTF8.self)),
        rank >= 0, rank <= Int(Vocabulary.largestToken)
      else {
        throw TokenizerError(
          "line \(line) is no token in base 64 with a rank",
          hint: "the file is damaged or no .tiktoken file; fetch it again")
      }
      if vocabulary.contains(Token(rank)) {
        throw TokenizerError("line \(line): the rank \(rank) stands for two tokens")
      }
      vocabulary.set(Token(rank), to: raw, marks: .inModel)
      ranked.append(Token(rank))
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
    deriveMerges(ranked.sorted())
    if let specialTokens {
      for text in specialTokens {
        let id = known?.specials.first { $0.0 == text }?.1
        add(AddedToken(id: id ?? Token(vocabulary.count), content: text))
      }
    } else {
      for (text, id) in known?.specials ?? [] { add(AddedToken(id: id, content: text)) }
    }
  }

  /// Finds the merge behind each token: what its bytes become by the merges of lower rank alone.
  ///
  /// Tokens that do not come down to a pair are reached only as whole pieces.
  private mutating func deriveMerges(_ ranked: [Token]) {
    let table = MergeTable(
      capacity: ranked.count, rankCount: Int(ranked.last ?? 0) + 1)
    let merger = PieceMerger(table)
    var byteTokens = [Token](repeating: .max, count: 256)
    for byte in 0...255 { byteTokens[byte] = vocabulary.token(for: [UInt8(byte)]) ?? .max }
    var symbols = FlatTable<Token>(count: 256)
    for token in ranked {
      let text = vocabulary.bytes(of: token)
      if text.count < 2 { continue }
      if symbols.count < text.count { symbols = FlatTable(count: text.count) }
      for (index, byte) in text.enumerated() { symbols.base[index] = byteTokens[Int(byte)] }
      if merger.merge(symbols.base, text.count) != 2 { continue }
      let left = symbols.base[0]
      let right = symbols.base[1]
      table.insert(left, right, rank: Int(token), token: token)
      merges.append(UInt64(left) << 32 | UInt64(right))
      products.append(token)
    }
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
