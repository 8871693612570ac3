/// `apus tokenize`: documents in, token ids out.

import ArgumentParser
import Corpora
import Glibc
import Machine
import Tokenizers

/// How tokens are written.
enum TokenFormat: String, ExpressibleByArgument, CaseIterable {
  /// Decimal ids separated by spaces, one line a document.
  case ids
  /// Tokens as tokenizer.json spells them (`Ġ` is a space), one line a document.
  case pieces
  /// Unsigned 16-bit integers, little-endian, nothing between documents.
  case u16
  /// Unsigned 32-bit integers, little-endian, nothing between documents.
  case u32
}

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn text into token ids.",
    discussion: """
      EXAMPLES
        echo "Once upon a time" | apus tokenize --tokenizer tokenizers/tales-4k.json
        apus tokenize corpora/tales.jsonl.zst --tokenizer tales-4k.json --format u16 -o tales.bin

      One line a document. A .txt file or standard input is one document unless --lines makes \
      each line one.
      """)

  @OptionGroup var corpus: CorpusOptions
  @OptionGroup var tokenizer: TokenizerOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where to write (default: standard output).", valueName: "file"))
  var output: String?

  @Option(name: .long, help: "ids, pieces, u16 or u32 (little-endian, nothing between documents).")
  var format = TokenFormat.ids

  @Flag(name: .long, help: "Read special tokens in the text as tokens, not as text.")
  var allowSpecial = false

  @Flag(name: .long, help: "Put the end-of-text token after each document.")
  var endOfText = false

  @OptionGroup var replace: ReplaceOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func run() throws {
    let isBinary = format == .u16 || format == .u32
    if let output, output != "-" {
      try replace.check(output)
    } else if isBinary, Console.isTerminal(STDOUT_FILENO) {
      throw Failure(
        "\(format.rawValue) would write binary data to the terminal", status: .usage,
        hint: "use -o FILE, or --format ids")
    }
    threads.apply()
    let tokenizer = try tokenizer.load()
    if format == .u16, tokenizer.vocabularySize > 1 << 16 {
      throw Failure(
        "\(Format.grouped(tokenizer.vocabularySize)) ids do not fit 16 bits", status: .usage,
        hint: "--format u32")
    }
    if endOfText, tokenizer.endOfText == nil {
      throw Failure("the tokenizer has no end-of-text token", status: .usage)
    }
    let texts = try corpus.open(for: Self.self)
    let reader = try texts.makeReader(from: .start, split: .all)
    var destination = try Output(output)
    let progress = Progress("tokenizing", unit: .bytes, options: messages)
    var counts = (documents: 0, tokens: 0, bytes: 0)
    Interruption.observe()
    while let batch = try nextBatch(of: reader) {
      for tokens in encode(batch, with: tokenizer) {
        try write(tokens, spelledBy: tokenizer, to: &destination)
        counts.tokens += tokens.count
      }
      counts.documents += batch.count
      counts.bytes += batch.reduce(0) { $0 + $1.bytes.count }
      if output == nil { try destination.flush() }
      try Interruption.check()
      progress.update(
        done: Double(counts.bytes), total: nil,
        share: texts.isRereadable
          ? Double(reader.compressedBytesRead) / Double(max(1, texts.compressedBytes)) : nil)
    }
    progress.clear()
    try destination.finish()
    if let output, output != "-" {
      let rate = Double(counts.bytes) / 1e6 / max(progress.seconds, 1e-9)
      messages.say(
        "wrote \(output): \(Format.plural(counts.tokens, "token")) from "
          + "\(Format.plural(counts.documents, "document")), "
          + "\(Format.fixed(Double(counts.bytes) / Double(max(1, counts.tokens)), 2)) bytes a token, "
          + "\(Format.short(rate)) MB/s")
    }
  }

  /// Enough documents to keep every thread busy, and no more.
  private func nextBatch(of reader: DocumentReader) throws -> [Document]? {
    var documents: [Document] = []
    var bytes = 0
    while bytes < 1 << 22, documents.count < 4096, let document = try reader.next() {
      documents.append(document)
      bytes += document.bytes.count
    }
    return documents.isEmpty ? nil : documents
  }

  private func encode(_ documents: [Document], with tokenizer: Tokenizer) -> [[Token]] {
    var results = [[Token]](repeating: [], count: documents.count)
    results.withUnsafeMutableBufferPointer { results in
      Workers.shared.share(documents.count) { index in
        var encoder = tokenizer.makeEncoder(allowSpecial: allowSpecial)
        var tokens: [Token] = []
        documents[index].bytes.withUnsafeBytes { encoder.append($0, to: &tokens) }
        encoder.finish(into: &tokens)
        if endOfText, let token = tokenizer.endOfText { tokens.append(token) }
        results[index] = tokens
      }
    }
    return results
  }

  private func write(
    _ tokens: [Token], spelledBy tokenizer: Tokenizer, to output: inout Output
  ) throws {
    switch format {
    case .ids:
      var line: [UInt8] = []
      line.reserveCapacity(tokens.count * 5)
      for (index, token) in tokens.enumerated() {
        if index > 0 { line.append(UInt8(ascii: " ")) }
        line.append(contentsOf: String(token).utf8)
      }
      line.append(UInt8(ascii: "\n"))
      try output.write(line)
    case .pieces:
      try output.write(tokens.map(tokenizer.spelling(of:)).joined(separator: " ") + "\n")
    case .u16:
      try output.write(tokens.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8 & 0xFF)] })
    case .u32:
      try output.write(
        tokens.flatMap { token in
          (0..<4).map { UInt8(truncatingIfNeeded: token >> (8 * $0)) }
        })
    }
  }
}
