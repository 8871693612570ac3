/// How a vocabulary is learnt, for `tokenizer train` and for `train` without a tokenizer.

import ArgumentParser
import Corpora
import Machine
import Tokenizers

struct BPEOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How text is cut before merging: gpt2, cl100k, o200k, llama3, qwen2 or a regular expression.",
      valueName: "pattern"))
  var pattern = "gpt2"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A token that stands for itself and is never cut; repeatable (default: <|endoftext|>).",
      valueName: "token"))
  var special: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("How often a pair must occur to be merged.", valueName: "n"))
  var minFrequency = 2

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Tokens of three bytes and more are shorter than this (default: no limit).",
      valueName: "n"))
  var maxTokenLength: Int?

  func validate() throws {
    if minFrequency < 0 { throw ValidationError("--min-frequency cannot be negative") }
    if let maxTokenLength, maxTokenLength < 2 {
      throw ValidationError("--max-token-length is at least 2")
    }
  }

  /// Learns a vocabulary from the documents of one part of a corpus.
  func train(
    on corpus: Corpus, split: Split, vocabularySize: Int, threads: Int,
    messages: OutputOptions
  ) throws -> (tokenizer: Tokenizer, bytes: Int) {
    let specialTokens = special.isEmpty ? ["<|endoftext|>"] : special
    guard vocabularySize >= 256 + specialTokens.count else {
      throw Failure(
        "a vocabulary of \(vocabularySize) does not hold the 256 bytes and "
          + Format.plural(specialTokens.count, "special token"),
        status: .usage, hint: "--vocab-size 4096 suits a small corpus, 16384 or 32768 a large one")
    }
    var trainer = BPETrainer(
      BPETrainer.Options(
        vocabularySize: vocabularySize, pattern: try SplitPattern(pattern),
        specialTokens: specialTokens, minFrequency: minFrequency, maxTokenLength: maxTokenLength))
    let reader = try corpus.makeReader(from: .start, split: split)
    let reading = Progress("counting words", unit: .bytes, options: messages)
    let counters = (0..<threads).map { _ in PieceCounter(trainer.makeAnother()) }
    var batches = TextBatcher(reader, cut: trainer.lastCut)
    let pipeline = OrderedPipeline<TextBatch, Int>(threads: threads) { counters[$1].count($0) }
    var bytes = 0
    while let batch = try batches.next() {
      pipeline.submit(batch) { bytes += $0 }
      try Interruption.check()
      reading.update(
        done: Double(reader.compressedBytesRead),
        total: corpus.isRereadable ? Double(corpus.compressedBytes) : nil)
    }
    pipeline.finish { bytes += $0 }
    for counter in counters { trainer.add(counter.trainer) }
    reading.clear()
    if bytes == 0 {
      throw Failure(
        "the corpus is empty", status: .badData, hint: "name files that hold some text")
    }
    let merging = Progress("merging", unit: .tokens, options: messages)
    let tokenizer = try trainer.train { done, total in
      merging.update(done: Double(done), total: Double(total))
    }
    merging.clear()
    return (tokenizer, bytes)
  }
}

/// What one thread counts with.
private final class PieceCounter: @unchecked Sendable {
  private(set) var trainer: BPETrainer

  init(_ trainer: BPETrainer) { self.trainer = trainer }

  /// Counts the pieces of a batch and returns its bytes.
  func count(_ batch: TextBatch) -> Int {
    batch.forEachPart { part, _, _ in trainer.add(part) }
    return batch.bytes.count
  }
}
