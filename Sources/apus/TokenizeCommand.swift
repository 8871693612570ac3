/// `apus tokenize`: documents in, token ids out.

import ArgumentParser
import Corpora
import Distributed
import Glibc
import Machine
import Tokenizers

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn text into token ids.",
    discussion: """
      EXAMPLES
        echo "Once upon a time" | apus tokenize --tokenizer tokenizers/tales-4k.json
        apus tokenize corpora/tales.jsonl.zst --tokenizer tales-4k.json --format u16 -o tales.bin

      One line a document. A .txt file or standard input is one document unless --lines makes \
      each line one. Under mpirun the processes share the text.
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

  /// The processes that share the documents.
  private var processes: any Communicator { Cooperation.current.communicator }

  func run() throws {
    _ = try Cooperation.join(reading: corpus.corpus)
    if let output, output != "-" {
      if processes.rank == 0 { try replace.check(output) }
    } else if format.isBinary, Console.isTerminal(STDOUT_FILENO) {
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
      throw Failure(
        "the tokenizer has no end-of-text token", status: .usage, hint: "leave out --end-of-text")
    }
    let texts = try corpus.open(for: Self.self)
    // Only the first process writes.
    var writer = try TokenWriter(processes.rank == 0 ? output : nil, format: format)
    let progress = Progress("tokenizing", unit: .bytes, options: messages)
    if processes.size == 1 { Interruption.observe() }
    try tokenize(texts, with: tokenizer, to: &writer, progress: progress)
    progress.clear()
    if processes.rank > 0 { return }
    try writer.finish()
    if let output, output != "-" {
      let rate = Double(writer.textBytes) / 1e6 / max(progress.seconds, 1e-9)
      messages.say(
        "wrote \(output): \(Format.plural(writer.tokens, "token")) from "
          + "\(Format.plural(writer.documents, "document")), "
          + "\(Format.fixed(Double(writer.textBytes) / Double(max(1, writer.tokens)), 2)) bytes a token, "
          + "\(Format.short(rate)) MB/s")
    }
  }

  /// Writes the tokens of every document: this thread reads, all threads encode.
  private func tokenize(
    _ texts: Corpus, with tokenizer: Tokenizer, to writer: inout TokenWriter, progress: Progress
  ) throws {
    let reader = try texts.makeReader(from: .start, split: .all)
    let encoders = (0..<threads.count).map { _ in PartEncoder(self, tokenizer) }
    var batches = TextBatcher(reader, cut: encoders[0].lastCut)
    let pipeline = OrderedPipeline<TextBatch, RenderedTokens>(threads: threads.count) {
      encoders[$1].encode($0)
    }
    var number = 0
    while let batch = try batches.next() {
      if processes.size > 1 {
        // One process after another encodes a batch, and the first writes them all.
        let owner = number % processes.size
        number += 1
        if processes.rank == owner {
          let rendered = encoders[0].encode(batch)
          if owner == 0 { try writer.write(rendered) } else { rendered.send(to: 0, of: processes) }
        } else if processes.rank == 0 {
          try writer.write(RenderedTokens(from: owner, of: processes))
        }
      } else {
        try pipeline.submit(batch) { try writer.write($0) }
      }
      try Interruption.check()
      progress.update(
        done: Double(writer.textBytes), total: nil,
        share: texts.isRereadable
          ? Double(reader.compressedBytesRead) / Double(max(1, texts.compressedBytes)) : nil)
    }
    try pipeline.finish { try writer.write($0) }
  }
}

/// What one thread encodes with.
private final class PartEncoder: @unchecked Sendable {
  private let tokenizer: Tokenizer
  private let format: TokenFormat
  private let endOfText: Token?
  private var encoder: StreamingEncoder
  private var tokens: [Token] = []

  init(_ command: TokenizeCommand, _ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    format = command.format
    endOfText = command.endOfText ? tokenizer.endOfText : nil
    encoder = tokenizer.makeEncoder(allowSpecial: command.allowSpecial)
  }

  /// Where the part of a document may be cut.
  func lastCut(in text: UnsafeRawBufferPointer) -> Int { encoder.lastCut(in: text) }

  /// Encodes the parts of documents in a batch.
  func encode(_ batch: TextBatch) -> RenderedTokens {
    var rendered = RenderedTokens()
    rendered.textBytes = batch.bytes.count
    batch.forEachPart { part, starts, ends in
      tokens.removeAll(keepingCapacity: true)
      encoder.encode(part: part, startsDocument: starts, into: &tokens)
      if ends, let endOfText { tokens.append(endOfText) }
      rendered.append(
        tokens, as: format, spelling: tokenizer, starts: starts, ends: ends)
    }
    return rendered
  }
}
