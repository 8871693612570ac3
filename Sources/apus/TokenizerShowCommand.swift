/// `apus tokenizer show`: what a tokenizer is, and how well it packs a text.

import ArgumentParser
import Tokenizers

struct TokenizerShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a tokenizer: size, pattern, special and longest tokens, merges.",
    discussion: """
      EXAMPLES
        apus tokenizer show tokenizers/tales-4k.json
        apus tokenizer show tokenizers/tales-4k.json --text README.md --merges 20
      """)

  @Argument(help: "The tokenizer.", completion: .file())
  var file: String

  @Option(
    name: .long, help: ArgumentHelp("A text to count bytes per token on.", valueName: "file"))
  var text: String?

  @Option(
    name: .long,
    help: ArgumentHelp("List the first n merges with what they make.", valueName: "n"))
  var merges = 0

  @Option(name: .long, help: ArgumentHelp("How many of the longest tokens.", valueName: "n"))
  var longest = 10

  @OptionGroup var report: ReportOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    let tokenizer = try TokenizerOptions.load(file)
    let pattern = tokenizer.pattern?.description ?? "none, or several rules"
    let tokens = (0..<tokenizer.vocabularySize).map { Token($0) }
    let special = tokens.filter(tokenizer.isSpecial)
    let long = tokens.filter { !tokenizer.isSpecial($0) }
      .map { ($0, tokenizer.bytes(of: $0)) }
      .sorted { ($1.1.count, $0.0) < ($0.1.count, $1.0) }
      .prefix(max(0, longest))
    var words = [
      "\(file): \(Format.grouped(tokenizer.vocabularySize)) tokens",
      "pattern         \(pattern)",
      "special tokens  "
        + (special.isEmpty
          ? "none"
          : special.map { "\(TokenText.quoted(tokenizer.bytes(of: $0))) \($0)" }
            .joined(separator: ", ")),
    ]
    if !long.isEmpty {
      words.append("longest tokens")
      words += long.map { "  \(Format.padded("\($0.0)", 7))  \(TokenText.quoted($0.1))" }
    }
    var keys: [(String, JSON)] = [
      ("vocabulary_size", .integer(tokenizer.vocabularySize)),
      ("pattern", .string(pattern)),
      (
        "special_tokens",
        .array(
          special.map { .object(["id": .integer(Int($0)), "text": text(of: $0, in: tokenizer)]) })
      ),
      (
        "longest_tokens",
        .array(
          long.map { .object(["id": .integer(Int($0.0)), "text": text(of: $0.0, in: tokenizer)]) })
      ),
    ]
    if merges > 0 {
      let ids = Dictionary(
        tokens.map { (tokenizer.bytes(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
      let listed = tokenizer.merges.prefix(merges).map { merge in
        let bytes = tokenizer.bytes(of: merge.left) + tokenizer.bytes(of: merge.right)
        return (left: merge.left, right: merge.right, result: ids[bytes] ?? 0)
      }
      words.append("merges")
      words += listed.map { merge in
        let parts = [merge.left, merge.right, merge.result].map {
          TokenText.quoted(tokenizer.bytes(of: $0))
        }
        return "  \(parts[0]) + \(parts[1]) → \(parts[2]) \(merge.result)"
      }
      keys.append(
        (
          "merges",
          .array(
            listed.map { merge in
              .array([merge.left, merge.right, merge.result].map { .integer(Int($0)) })
            })
        ))
    }
    if let path = text {
      let content = try Input(path).text()
      let count = tokenizer.encode(content).count
      let ratio = Double(content.utf8.count) / Double(max(1, count))
      words.append(
        "\(path): \(Format.plural(content.utf8.count, "byte")), "
          + "\(Format.plural(count, "token")), \(Format.fixed(ratio, 3)) bytes a token")
      keys += [
        ("bytes", .integer(content.utf8.count)), ("tokens", .integer(count)),
        ("bytes_per_token", .number(ratio)),
      ]
    }
    try report.print(.members(keys), words.joined(separator: "\n"))
  }

  private func text(of token: Token, in tokenizer: Tokenizer) -> JSON {
    .string(String(decoding: tokenizer.bytes(of: token), as: UTF8.self))
  }
}
