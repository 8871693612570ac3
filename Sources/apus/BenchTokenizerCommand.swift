/// `apus bench tokenizer`: how fast texts are encoded and decoded, cold, warm and on several threads.

import ArgumentParser
import Corpora
import Machine
import Tokenizers

struct BenchTokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer",
    abstract: "Measure a tokenizer: loading, encoding from memory, decoding.",
    discussion: """
      EXAMPLES
        apus bench tokenizer corpora/tales.jsonl.zst --tokenizer tokenizers/tales-4k.json
        apus bench tokenizer books.txt code.txt --tokenizer cl100k_base.tiktoken --threads 2 --json

      Cold is the first pass of a tokenizer just loaded, warm the best of the passes that follow. \
      Megabytes are millions of bytes of text.
      """)

  @OptionGroup var corpus: CorpusOptions
  @OptionGroup var tokenizer: TokenizerOptions

  @Option(name: .long, help: ArgumentHelp("Warm passes, of which the best counts.", valueName: "n"))
  var repeats = 3

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  func validate() throws {
    if repeats < 1 { throw ValidationError("--repeats is at least 1") }
  }

  func run() throws {
    let load = try seconds { _ = try tokenizer.load() }
    var lines = [
      "\(Processor.name), \(Format.plural(threads.count, "thread"))",
      "loading   \(Format.fixed(load * 1e3, 0)) ms",
      "MB/s      cold    warm    \(threads.count) threads: cold    warm    decoding",
    ]
    var texts: [JSON] = []
    for path in corpus.corpus.isEmpty ? ["-"] : corpus.corpus {
      let speeds = try Speeds(of: text(at: path), measuredBy: self)
      texts.append(.members([("path", .string(path))] + speeds.keys))
      lines.append("          \(speeds.words)  \(path)")
    }
    try report.print(
      .members([
        ("processor", .string(Processor.name)), ("threads", .integer(threads.count)),
        ("load_seconds", .number(load)), ("texts", .array(texts)),
      ]), lines.joined(separator: "\n"))
  }

  /// The documents of a file, one behind the other.
  private func text(at path: String) throws -> [UInt8] {
    let texts = try Corpus([path], textField: corpus.form.textField)
    let reader = try texts.makeReader(from: .start, split: .all)
    var bytes: [UInt8] = []
    while try reader.advance() {
      while try reader.readChunk({ bytes.append(contentsOf: $0) }) {}
    }
    return bytes
  }

  fileprivate func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = Progress.now
    try body()
    return max(Progress.now - start, 1e-9)
  }
}

/// The speeds on one text, in bytes a second.
private struct Speeds {
  private let bytes: Int
  private let tokens: Int
  private let cold: Double
  private let warm: Double
  private let coldShared: Double
  private let warmShared: Double
  private let decoding: Double

  init(of text: [UInt8], measuredBy command: BenchTokenizerCommand) throws {
    let amount = Double(text.count)
    bytes = text.count
    let single = try command.tokenizer.load()
    var tokens: [Token] = []
    let alone = {
      command.seconds {
        tokens = []
        text.withUnsafeBytes { single.encode(bytes: $0, into: &tokens) }
      }
    }
    cold = amount / alone()
    warm = (0..<command.repeats).map { _ in amount / alone() }.max() ?? cold
    self.tokens = tokens.count
    let rate = command.seconds { _ = single.decode(tokens) }
    decoding = amount / rate
    let shared = SharedEncoding(text, try command.tokenizer.load(), threads: command.threads.count)
    let together = { command.seconds { shared.encode() } }
    coldShared = amount / together()
    warmShared = (0..<command.repeats).map { _ in amount / together() }.max() ?? coldShared
  }

  var keys: [(key: String, value: JSON)] {
    [
      ("bytes", .integer(bytes)), ("tokens", .integer(tokens)),
      ("cold_mb_per_second", .number(cold / 1e6)), ("warm_mb_per_second", .number(warm / 1e6)),
      ("threads_cold_mb_per_second", .number(coldShared / 1e6)),
      ("threads_warm_mb_per_second", .number(warmShared / 1e6)),
      ("decode_mb_per_second", .number(decoding / 1e6)),
    ]
  }

  var words: String {
    let columns = [cold, warm, coldShared, warmShared, decoding]
    return zip(columns, [4, 8, 17, 8, 12])
      .map { Format.padded(Format.fixed($0 / 1e6, 0), $1) }.joined()
  }
}

/// One text encoded by several threads in parts of about a megabyte.
private final class SharedEncoding: @unchecked Sendable {
  private let text: [UInt8]
  private let parts: [Range<Int>]
  private let pool: Workers
  private var encoders: [StreamingEncoder]
  private var results: [[Token]]

  init(_ text: [UInt8], _ tokenizer: Tokenizer, threads: Int) {
    self.text = text
    let encoders = (0..<threads).map { _ in tokenizer.makeEncoder() }
    self.encoders = encoders
    pool = Workers(count: threads)
    var parts: [Range<Int>] = []
    var start = 0
    text.withUnsafeBytes { all in
      while start < all.count {
        var end = min(start + 1_000_000, all.count)
        if end < all.count {
          let cut = encoders[0].lastCut(in: UnsafeRawBufferPointer(rebasing: all[start..<end]))
          end = cut > 0 ? start + cut : all.count
        }
        parts.append(start..<end)
        start = end
      }
    }
    self.parts = parts
    results = Array(repeating: [], count: parts.count)
  }

  func encode() {
    encoders.withUnsafeMutableBufferPointer { encoders in
      results.withUnsafeMutableBufferPointer { results in
        pool.share(parts.count) { part, thread in
          var tokens: [Token] = []
          text.withUnsafeBytes {
            encoders[thread].encode(
              part: UnsafeRawBufferPointer(rebasing: $0[parts[part]]),
              startsDocument: part == 0, into: &tokens)
          }
          results[part] = tokens
        }
      }
    }
  }
}
