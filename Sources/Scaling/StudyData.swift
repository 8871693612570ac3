/// The text of a study: nested random training sets, and fixed sets to validate and to test on.

import Corpora
import FoundationEssentials
import Glibc
import Machine
import Tokenizers

/// Draws a study's training sets from a corpus and writes them into the study's folder.
///
/// Training set i of a seed is the first so many tokens of the corpus's passages in a random order
/// that the seed fixes, so that smaller sets are parts of larger ones. Documents that lend a passage
/// to the validation or test set lend none to training, and passages that nearly repeat held-out
/// text are left out. Two passes over the corpus; memory: 24 bytes a passage, and the largest set.
public struct StudyData {
  /// What was found and drawn.
  public struct Summary: Sendable, Codable, Equatable {
    /// Documents of the corpus.
    public var documents = 0
    /// Passages that training sets are drawn from.
    public var trainingPassages = 0
    /// Passages left out because they nearly repeat held-out text.
    public var nearDuplicates = 0
    /// Tokens that could be trained on, estimated.
    public var trainingTokens = 0
    /// Tokens that are validated on.
    public var validationTokens = 0
    /// Tokens that are tested on.
    public var testTokens = 0
  }

  private let plan: StudyPlan
  private let tokenizer: Tokenizer
  private let folder: String

  package init(_ plan: StudyPlan, tokenizer: Tokenizer, folder: String) {
    self.plan = plan
    self.tokenizer = tokenizer
    self.folder = folder
  }

  /// The file of a set: "validation", "test" or a name that `trainingSet` gives.
  package static func path(_ name: String, in folder: String) -> String {
    "\(folder)/data/\(name).jsonl.zst"
  }

  /// Writes every set that `plan` needs and that is not there yet.
  package func prepare() throws -> Summary {
    let passages = Passages(corpus: try Corpus(plan.corpus), bytes: plan.passageBytes)
    try FileManager.default.createDirectory(
      atPath: "\(folder)/data", withIntermediateDirectories: true)
    try StudySource(plan, tokenizer: tokenizer).claim(folder)
    var summary = Summary()
    var heldOut = NearDuplicates()
    // Which documents are held out, if no other corpus is.
    let roles = try documentRoles(passages, &summary)
    for role in [Role.validation, .test] {
      let other = role == .validation ? plan.validation : plan.test
      let source =
        other.isEmpty ? passages : Passages(corpus: try Corpus(other), bytes: plan.passageBytes)
      let wanted = role == .validation ? plan.validationTokens : plan.testTokens
      let chosen = try draw(
        source, tokens: wanted, seed: 0, where: { !other.isEmpty || roles[$0.document] == role })
      for passage in chosen { heldOut.insert(passage.bytes[...]) }
      let count = chosen.reduce(0) { $0 + $1.tokens.count }
      guard count >= 2 * plan.context else {
        throw ScalingError.tooLittleText(
          what: "the \(role.rawValue) set", tokens: count, needed: 2 * plan.context)
      }
      if role == .validation {
        summary.validationTokens = count
      } else {
        summary.testTokens = count
      }
      try write(chosen, tokens: wanted, to: role.rawValue)
      if role == .test, plan.needsShuffledSets {
        try write(shuffled(chosen, seed: 0), tokens: wanted, to: "test-shuffled")
      }
    }
    try drawTraining(passages, roles, heldOut, &summary)
    return summary
  }

  /// What a document lends its passages to.
  private enum Role: String {
    case training
    case validation
    case test
  }

  private struct Drawn {
    var bytes: [UInt8]
    var tokens: [Token]
  }

  private func documentRoles(_ passages: Passages, _ summary: inout Summary) throws -> [Role] {
    var count = 0
    try passages.forEach { count = max(count, $0.document + 1) }
    summary.documents = count
    var roles = [Role](repeating: .training, count: count)
    let needed = [(Role.test, plan.test.isEmpty), (.validation, plan.validation.isEmpty)]
      .filter(\.1).map(\.0)
    let share = max(1, Int((0.05 * Double(count)).rounded()))
    guard count > needed.count * share else {
      if needed.isEmpty { return roles }
      throw ScalingError.tooFewDocuments(count: count)
    }
    var random = RandomSource(seed: 0, stream: 7)
    let order = random.permutation(of: count)
    for (index, role) in needed.enumerated() {
      for document in order[index * share..<(index + 1) * share] { roles[Int(document)] = role }
    }
    return roles
  }

  /// Passages in the order of `seed` until there are `tokens` tokens.
  private func draw(
    _ passages: Passages, tokens: Int, seed: Int, where belongs: (Passage) -> Bool
  ) throws -> [Drawn] {
    var keys: [(key: UInt64, bytes: Int)] = []
    try passages.forEach { passage in
      if belongs(passage) { keys.append((Self.key(passage, seed), passage.bytes.count)) }
    }
    keys.sort { $0.key < $1.key }
    // A token has at least a byte, so this is enough; the rest is cut off when it is written.
    var bound: UInt64 = 0
    var bytes = 0
    for entry in keys where bytes < 8 * tokens {
      bound = entry.key
      bytes += entry.bytes
    }
    var found: [(key: UInt64, text: [UInt8])] = []
    try passages.forEach { passage in
      let key = Self.key(passage, seed)
      if key <= bound, belongs(passage) { found.append((key, Array(passage.bytes))) }
    }
    found.sort { $0.key < $1.key }
    var drawn: [Drawn] = []
    var count = 0
    for (_, text) in found where count < tokens {
      let ids = encode(text)
      count += ids.count
      drawn.append(Drawn(bytes: text, tokens: ids))
    }
    return drawn
  }

  private static func key(_ passage: Passage, _ seed: Int) -> UInt64 {
    mixBits(passage.hash ^ mixBits(UInt64(seed) &+ 0x5bd1_e995))
  }

  /// As training reads it: a separator first, if there is one.
  private func encode(_ text: [UInt8]) -> [Token] {
    var tokens: [Token] = tokenizer.endOfText.map { [$0] } ?? []
    text.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
    return tokens
  }

  private func drawTraining(
    _ passages: Passages, _ roles: [Role], _ heldOut: NearDuplicates, _ summary: inout Summary
  ) throws {
    var excluded: Set<UInt64> = []
    var bytes = 0
    try passages.forEach { passage in
      guard roles[passage.document] == .training else { return }
      if heldOut.contains(passage.bytes) {
        excluded.insert(passage.hash)
        summary.nearDuplicates += 1
      } else {
        summary.trainingPassages += 1
        bytes += passage.bytes.count
      }
    }
    let largest = plan.sizes.last ?? 0
    for seed in Set(plan.trainingSets.map(\.seed)).sorted() {
      let sets = plan.trainingSets.filter { $0.seed == seed }
      let wanted = sets.map(\.tokens).max() ?? 0
      let drawn = try draw(passages, tokens: wanted, seed: seed) { passage in
        roles[passage.document] == .training && !excluded.contains(passage.hash)
      }
      let tokens = drawn.reduce(0) { $0 + $1.tokens.count }
      let drawnBytes = drawn.reduce(0) { $0 + $1.bytes.count }
      summary.trainingTokens = Int(
        Double(bytes) * Double(tokens) / Double(max(1, drawnBytes)))
      // A run on fresh text takes what there is.
      guard tokens >= min(wanted, largest) else {
        throw ScalingError.tooLittleText(
          what: "the corpus without its held-out part", tokens: tokens, needed: largest)
      }
      for set in sets {
        try write(
          set.isShuffled ? shuffled(drawn, seed: seed) : drawn, tokens: set.tokens, to: set.name)
      }
    }
  }

  /// The same pieces of text in random order: the same words, and nothing to learn but their
  /// frequencies.
  private func shuffled(_ drawn: [Drawn], seed: Int) -> [Drawn] {
    var pieces: [ArraySlice<UInt8>] = []
    for passage in drawn {
      let text = String(decoding: passage.bytes, as: UTF8.self)
      for range in tokenizer.pretokenize(text) { pieces.append(passage.bytes[range]) }
    }
    var random = RandomSource(seed: UInt64(seed), stream: 9)
    let order = random.permutation(of: pieces.count)
    var next = 0
    return drawn.map { passage in
      var bytes: [UInt8] = []
      while bytes.count < passage.bytes.count, next < order.count {
        bytes += pieces[Int(order[next])]
        next += 1
      }
      return Drawn(bytes: bytes, tokens: encode(bytes))
    }
  }

  /// Writes the first `limit` tokens of the passages, unless the file is there.
  private func write(_ drawn: [Drawn], tokens limit: Int, to name: String) throws {
    let path = Self.path(name, in: folder)
    if access(path, F_OK) == 0 { return }
    var left = limit
    var output = try ZstdWriter(path, level: 9)
    for passage in drawn where left > 0 {
      var text = passage.bytes[...]
      if passage.tokens.count > left {
        let kept = tokenizer.decode(
          Array(passage.tokens.prefix(left).drop { $0 == tokenizer.endOfText }))
        text = wholeCharacters(kept[...])
      }
      left -= passage.tokens.count
      var line: [UInt8] = Array("{\"text\": ".utf8)
      JSONText.append(text, to: &line)
      line += Array("}\n".utf8)
      try output.write(line)
    }
    try output.commit()
  }

  /// Without the part of a character that a cut may have left at the end.
  private func wholeCharacters(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var end = text.endIndex
    while end > text.startIndex, text[end - 1] & 0xC0 == 0x80 { end -= 1 }
    guard end > text.startIndex else { return text[text.startIndex..<text.startIndex] }
    let lead = text[end - 1]
    let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    return text.endIndex - end + 1 == length ? text : text[..<(end - 1)]
  }
}
