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

      Under mpirun the processes share the documents. One line a document. A .txt file or standard input is one document unless --lines makes \
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

  /// Documents up to this size are encoded in parallel; larger ones in pieces as they are read.
  private static let longDocument = 1 << 22

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
      throw Failure("the tokenizer has no end-of-text token", status: .usage)
    }
    let texts = try corpus.open(for: Self.self)
    // Only the first process writes.
    var writer = try TokenWriter(
      processes.rank == 0 ? output : nil, format: format, tokenizer: tokenizer)
    let progress = Progress("tokenizing", unit: .bytes, options: messages)
    if processes.size == 1 { Interruption.observe() }
    let bytes = try tokenize(texts, with: tokenizer, to: &writer, progress: progress)
    progress.clear()
    if processes.rank > 0 { return }
    try writer.finish()
    if let output, output != "-" {
      let rate = Double(bytes) / 1e6 / max(progress.seconds, 1e-9)
      messages.say(
        "wrote \(output): \(Format.plural(writer.tokens, "token")) from "
          + "\(Format.plural(writer.documents, "document")), "
          + "\(Format.fixed(Double(bytes) / Double(max(1, writer.tokens)), 2)) bytes a token, "
          + "\(Format.short(rate)) MB/s")
    }
  }

  /// Writes the tokens of every document; returns the bytes of text.
  private func tokenize(
    _ texts: Corpus, with tokenizer: Tokenizer, to writer: inout TokenWriter, progress: Progress
  ) throws -> Int {
    let reader = try texts.makeReader(from: .start, split: .all)
    var batch: [[UInt8]] = []
    var batchBytes = 0
    var bytes = 0
    var batches = 0
    while try reader.advance() {
      var document: [UInt8] = []
      while document.count < Self.longDocument,
        try reader.readChunk({ document.append(contentsOf: $0) })
      {}
      if document.count < Self.longDocument {
        batchBytes += document.count
        batch.append(document)
        if batchBytes < Self.longDocument, batch.count < 4096 { continue }
      }
      try write(batch, number: batches, with: tokenizer, to: &writer)
      batches += 1
      batch = []
      bytes += batchBytes
      batchBytes = 0
      if document.count >= Self.longDocument, processes.rank == 0 {
        bytes += try write(document, restFrom: reader, with: tokenizer, to: &writer)
      }
      try Interruption.check()
      progress.update(
        done: Double(bytes), total: nil,
        share: texts.isRereadable
          ? Double(reader.compressedBytesRead) / Double(max(1, texts.compressedBytes)) : nil)
    }
    try write(batch, number: batches, with: tokenizer, to: &writer)
    return bytes + batchBytes
  }

  /// Encodes whole documents in parallel and writes them in order; of several processes, one after
  /// another gets a batch, and the first writes them all.
  private func write(
    _ documents: [[UInt8]], number: Int, with tokenizer: Tokenizer, to writer: inout TokenWriter
  ) throws {
    let owner = number % processes.size
    if processes.rank > 0, processes.rank != owner { return }
    let results =
      processes.rank == owner
      ? encoded(documents, with: tokenizer) : received(documents.count, from: owner)
    if processes.rank > 0 { return send(results) }
    for tokens in results {
      try writer.write(tokens)
      try end(with: tokenizer, to: &writer)
    }
    try writer.flush()
  }

  /// The tokens of every document, in order.
  private func encoded(_ documents: [[UInt8]], with tokenizer: Tokenizer) -> [[Token]] {
    var results = [[Token]](repeating: [], count: documents.count)
    results.withUnsafeMutableBufferPointer { results in
      Workers.shared.share(documents.count) { index in
        var encoder = tokenizer.makeEncoder(allowSpecial: allowSpecial)
        var tokens: [Token] = []
        documents[index].withUnsafeBytes { encoder.append($0, to: &tokens) }
        encoder.finish(into: &tokens)
        results[index] = tokens
      }
    }
    return results
  }

  /// Sends the first process the lengths of documents, then their tokens.
  private func send(_ documents: [[Token]]) {
    let counts = documents.map { Token($0.count) }
    let all = documents.flatMap { $0 }
    for part in [counts, all] where !part.isEmpty {
      part.withUnsafeBytes { processes.send($0, to: 0, tag: Tag.result).wait() }
    }
  }

  /// What `send` sent.
  private func received(_ count: Int, from process: Int) -> [[Token]] {
    func tokens(_ count: Int) -> [Token] {
      var part = [Token](repeating: 0, count: count)
      if count > 0 {
        part.withUnsafeMutableBytes { processes.receive($0, from: process, tag: Tag.result).wait() }
      }
      return part
    }
    let counts = tokens(count).map(Int.init)
    let all = tokens(counts.reduce(0, +))
    var start = 0
    return counts.map { count in
      defer { start += count }
      return Array(all[start..<start + count])
    }
  }

  /// Encodes a long document as it is read; returns its bytes.
  private func write(
    _ start: [UInt8], restFrom reader: DocumentReader, with tokenizer: Tokenizer,
    to writer: inout TokenWriter
  ) throws -> Int {
    var encoder = tokenizer.makeEncoder(allowSpecial: allowSpecial)
    var tokens: [Token] = []
    var bytes = start.count
    start.withUnsafeBytes { encoder.append($0, to: &tokens) }
    repeat {
      try writer.write(tokens)
      tokens.removeAll(keepingCapacity: true)
      try Interruption.check()
    } while try reader.readChunk({ chunk in
      bytes += chunk.count
      encoder.append(chunk, to: &tokens)
    })
    encoder.finish(into: &tokens)
    try writer.write(tokens)
    try end(with: tokenizer, to: &writer)
    return bytes
  }

  private func end(with tokenizer: Tokenizer, to writer: inout TokenWriter) throws {
    if endOfText, let token = tokenizer.endOfText { try writer.write([token]) }
    try writer.endDocument()
  }
}
