/// The patterns that cut text into pieces before merging: five by name, any other as a regular
/// expression.

/// How text is cut into pieces; merges never cross a piece's boundary.
///
/// The named patterns, and the spellings of them found in the field's files, run on a scanner made
/// for them with Unicode 16.0 classes. Any other goes to ICU's regular expressions, several times
/// slower and with the classes of the machine's ICU.
public struct SplitPattern: Sendable, Hashable, CustomStringConvertible {
  /// The name, for a pattern that has one.
  public let name: String?
  /// The regular expression, in the syntax that Hugging Face tokenizers reads.
  public let regex: String
  let scanner: PieceScanner?

  private init(name: String?, regex: String, scanner: PieceScanner?) {
    self.name = name
    self.regex = regex
    self.scanner = scanner
  }

  /// A named pattern (`gpt2`, `cl100k`, `o200k`, `llama3`, `qwen2`) or a regular expression.
  public init(_ nameOrRegex: String) throws(TokenizerError) {
    if let named = SplitPattern.named.first(where: { $0.name == nameOrRegex }) {
      self = named
      return
    }
    if nameOrRegex.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }) {
      let names = SplitPattern.named.compactMap(\.name).joined(separator: ", ")
      throw TokenizerError(
        "there is no split pattern “\(nameOrRegex)”",
        hint: "the names are \(names); anything else must be a regular expression")
    }
    if let known = SplitPattern.recognized(nameOrRegex) {
      self = known
      return
    }
    _ = try RegexMatcher(nameOrRegex)
    self.init(name: nil, regex: nameOrRegex, scanner: nil)
  }

  /// The name, or else the regular expression.
  public var description: String { name ?? regex }

  /// GPT-2's, which r50k and p50k share.
  public static let gpt2 = SplitPattern(
    name: "gpt2",
    regex: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
    scanner: PieceScanner(family: .gpt2))

  /// tiktoken's cl100k_base, in words that every engine understands alike.
  public static let cl100k = SplitPattern(
    name: "cl100k",
    regex: #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
      + #"|\s+\z|\s*[\r\n]|\s+(?!\S)|\s"#,
    scanner: PieceScanner(family: .cl100k, keepsFinalSpaceWhole: true))

  /// tiktoken's o200k_base, GPT-4o's.
  public static let o200k = SplitPattern(
    name: "o200k",
    regex: #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
      + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
      + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
      + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
      + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    scanner: PieceScanner(family: .o200k))

  /// Llama 3's, which OLMo 2 and Hugging Face's form of cl100k share.
  public static let llama3 = SplitPattern(
    name: "llama3", regex: llamaForm(digits: #"\p{N}{1,3}"#),
    scanner: PieceScanner(family: .cl100k))

  /// Qwen 2's, 2.5's and 3's: Llama 3's with one digit a piece.
  public static let qwen2 = SplitPattern(
    name: "qwen2", regex: llamaForm(digits: #"\p{N}"#),
    scanner: PieceScanner(family: .cl100k, digits: 1))

  /// The patterns that have a name.
  public static let named: [SplitPattern] = [gpt2, cl100k, o200k, llama3, qwen2]

  private static func llamaForm(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// A spelling from the field for which there is a scanner, as the pattern it stands for.
  static func recognized(_ regex: String) -> SplitPattern? {
    if let named = named.first(where: { $0.regex == regex }) { return named }
    switch regex {
    case #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#,
      #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#:
      return gpt2
    case #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"#
      + #"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"#:
      return cl100k
    case #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+"#
      + #"[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#:
      return SplitPattern(
        name: nil, regex: regex,
        scanner: PieceScanner(family: .cl100k, digits: 1, joinsMarks: true))
    case llamaForm(digits: #"\p{N}{1,2}"#):
      return SplitPattern(
        name: nil, regex: regex, scanner: PieceScanner(family: .cl100k, digits: 2))
    default:
      return nil
    }
  }
}
