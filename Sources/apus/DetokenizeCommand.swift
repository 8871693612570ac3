/// `apus detokenize`: token ids in, the bytes they stand for out.

import ArgumentParser
import Machine
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

  func run() throws {
    if file == nil || file == "-" { try Input.requireData(for: Self.self) }
    let tokenizer = try tokenizer.load()
    let input = try Input(file)
    var output = try Output(nil)
    var id: Int?
    var line = 1
    while let piece = try input.next() {
      for byte in piece {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          id = min((id ?? 0) * 10 + Int(byte - UInt8(ascii: "0")), 1 << 40)
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
          if let id { try write(id, line: line, with: tokenizer, to: &output) }
          id = nil
          if byte == UInt8(ascii: "\n") {
            line += 1
            if lines { try output.write([byte]) }
          }
        default:
          throw Failure(
            "line \(line) holds something that is not a token id", status: .badData,
            hint: "ids are decimal numbers between spaces, as apus tokenize writes them")
        }
      }
      try output.flush()
    }
    if let id { try write(id, line: line, with: tokenizer, to: &output) }
    try output.finish()
  }

  private func write(
    _ id: Int, line: Int, with tokenizer: Tokenizer, to output: inout Output
  ) throws {
    guard id < tokenizer.vocabularySize else {
      try output.flush()
      throw Failure(
        "line \(line): token \(id) is not in a vocabulary of \(tokenizer.vocabularySize)",
        status: .badData, hint: "use the tokenizer that made the ids")
    }
    let token = Token(id)
    if skipSpecial, tokenizer.isSpecial(token) { return }
    try output.write(tokenizer.bytes(of: token))
  }
}
