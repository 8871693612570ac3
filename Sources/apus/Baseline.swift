/// What a model is measured against: an n-gram model over the same tokens, and zstd.

import CZstd
import Corpora
import Glibc
import Inference
import Machine
import Tokenizers

/// A Kneser-Ney 5-gram of a corpus, and what it makes of the text that the model is scored on.
final class Baseline {
  let model: NGramModel
  /// The model's score less the n-gram's.
  private(set) var difference = PairedDifference(blockBytes: 4_096)
  private var nats = 0.0
  private var bytes = 0
  private var compressed: CompressedSize?

  /// Reads the corpus and estimates the model; says how much memory that takes.
  init(_ paths: [String], form: TextOptions, tokenizer: Tokenizer, messages: OutputOptions) throws {
    let corpus = try Corpus(paths, textField: form.textField, lines: form.lines)
    let reader = try corpus.makeReader(from: .start, split: .all)
    let progress = Progress("counting", unit: .bytes, options: messages)
    var text = NGramText(vocabularySize: tokenizer.vocabularySize)
    var bytes = 0
    while let document = try reader.next() {
      var tokens: [Token] = []
      document.bytes.withUnsafeBytes { tokenizer.encode(bytes: $0, into: &tokens) }
      text.append(tokens)
      bytes += document.bytes.count
      try Interruption.check()
      progress.update(
        done: Double(bytes), total: nil,
        share: corpus.isRereadable
          ? Double(reader.compressedBytesRead) / Double(max(1, corpus.compressedBytes)) : nil)
    }
    progress.clear()
    if text.count == 0 {
      throw Failure(
        "the corpus of the baseline is empty", status: .badData, hint: "give files that hold text")
    }
    messages.say(
      "5-gram baseline: sorting \(Format.count(text.count)) tokens takes "
        + Format.bytes(12 * text.count))
    model = NGramModel(text)
    messages.say(
      "5-gram baseline: \(Format.count(model.ngrams.reduce(0, +))) n-grams, "
        + Format.bytes(model.memoryBytes))
    compressed = CompressedSize(level: 19)
  }

  /// Scores the tokens of a document that the model has scored.
  func add(_ document: ScoredDocument, text: [UInt8]) {
    var other = document
    let scores = model.logProbabilities(of: document.tokens.map(\.token))
    for index in other.tokens.indices where other.tokens[index].logProbability != nil {
      other.tokens[index].logProbability = Float(scores[index])
      nats -= scores[index]
    }
    difference.add(document, other)
    bytes += text.count
    compressed?.append(text)
  }

  /// Bits per byte of the n-gram model on the tokens scored.
  var bitsPerByte: Double { nats / log(2) / Double(max(1, bytes)) }

  /// Bits per byte of the text as zstd -19 writes it.
  lazy var compressedBitsPerByte: Double = {
    8 * Double(compressed?.finish() ?? 0) / Double(max(1, bytes))
  }()
}

/// Counts the bytes that zstd would write.
final class CompressedSize {
  private let context: OpaquePointer
  private var buffer = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
  private var count = 0

  init?(level: Int) {
    guard let context = ZSTD_createCCtx() else { return nil }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
  }

  deinit { ZSTD_freeCCtx(context) }

  func append(_ bytes: [UInt8]) { compress(bytes, ZSTD_e_continue) }

  /// The size of all that was appended.
  func finish() -> Int {
    compress([], ZSTD_e_end)
    return count
  }

  private func compress(_ bytes: [UInt8], _ directive: ZSTD_EndDirective) {
    bytes.withUnsafeBytes { source in
      var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      var isDone = false
      while !isDone {
        let rest = buffer.withUnsafeMutableBytes { target in
          var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
          let rest = ZSTD_compressStream2(context, &output, &input, directive)
          count += output.pos
          return rest
        }
        isDone =
          ZSTD_isError(rest) != 0
          || (directive == ZSTD_e_end ? rest == 0 : input.pos == input.size)
      }
    }
  }
}
