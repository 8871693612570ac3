/// Hugging Face's tokenizer.json, written as its library writes it, without white space.

extension TokenizerDefinition {
  /// The whole file.
  func json() -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(vocabulary.bytes.count * 4 + vocabulary.count * 32)
    result.append(contentsOf: #"{"version":"1.0","truncation":"#.utf8)
    truncation.write(to: &result)
    result.append(contentsOf: #","padding":"#.utf8)
    padding.write(to: &result)
    result.append(contentsOf: #","added_tokens":"#.utf8)
    JSONValue.array(addedTokens.map(TokenizerDefinition.json)).write(to: &result)
    let parts = [
      ("normalizer", normalizer), ("pre_tokenizer", preTokenizer),
      ("post_processor", postProcessor), ("decoder", decoder),
    ]
    for (name, value) in parts {
      result.append(contentsOf: ",\"\(name)\":".utf8)
      value.write(to: &result)
    }
    result.append(contentsOf: #","model":{"#.utf8)
    for member in model.members {
      JSONText.append(member.name.utf8, to: &result)
      result.append(UInt8(ascii: ":"))
      member.value.write(to: &result)
      result.append(UInt8(ascii: ","))
    }
    writeVocabulary(to: &result)
    writeMerges(to: &result)
    result.append(contentsOf: "}}".utf8)
    return result
  }

  private static func json(_ token: AddedToken) -> JSONValue {
    .members([
      "id": .number(String(token.id)), "content": .string(token.content),
      "single_word": .boolean(token.isSingleWord), "lstrip": .boolean(token.stripsLeft),
      "rstrip": .boolean(token.stripsRight), "normalized": .boolean(token.isNormalized),
      "special": .boolean(token.isSpecial),
    ])
  }

  private func writeVocabulary(to result: inout [UInt8]) {
    result.append(contentsOf: #""vocab":{"#.utf8)
    writeVocabularyMembers(to: &result)
    result.append(contentsOf: "},".utf8)
  }

  /// Writes `"token":id` for what the model lists, in the order of ids.
  func writeVocabularyMembers(to result: inout [UInt8]) {
    var spelling: [UInt8] = []
    var isFirst = true
    for token in 0..<Token(vocabulary.count)
    where vocabulary.marks(of: token).contains(.inModel) {
      if !isFirst { result.append(UInt8(ascii: ",")) }
      isFirst = false
      spelling.removeAll(keepingCapacity: true)
      spell(token, into: &spelling)
      JSONText.append(spelling, to: &result)
      result.append(UInt8(ascii: ":"))
      result.append(contentsOf: String(token).utf8)
    }
  }

  private func writeMerges(to result: inout [UInt8]) {
    result.append(contentsOf: #""merges":["#.utf8)
    var spelling: [UInt8] = []
    for (index, pair) in merges.enumerated() {
      result.append(contentsOf: (index == 0 ? "[" : ",[").utf8)
      for token in [Token(truncatingIfNeeded: pair >> 32), Token(truncatingIfNeeded: pair)] {
        if spelling.count > 0 { result.append(UInt8(ascii: ",")) }
        spelling.removeAll(keepingCapacity: true)
        spell(token, into: &spelling)
        JSONText.append(spelling, to: &result)
      }
      spelling.removeAll(keepingCapacity: true)
      result.append(UInt8(ascii: "]"))
    }
    result.append(UInt8(ascii: "]"))
  }

  /// Appends a token as the file spells it.
  func spell(_ token: Token, into result: inout [UInt8]) {
    let bytes = vocabulary.bytes(of: token)
    let marks = vocabulary.marks(of: token)
    if options.isByteLevel, !marks.contains(.verbatim), !marks.contains(.added) {
      ByteAlphabet.spell(bytes, into: &result)
    } else {
      result.append(contentsOf: bytes)
    }
  }
}
