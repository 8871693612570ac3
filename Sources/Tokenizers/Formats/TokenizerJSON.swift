/// Hugging Face's tokenizer.json, read: everything it asks for is done or refused by name.

extension TokenizerDefinition {
  /// Reads a tokenizer.json.
  init(json bytes: UnsafeBufferPointer<UInt8>) throws(TokenizerError) {
    self.init()
    var reader = JSONReader(bytes)
    var modelOffset: Int?
    // What splits text says whether the model's tokens are spelt in bytes. It mostly comes first.
    var splitting: JSONValue?
    var added: [AddedToken] = []
    try reader.object { (reader, name) throws(TokenizerError) in
      switch String(decoding: name, as: UTF8.self) {
      case "version": _ = try reader.value()
      case "truncation": truncation = try reader.value()
      case "padding": padding = try reader.value()
      case "normalizer": normalizer = try reader.value()
      case "pre_tokenizer": preTokenizer = try reader.value()
      case "post_processor": postProcessor = try reader.value()
      case "decoder": decoder = try reader.value()
      case "added_tokens":
        for token in try reader.value().elements {
          added.append(try TokenizerDefinition.addedToken(token))
        }
      case "model":
        modelOffset = reader.offset
        if preTokenizer.isNull {
          try reader.skip()
        } else {
          try readModel(&reader)
          splitting = preTokenizer
        }
      case let other: throw .unsupported("“\(other)” at the top level of the file")
      }
    }
    try reader.finish()
    if !truncation.isNull { throw .unsupported("“truncation”") }
    if !padding["strategy"]["Fixed"].isNull { throw .unsupported("“padding” to a fixed length") }
    guard let modelOffset else { throw reader.failure("“model” is missing") }
    if splitting != preTokenizer {
      reader.seek(modelOffset)
      try readModel(&reader)
    }
    for token in added { add(token) }
  }

  private static func addedToken(_ json: JSONValue) throws(TokenizerError) -> AddedToken {
    guard let id = json["id"].integer, id >= 0, id <= Int(Vocabulary.largestToken),
      let content = json["content"].text
    else { throw TokenizerError("an entry of added_tokens lacks a proper id or content") }
    var token = AddedToken(id: Token(id), content: content)
    token.isSpecial = json["special"].truth ?? false
    token.stripsLeft = json["lstrip"].truth ?? false
    token.stripsRight = json["rstrip"].truth ?? false
    token.isSingleWord = json["single_word"].truth ?? false
    token.isNormalized = json["normalized"].truth ?? !token.isSpecial
    return token
  }

  private mutating func readModel(_ reader: inout JSONReader) throws(TokenizerError) {
    vocabulary = Vocabulary()
    merges = []
    products = []
    options = BPEModel.Options()
    options.isByteLevel = try PreTokenizer(preTokenizer).isByteLevel
    var members: [JSONValue.Member] = []
    var hasVocabulary = false
    var pending: Int?
    try reader.object { (reader, name) throws(TokenizerError) in
      switch String(decoding: name, as: UTF8.self) {
      case "vocab":
        try readVocabulary(&reader)
        hasVocabulary = true
      case "merges" where hasVocabulary: try readMerges(&reader)
      case "merges":
        pending = reader.offset
        try reader.skip()
      case let other: members.append(.init(name: other, value: try reader.value()))
      }
    }
    guard hasVocabulary else { throw reader.failure("“vocab” is missing in “model”") }
    if let pending {
      reader.seek(pending)
      try readMerges(&reader)
    }
    try readOptions(.object(members))
  }

  private mutating func readOptions(_ json: JSONValue) throws(TokenizerError) {
    let type = json["type"].text ?? "BPE"
    if type != "BPE" { throw .unsupported("the model \(type)") }
    for member in json.members {
      let isUnset = member.value.isNull || member.value.text == ""
      switch member.name {
      case "type": break
      case "dropout":
        if !isUnset, member.value != .number("0.0"), member.value != .number("0") {
          throw .unsupported("dropout")
        }
      case "continuing_subword_prefix", "end_of_word_suffix":
        if !isUnset { throw .unsupported("a \(member.name)") }
      case "unk_token":
        if let text = member.value.text {
          guard let token = vocabulary.token(for: Array(text.utf8)) else {
            throw TokenizerError("the unk_token \(text) is not in the vocabulary")
          }
          options.unknown = token
        }
      case "fuse_unk": options.fusesUnknown = member.value.truth ?? false
      case "byte_fallback": options.byteFallback = member.value.truth ?? false
      case "ignore_merges": options.ignoresMerges = member.value.truth ?? false
      default: throw .unsupported("“\(member.name)” in “model”")
      }
    }
    if options.isByteLevel, options.byteFallback {
      throw .unsupported("byte_fallback in a byte-level vocabulary")
    }
    model = json
  }

  /// Reads `vocab`.
  mutating func readVocabulary(_ reader: inout JSONReader) throws(TokenizerError) {
    let isByteLevel = options.isByteLevel
    let parts = try reader.parts(.object, expectedEnd: reader.expectedStart(of: "merges")) {
      VocabularyPart(isByteLevel: isByteLevel, byteCount: $0)
    }
    for part in parts {
      if let entry = vocabulary.add(part) {
        reader.seek(entry.offset)
        throw reader.failure("the id \(entry.token) stands for two tokens")
      }
    }
    vocabulary.makeIndex()
  }

  private mutating func readMerges(_ reader: inout JSONReader) throws(TokenizerError) {
    if try reader.peek() == UInt8(ascii: "{") {
      try reader.object { (reader, _) throws(TokenizerError) in
        throw reader.failure("“merges” must be an array")
      }
      return
    }
    let isByteLevel = options.isByteLevel
    let parts = try vocabulary.withFinder { (finder) throws(TokenizerError) in
      try reader.parts(.array, expectedEnd: reader.bytes.count) {
        MergesPart(finder, isByteLevel: isByteLevel, byteCount: $0)
      }
    }
    merges.reserveCapacity(parts.reduce(0) { $0 + $1.merges.count })
    products.reserveCapacity(merges.capacity)
    for part in parts {
      merges.append(contentsOf: part.merges)
      products.append(contentsOf: part.products)
    }
  }

  /// Adds a merge of two tokens given by their bytes.
  mutating func addMerge(_ left: [UInt8], _ right: [UInt8]) throws(TokenizerError) {
    guard let first = vocabulary.token(for: left), let second = vocabulary.token(for: right),
      let product = vocabulary.token(for: left + right)
    else {
      throw TokenizerDefinition.missingTokens(
        String(decoding: left, as: UTF8.self), String(decoding: right, as: UTF8.self))
    }
    merges.append(UInt64(first) << 32 | UInt64(second))
    products.append(product)
  }

  /// The error of a merge that the vocabulary does not allow.
  static func missingTokens(_ left: String, _ right: String) -> TokenizerError {
    TokenizerError("the merge “\(left) \(right)” needs tokens that the vocabulary does not have")
  }

  /// The token that a post-processor puts in front of a text.
  static func beginning(
    _ json: JSONValue, tokens: [String: Token]
  ) throws(TokenizerError) -> Token? {
    if json.isNull { return nil }
    let type = json["type"].text ?? "?"
    switch type {
    case "ByteLevel": return nil
    case "Sequence":
      var result: Token?
      for part in json["processors"].elements {
        result = try beginning(part, tokens: tokens) ?? result
      }
      return result
    case "TemplateProcessing":
      guard let name = json["single"].elements.first?["SpecialToken"]["id"].text else { return nil }
      return json["special_tokens"][name]["ids"].elements.first?.integer.flatMap(
        Token.init(exactly:))
        ?? tokens[name]
    case "RobertaProcessing", "BertProcessing":
      return json["cls"].elements.last?.integer.flatMap(Token.init(exactly:))
    default: throw .unsupported("the post-processor \(type)")
    }
  }
}
