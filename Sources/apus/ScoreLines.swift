/// Scores of tokens, words and documents, a line each.

import ArgumentParser
import Glibc
import Inference
import Tokenizers

/// The base of logarithms.
enum LogarithmBase: String, ExpressibleByArgument, CaseIterable {
  case two = "2"
  case e
  case ten = "10"

  /// What a natural logarithm is multiplied by.
  var factor: Double {
    switch self {
    case .two: 1 / log(2)
    case .e: 1
    case .ten: 1 / log(10)
    }
  }
}

/// Which lines, and in which form.
struct ScoreLines: ParsableArguments {
  @Flag(
    name: .long,
    help: "Print one JSON line a token: id, text, logprob (natural; null without context).")
  var perToken = false

  @Flag(
    name: .long,
    help: "Print one JSON line a word: text, tokens, logprob corrected for where words end.")
  var perWord = false

  @Flag(name: .long, help: "Print one JSON line a document: its counts and perplexities.")
  var perDocument = false

  @Flag(
    name: .long,
    help: "Print a line a document and a summary as KenLM's query does: log10, per word.")
  var totals = false

  @Flag(name: .long, help: "Print lines of tab-separated fields under a heading, not JSON.")
  var tsv = false

  @Option(
    name: .customLong("log"),
    help: ArgumentHelp("The base of logarithms in lines: 2, e or 10.", valueName: "base"))
  var base = LogarithmBase.e

  /// Whether any lines are wanted.
  var isAny: Bool { perToken || perWord || perDocument || totals }

  func validate() throws {
    if [perToken, perWord, perDocument, totals].filter({ $0 }).count > 1 {
      throw ValidationError(
        "--per-token, --per-word, --per-document and --totals exclude each other")
    }
    if tsv, !(perToken || perWord || perDocument) {
      throw ValidationError("--tsv is a form of --per-token, --per-word or --per-document")
    }
  }

  /// The names of the fields, with `--tsv`.
  var heading: String {
    guard tsv else { return "" }
    if perToken { return "id\ttext\tlogprob\n" }
    if perWord { return "text\ttokens\tlogprob\ttoken_logprob\n" }
    return Self.documentFields.joined(separator: "\t") + "\n"
  }

  private static let documentFields = [
    "document", "tokens", "words", "bytes", "logprob", "token_perplexity", "word_perplexity",
    "bits_per_byte",
  ]

  /// The lines of a document.
  func lines(of document: ScoredDocument, with tokenizer: Tokenizer) -> String {
    if perToken {
      return document.tokens.map { token in
        let text = String(decoding: tokenizer.bytes(of: token.token), as: UTF8.self)
        let value = token.logProbability.map { scaled($0) } ?? .null
        if tsv { return row([.integer(Int(token.token)), .string(text), value]) }
        return JSON.object([
          "id": .integer(Int(token.token)), "text": .string(text), "logprob": value,
        ]).text + "\n"
      }.joined()
    }
    if perWord {
      return document.words.map { word in
        let text = String(decoding: word.bytes, as: UTF8.self)
        let value = word.surprisal.map { JSON.number(-$0 * base.factor) } ?? .null
        let plain = word.tokenSurprisal.map { JSON.number(-$0 * base.factor) } ?? .null
        if tsv { return row([.string(text), .integer(word.tokens), value, plain]) }
        return JSON.object([
          "text": .string(text), "tokens": .integer(word.tokens), "logprob": value,
          "token_logprob": plain,
        ]).text + "\n"
      }.joined()
    }
    if perDocument {
      let values = summary(of: document)
      if tsv { return row(values) }
      return JSON.members(Array(zip(Self.documentFields, values)).map { ($0.0, $0.1) }).text + "\n"
    }
    if totals {
      return "Total: \(Format.decimal(-document.nats * LogarithmBase.ten.factor)) OOV: 0\n"
    }
    return ""
  }

  private func summary(of document: ScoredDocument) -> [JSON] {
    let perToken = document.nats / Double(document.scoredTokens)
    let perWord = document.nats / Double(document.wordCount)
    let perByte = document.nats / Double(document.byteCount)
    return [
      .integer(document.index), .integer(document.scoredTokens), .integer(document.wordCount),
      .integer(document.byteCount), .number(-document.nats * base.factor), .number(exp(perToken)),
      .number(exp(perWord)), .number(perByte / log(2)),
    ]
  }

  /// A `Float` in another base needs no more digits than it had.
  private func scaled(_ value: Float) -> JSON {
    base == .e ? .single(value) : .single(Float(Double(value) * base.factor))
  }

  private func row(_ fields: [JSON]) -> String {
    fields.map { field in
      guard case .string(let text) = field else { return field == .null ? "" : field.text }
      // What would end a field or a line is escaped.
      return text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "\t": result += "\\t"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\\": result += "\\\\"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }.joined(separator: "\t") + "\n"
  }
}
