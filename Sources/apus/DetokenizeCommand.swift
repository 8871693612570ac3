/// `apus detokenize`: token ids in, the bytes they stand for out.

import ArgumentParser
import Tokenizers

struct DetokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detokenize",
    abstract: "Turn token ids back into text.",
    discussion: """
      EXAMPLES
        echo "284 16 1305" | apus detokenize --tokenizer tokenizers/tales-4k.json
        apus tokenize letter.txt --tokenizer t.json | apus detokenize --tokenizer t.json

      Writes exactly the bytes that the ids stand for, and nothing between lines.
      """)

  @Argument(
    help: ArgumentHelp("Ids separated by spaces or line ends (default: standard input)."))
  var file: String?

  @OptionGroup var tokenizer: TokenizerOptions

  @Flag(name: .long, help: "Write a line end after each line of ids.")
  var lines = false

  @Flag(name: .long, help: "Leave special tokens out.")
  var skipSpecial = false

  @OptionGroup var messages: OutputOptions

  /// Tokens that are turned into bytes at once.
  private static let batch = 4096

  func run() throws {
    if file == nil || file == "-" { try Input.requireData(for: Self.self) }
    let tokenizer = try tokenizer.load()
    let input = try Input(file)
    var output = try Output(nil)
    var document = Document()
    var id: Int?
    var line = 1
    while let piece = try input.next() {
      for byte in piece {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          id = min((id ?? 0) * 10 + Int(byte - UInt8(ascii: "0")), 1 << 40)
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
          if let id { try add(id, line: line, to: &document, with: tokenizer) }
          id = nil
          if byte == UInt8(ascii: "\n") {
            line += 1
            try output.write(document.bytes(with: tokenizer))
            document = Document()
            if lines { try output.write([byte]) }
          } else if document.tokens.count >= Self.batch {
            try output.write(document.bytes(with: tokenizer))
          }
        default:
          throw Failure(
            "line \(line) holds something that is not a token id", status: .badData,
            hint: "ids are decimal numbers between spaces, as apus tokenize writes them")
        }
      }
      try output.write(document.bytes(with: tokenizer))
      try output.flush()
    }
    if let id { try add(id, line: line, to: &document, with: tokenizer) }
    try output.write(document.bytes(with: tokenizer))
    try output.finish()
  }

  /// The tokens of a line that are still to be written.
  private struct Document {
    var tokens: [Token] = []
    private var isAtStart = true

    init() {}

    /// The bytes of the tokens, which are then forgotten; a tokenizer may treat the first token of a
    /// document in its own way.
    mutating func bytes(with tokenizer: Tokenizer) -> [UInt8] {
      if tokens.isEmpty { return [] }
      defer {
        tokens.removeAll(keepingCapacity: true)
        isAtStart = false
      }
      return isAtStart ? tokenizer.decode(tokens) : tokens.flatMap(tokenizer.bytes(of:))
    }
  }

  private func add(
    _ id: Int, line: Int, to document: inout Document, with tokenizer: Tokenizer
  ) throws {
    guard id < tokenizer.vocabularySize else {
      throw Failure(
        "line \(line): token \(id) is not in a vocabulary of \(tokenizer.vocabularySize)",
        status: .badData, hint: "use the tokenizer that made the ids")
    }
    if skipSpecial, tokenizer.isSpecial(Token(id)) { return }
    document.tokens.append(Token(id))
  }
}
