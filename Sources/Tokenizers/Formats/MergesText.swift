/// GPT-2's pair of files: `vocab.json`, the ids, and `merges.txt`, the merges in order.

extension TokenizerDefinition {
  /// Reads the two files of a byte-level tokenizer.
  ///
  /// Entries of the vocabulary that neither are bytes nor come from a merge are special tokens.
  init(
    vocabulary vocabularyBytes: UnsafeBufferPointer<UInt8>, merges text: UnsafeBufferPointer<UInt8>,
    pattern: SplitPattern
  ) throws(TokenizerError) {
    self.init()
    use(pattern)
    var reader = JSONReader(vocabularyBytes)
    try readVocabulary(&reader)
    try reader.finish()
    var left: [UInt8] = []
    var right: [UInt8] = []
    var line = 0
    for row in text.split(separator: 10, omittingEmptySubsequences: false) {
      line += 1
      let row = row.last == 13 ? row.dropLast() : row
      if row.isEmpty || (line == 1 && row.starts(with: Array("#version".utf8))) { continue }
      left.removeAll(keepingCapacity: true)
      right.removeAll(keepingCapacity: true)
      guard let space = row.firstIndex(of: UInt8(ascii: " ")),
        ByteAlphabet.read(UnsafeBufferPointer(rebasing: row[..<space]), into: &left),
        ByteAlphabet.read(UnsafeBufferPointer(rebasing: row[(space + 1)...]), into: &right)
      else {
        throw TokenizerError("line \(line) of the merges is not two tokens with a space between")
      }
      do throws(TokenizerError) {
        try addMerge(left, right)
      } catch {
        throw TokenizerError("line \(line) of the merges: \(error.description)", hint: error.hint)
      }
    }
    let made = Set(products)
    for token in 0..<Token(vocabulary.count) where vocabulary.contains(token) {
      if made.contains(token) || vocabulary.bytes(of: token).count == 1 { continue }
      add(
        AddedToken(
          id: token, content: String(decoding: vocabulary.bytes(of: token), as: UTF8.self)))
    }
  }

  /// The two files; possible for a byte-level tokenizer that does nothing besides.
  func mergesText() throws(TokenizerError) -> (vocabulary: [UInt8], merges: [UInt8]) {
    guard options.isByteLevel, normalizer.isNull else {
      throw TokenizerError(
        "this tokenizer cannot be written as vocab.json and merges.txt, which know only byte-level"
          + " merges",
        hint: "write a tokenizer.json")
    }
    var json: [UInt8] = [UInt8(ascii: "{")]
    writeVocabularyMembers(to: &json)
    json.append(UInt8(ascii: "}"))
    var text = Array("#version: 0.2\n".utf8)
    for pair in merges {
      spell(Token(truncatingIfNeeded: pair >> 32), into: &text)
      text.append(UInt8(ascii: " "))
      spell(Token(truncatingIfNeeded: pair), into: &text)
      text.append(10)
    }
    return (json, text)
  }
}
