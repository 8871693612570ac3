import Inference
import Models
import Tokenizers

/// What comes next in a whole text, decided by looking at all of it; nil if more text is needed.
enum ReferenceOutcome: Hashable {
  case word(String)
  case punctuation
  case lineBreak
  case endOfText
  /// The text is none that the question is about.
  case excluded
}

/// The truth about next words for ASCII vocabularies: every token path up to a length.
struct BruteForce {
  let model: ToyModel
  let tokenizer: ToyTokenizer
  /// Bytes that the text must begin with.
  var cover = ""
  /// The part of the next word that stands in the context already.
  var word = ""
  /// Whether a word was over directly before.
  var followsWord = false

  private(set) var mass: [ReferenceOutcome: Double] = [:]
  private(set) var unsettled = 0.0

  init(
    model: ToyModel, tokenizer: ToyTokenizer, after context: [Token], cover: String = "",
    word: String = "", followsWord: Bool = false, longest: Int
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.cover = cover
    self.word = word
    self.followsWord = followsWord
    visit(context, "", 1, longest)
  }

  /// The mass that is not excluded.
  var accepted: Double { 1 - (mass[.excluded] ?? 0) }

  /// The probability of `outcome` among texts that the question is about, unsettled mass left out.
  func probability(_ outcome: ReferenceOutcome) -> Double {
    (mass[outcome] ?? 0) / accepted
  }

  private mutating func visit(_ path: [Token], _ text: String, _ weight: Double, _ left: Int) {
    if left == 0 {
      unsettled += weight
      return
    }
    let shares = model.probabilities(after: path).prefix(tokenizer.vocabularySize)
    let total = shares.reduce(0, +)
    for (index, share) in shares.map({ $0 / total }).enumerated() {
      let token = Token(index)
      let isEnd = tokenizer.isSpecial(token)
      let next =
        isEnd ? text : text + String(decoding: tokenizer.bytes(of: token), as: UTF8.self)
      if let outcome = decide(next, isEnd: isEnd) {
        mass[outcome, default: 0] += weight * share
      } else {
        visit(path + [token], next, weight * share, left - 1)
      }
    }
  }

  private func decide(_ text: String, isEnd: Bool) -> ReferenceOutcome? {
    guard text.hasPrefix(cover) else {
      return isEnd || !cover.hasPrefix(text) ? .excluded : nil
    }
    let rest = Array(text.dropFirst(cover.count))
    if followsWord, let first = rest.first {
      if first.isLetter { return .excluded }
      if first == "'" {
        guard rest.count > 1 else { return isEnd ? .punctuation : nil }
        return rest[1].isLetter ? .excluded : .punctuation
      }
    }
    let line = Array(word) + rest
    let start = line.firstIndex { $0 != " " } ?? line.count
    guard start < line.count else { return isEnd ? .endOfText : nil }
    if line[start].isNewline { return .lineBreak }
    if !line[start].isLetter { return .punctuation }
    var end = start
    while end < line.count {
      if line[end].isLetter {
        end += 1
      } else if line[end] == "'", end + 1 < line.count, line[end + 1].isLetter {
        end += 2
      } else {
        break
      }
    }
    let isOver = end < line.count && (line[end] != "'" || end + 1 < line.count)
    return isOver || isEnd ? .word(String(line[start..<end])) : nil
  }
}
