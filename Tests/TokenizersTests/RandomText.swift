/// Random texts of what breaks tokenizers.

import Tokenizers

/// Makes texts of letters, marks, digits, white space, contractions, symbols, and bad bytes.
struct RandomText {
  private var random: SplitMix
  private static let atoms =
    Array("abcXYZ019").map(String.init) + [
      "the", "Hello", "McDonald", "é", "ß", "ǅ", "ʰ", "ª", "\u{301}", "\u{903}", "²", "½", "٣",
      "12345",
      "中", "文字", "日本", "한국", "ไทย", "हिन्दी", "😀", "❤\u{FE0F}", " ", "  ", "   ", "\t", "\n", "\n\n",
      "\r\n", "\r", " \n", "\u{A0}", "\u{3000}", "\u{85}", "\u{200B}", "\u{FEFF}", "\0", "!", "?",
      ".",
      "...", "/", "/\n", "//", "'", "\"", "—", "。", "，", "'s", "'LL", "'\u{17F}", "'re",
      "<|endoftext|>",
      "\u{1C89}", "\u{10D50}", "\u{323B0}",
    ]

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  /// A number below `limit`.
  mutating func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

  /// A text.
  mutating func text() -> String {
    let alphabet = number(3) == 0 ? (0..<3).map { _ in atom() } : RandomText.atoms
    let count = 1 + number(number(4) == 0 ? 400 : 40)
    return (0..<count).map { _ in alphabet[number(alphabet.count)] }.joined()
  }

  /// Bytes, of which some are not UTF-8.
  mutating func bytes() -> [UInt8] {
    var bytes = Array(text().utf8)
    for _ in 0..<number(6) {
      let place = number(bytes.count)
      switch number(3) {
      case 0: bytes[place] = UInt8(number(256))
      case 1: bytes.insert(UInt8(128 + number(128)), at: place)
      default: if bytes.count > 1 { bytes.remove(at: place) }
      }
    }
    return bytes
  }

  private mutating func atom() -> String { RandomText.atoms[number(RandomText.atoms.count)] }
}

/// A tokenizer trained on random texts, with every feature of encoding exercised by them.
func smallTokenizer(
  _ pattern: SplitPattern, specialTokens: [String] = ["<|endoftext|>"]
) throws -> Tokenizer {
  var trainer = BPETrainer(
    .init(vocabularySize: 700, pattern: pattern, specialTokens: specialTokens))
  var texts = RandomText(seed: 5)
  for _ in 0..<300 { Array(texts.text().utf8).withUnsafeBytes { trainer.add($0) } }
  return try trainer.train()
}
