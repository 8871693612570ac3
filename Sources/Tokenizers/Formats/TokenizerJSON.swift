/// Hugging Face's tokenizer.json, read: everything it asks for is done or refused by name.

extension TokenizerDefinition {
  /// Reads a tokenizer.json.
  init(json bytes: UnsafeBufferPointer<UInt8>) throws(TokenizerError) {
    self.init()
    var reader = JSONReader(bytes)
    var modelOffset: Int?
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
        try reader.skip()
      case let other: throw .unsupported("“\(other)” at the top level of the file")
      }
    }
    try reader.finish()
    if !truncation.isNull { throw .unsupported("“truncation”") }
    if !padding["strategy"]["Fixed"].isNull { throw .unsupported("“padding” to a fixed length") }
    guard let modelOffset else { throw reader.failure("“model” is missing") }
    options.isByteLevel = try PreTokenizer(preTokenizer).isByteLevel
    reader.seek(modelOffset)
    try readModel(&reader)
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
    var members: [JSONValue.Member] = []
    var hasVocabulary = false
    var pending: Int?
    try reader.object { (reader, name) throws(TokenizerError) in
      switch String(decoding: name, as: UTF8.self) {
      case "vocab":
        try readVocabulary(&reader)
        hasVocabulary = true
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

  /// Reads `vocab`; in a byte-level one, entries spelt in the byte alphabet become raw bytes.
  mutating func readVocabulary(_ reader: inout JSONReader) throws(TokenizerError) {
    var raw: [UInt8] = []
    try reader.object { (reader, name) throws(TokenizerError) in
      raw.removeAll(keepingCapacity: true)
      var marks: Vocabulary.Marks = .inModel
      if !options.isByteLevel {
        raw.append(contentsOf: name)
      } else if !ByteAlphabet.read(name, into: &raw) {
        raw.append(contentsOf: name)
        marks.insert(.verbatim)
      }
      let token = try reader.token()
      if vocabulary.contains(token) {
        throw reader.failure("the id \(token) stands for two tokens")
      }
      vocabulary.set(token, to: raw, marks: marks)
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
    var left: [UInt8] = []
    var right: [UInt8] = []
    try reader.array { (reader) throws(TokenizerError) in
      left.removeAll(keepingCapacity: true)
      right.removeAll(keepingCapacity: true)
      if try reader.take("[") {
        try read(try reader.string(), into: &left)
        try reader.expect(",")
        try read(try reader.string(), into: &right)
        try reader.expect("]")
      } else {
        let text = try reader.string()
        guard let space = text.firstIndex(of: UInt8(ascii: " ")) else {
          throw reader.failure("a merge must be two tokens with a space between")
        }
        try read(UnsafeBufferPointer(rebasing: text[..<space]), into: &left)
        try read(UnsafeBufferPointer(rebasing: text[(space + 1)...]), into: &right)
      }
      do throws(TokenizerError) {
        try addMerge(left, right)
      } catch {
        throw reader.failure(error.description)
      }
    }
  }

  private func read(
    _ text: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]
  ) throws(TokenizerError) {
    if !options.isByteLevel {
      result.append(contentsOf: text)
    } else if !ByteAlphabet.read(text, into: &result) {
      throw TokenizerError(
        "the merge of “\(String(decoding: text, as: UTF8.self))” is not spelt in bytes")
    }
  }

  /// Adds a merge of two tokens given by their bytes.
  mutating func addMerge(_ left: [UInt8], _ right: [UInt8]) throws(TokenizerError) {
    guard let first = vocabulary.token(for: left), let second = vocabulary.token(for: right),
      let product = vocabulary.token(for: left + right)
    else {
      let pair =
        "\(String(decoding: left, as: UTF8.self)) \(String(decoding: right, as: UTF8.self))"
      throw TokenizerError("the merge “\(pair)” needs tokens that the vocabulary does not have")
    }
    merges.append(UInt64(first) << 32 | UInt64(second))
    products.append(product)
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
