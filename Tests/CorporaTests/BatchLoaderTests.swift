/// What a trainer relies on: every window once an epoch, the same order again, resuming anywhere.

import Corpora
import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Tokenizers

@Suite("Loading batches")
struct BatchLoaderTests {
  private let folder: TemporaryFolder
  private let corpus: Corpus
  private let tokenizer: Tokenizer
  private let windows: [[Token]]
  private let length = 16

  init() throws {
    folder = TemporaryFolder()
    let written = makeTexts(60)
    let paths = [
      try folder.write(makeObjects(Array(written[..<25])), to: "a.jsonl"),
      try folder.compress(makeObjects(Array(written[25...58])), to: "b.jsonl.zst"),
      try folder.write(written[59], to: "c.txt"),
    ]
    corpus = try Corpus(paths)
    tokenizer = try makeByteTokenizer()
    windows = referenceWindows(referenceStream(written), length: length)
  }

  private func loader(
    _ shuffle: Shuffle, sequences: Int = 3, seed: UInt64 = 1, from position: StreamPosition = .start
  ) throws -> BatchLoader {
    try BatchLoader(
      corpus: corpus, split: .all, tokenizer: tokenizer, sequences: sequences, length: length,
      shuffle: shuffle, seed: seed, from: position)
  }

  /// The rows of the next batches as windows of `length + 1` tokens.
  private func rows(_ loader: BatchLoader, batches: Int) throws -> [[Token]] {
    var rows: [[Token]] = []
    for _ in 0..<batches {
      let batch = try loader.next()
      #expect(batch.inputs.count == batch.sequences * batch.length)
      #expect(batch.targets.count == batch.inputs.count)
      for row in 0..<batch.sequences {
        let range = row * length..<(row + 1) * length
        #expect(batch.inputs[range].dropFirst() == batch.targets[range].dropLast())
        rows.append([batch.inputs[range.lowerBound]] + Array(batch.targets[range]))
      }
    }
    return rows
  }

  @Test("without shuffling, windows come in order and epochs follow one another")
  func inOrder() throws {
    let rows = try rows(loader(.none, sequences: 1), batches: windows.count * 2 + 3)
    #expect(rows == windows + windows + windows[..<3])
  }

  @Test("every token but the first is a target exactly once")
  func targetsOnce() throws {
    let targets = windows.flatMap { $0.dropFirst() }
    let stream = referenceStream(makeTexts(60))
    #expect(targets == Array(stream[1...targets.count]))
    #expect(stream.count - 1 - targets.count < length)
  }

  @Test(
    "a shuffled epoch holds every window once, in another order each epoch",
    arguments: [100, 1_000])
  func permutations(tokens: Int) throws {
    let loader = try loader(.buffer(tokens: tokens), sequences: 1)
    let epochs = try (0..<3).map { _ in try rows(loader, batches: windows.count) }
    for epoch in epochs {
      #expect(epoch != windows)
      #expect(
        epoch.sorted { $0.lexicographicallyPrecedes($1) }
          == windows.sorted { $0.lexicographicallyPrecedes($1) })
    }
    #expect(epochs[0] != epochs[1])
    #expect(epochs[1] != epochs[2])
  }

  @Test("text that fits into one block is cut elsewhere in every epoch after the first")
  func cutElsewhere() throws {
    let loader = try loader(.buffer(), sequences: 1)
    let epochs = try (0..<4).map { _ in try rows(loader, batches: windows.count) }
    let stream = referenceStream(makeTexts(60))
    let ring = stream + stream
    let shifts = epochs.map { epoch in
      let shown = Set(epoch)
      let sorted = epoch.sorted { $0.lexicographicallyPrecedes($1) }
      return stream.indices.first { shift in
        // Windows of the whole stream, the first tokens behind the last ones, from `shift` on.
        let cuts = windows.indices.lazy.map { index in
          let start = (index * length + shift) % stream.count
          return Array(ring[start...start + length])
        }
        return cuts.allSatisfy(shown.contains)
          && cuts.sorted { $0.lexicographicallyPrecedes($1) } == sorted
      }
    }
    #expect(shifts.first == 0)
    #expect(Set(shifts).count == 4)
    #expect(!shifts.contains(nil))
  }

  @Test("the seed decides the order")
  func seeds() throws {
    let first = try rows(loader(.buffer(), seed: 1), batches: 20)
    #expect(try rows(loader(.buffer(), seed: 1), batches: 20) == first)
    #expect(try rows(loader(.buffer(), seed: 2), batches: 20) != first)
  }

  @Test(
    "a loader made from the position behind any batch goes on bit for bit",
    arguments: [.none, .buffer(tokens: 100), .buffer(tokens: 1_000), .buffer()] as [Shuffle])
  func resuming(shuffle: Shuffle) throws {
    let total = windows.count + 20
    let whole = try loader(shuffle, sequences: 2)
    let batches = try (0..<total).map { _ in try whole.next() }
    for index in 0..<(total - 1) {
      let saved = try JSONEncoder().encode(batches[index].position)
      let position = try JSONDecoder().decode(StreamPosition.self, from: saved)
      let resumed = try loader(shuffle, sequences: 2, from: position)
      #expect(try resumed.next() == batches[index + 1], "after batch \(index)")
      if index % 16 == 0 {
        for later in index + 2..<min(total, index + 40) {
          #expect(try resumed.next() == batches[later], "batch \(later) after \(index)")
        }
      }
    }
  }

  @Test("a position counts windows, so another batch size can go on from it")
  func otherBatchSize() throws {
    let first = try loader(.buffer(tokens: 1_000), sequences: 4)
    let second = try loader(.buffer(tokens: 1_000), sequences: 1)
    var position = StreamPosition.start
    for _ in 0..<9 { position = try first.next().position }
    for _ in 0..<36 { _ = try second.next() }
    #expect(second.position == position)
  }

  @Test("the shares of several processes are the batch of one")
  func shares() throws {
    let whole = try loader(.buffer(tokens: 1_000), sequences: 6)
    let parts = try (0..<3).map { process in
      try BatchLoader(
        corpus: corpus, split: .all, tokenizer: tokenizer, sequences: 6, length: length,
        shuffle: .buffer(tokens: 1_000), seed: 1, rows: 2 * process..<2 * process + 2)
    }
    for _ in 0..<windows.count {
      let batch = try whole.next()
      let shares = try parts.map { try $0.next() }
      #expect(shares.flatMap(\.inputs) == batch.inputs)
      #expect(shares.flatMap(\.targets) == batch.targets)
      #expect(shares.allSatisfy { $0.position == batch.position })
    }
  }

  @Test("epochs are counted")
  func epochs() throws {
    let loader = try loader(.buffer(tokens: 500), sequences: 1)
    for epoch in 0..<3 {
      for _ in windows { #expect(try loader.next().epoch == epoch) }
    }
  }

  @Test("a corpus shorter than a window is refused with the numbers")
  func tooShort() throws {
    let short = try Corpus([folder.write("tiny", to: "short.txt")])
    let loader = try BatchLoader(
      corpus: short, split: .all, tokenizer: tokenizer, sequences: 1, length: 8, seed: 1)
    for _ in 0..<2 {
      #expect(throws: CorpusError.tooShort(tokens: 5, needed: 9)) { try loader.next() }
    }
  }

  @Test("a part without documents is refused")
  func emptyPart() throws {
    let loader = try BatchLoader(
      corpus: corpus, split: .validation(validationFraction: 0), tokenizer: tokenizer,
      sequences: 1, length: 8, seed: 1)
    #expect(
      throws: CorpusError.emptyPart(documents: 60, split: .validation(validationFraction: 0))
    ) { try loader.next() }
  }

  @Test("what goes wrong on the thread comes out of next(), after the good batches")
  func threadErrors() throws {
    let lines = makeObjects(makeTexts(60)) + Array("{\"txt\": 1}\n".utf8)
    let path = try folder.write(lines, to: "broken.jsonl")
    let loader = try BatchLoader(
      corpus: Corpus([path]), split: .all, tokenizer: tokenizer, sequences: 1, length: 16,
      shuffle: .buffer(tokens: 160), seed: 1)
    let error = #expect(throws: CorpusError.self) { while true { _ = try loader.next() } }
    guard case .malformedLine(path, 61, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("text beyond a shuffled block is read when half of the block is given out, and not before")
  func readingAhead() throws {
    // 50 windows of 8 tokens lie in the first block, which needs nothing of the second file.
    for (windows, isRead) in [(24, false), (25, true)] {
      let first = try folder.write(String(repeating: "one ", count: 125), to: "first.txt")
      let second = try folder.write(String(repeating: "two ", count: 500), to: "second.txt")
      let loader = try BatchLoader(
        corpus: Corpus([first, second]), split: .all, tokenizer: tokenizer, sequences: 1, length: 8,
        shuffle: .buffer(tokens: 400), seed: 1)
      for _ in 0..<windows { _ = try loader.next() }
      // Time for a thread that may read on; one that did has no need of the file.
      usleep(300_000)
      #expect(unlink(second) == 0)
      for _ in windows..<50 { _ = try loader.next() }
      #expect(loader.position.block == 1)
      if isRead {
        _ = try loader.next()
      } else {
        #expect(throws: CorpusError.self) { try loader.next() }
      }
    }
  }

  @Test("a loader that is let go of stops its thread")
  func stopping() throws {
    for _ in 0..<60 {
      let loader = try loader(.buffer(tokens: 100))
      _ = try loader.next()
    }
    func loaderThreads() -> Int {
      let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
      return tasks.count { task in
        let name = FileManager.default.contents(atPath: "/proc/self/task/\(task)/comm")
        return name.map { String(decoding: $0, as: UTF8.self) } == "apus-loader\n"
      }
    }
    // Loaders of tests that run beside this one may live.
    for _ in 0..<100 where loaderThreads() > 30 { usleep(20_000) }
    #expect(loaderThreads() <= 30)
  }

  @Test("readiness and progress are told while the first block fills")
  func progress() throws {
    let loader = try loader(.buffer())
    #expect(loader.isReady(within: 10))
    _ = try loader.next()
    #expect(loader.progress.tokensBuffered > 0)
    #expect(loader.progress.tokensWanted >= loader.progress.tokensBuffered)
    #expect(loader.isReady(within: 0))
    #expect(loader.secondsWaited >= 0)
  }

  @Test("a text of one document that spans many blocks is resumed inside it")
  func longDocument() throws {
    let text = makeTexts(200).joined(separator: "\n")
    let one = try Corpus([folder.compress(Array(text.utf8), to: "one.txt.zst")])
    func make(_ position: StreamPosition) throws -> BatchLoader {
      try BatchLoader(
        corpus: one, split: .all, tokenizer: tokenizer, sequences: 2, length: 16,
        shuffle: .buffer(tokens: 1_000), seed: 4, from: position)
    }
    let whole = try make(.start)
    var batch = try whole.next()
    for _ in 0..<500 {
      let resumed = try make(batch.position)
      batch = try whole.next()
      #expect(try resumed.next() == batch)
    }
  }

  @Test("a pipe is read once, and its epochs follow one another from memory")
  func pipe() throws {
    let path = "\(folder.path)/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let text = makeTexts(60).joined(separator: "\n")
    let writer = Thread(writing: Array(text.utf8), to: path)
    let pipe = try Corpus([path])
    #expect(!pipe.isRereadable)
    let loader = try BatchLoader(
      corpus: pipe, split: .all, tokenizer: tokenizer, sequences: 1, length: length,
      shuffle: .none, seed: 1)
    let expected = referenceWindows(referenceStream([text]), length: length)
    #expect(try rows(loader, batches: 3 * expected.count) == expected + expected + expected)
    writer.join()
    #expect(throws: CorpusError.notRereadable(path: path)) { try pipe.makeReader() }
  }

  @Test(
    "the stream is what the tokenizer makes of each document by itself",
    .enabled(if: sharedFolder != nil, "no shared folder here"))
  func realTokenizer() throws {
    let shared = try #require(sharedFolder)
    let tokenizer = try Tokenizer(contentsOf: "\(shared)/tokenizers/gpt2.tokenizer.json")
    let rights = try Corpus(["\(shared)/corpora/udhr.jsonl.zst"])
    let separator = try #require(tokenizer.endOfText)
    let documents = try texts(rights).filter { !$0.isEmpty }
    let stream = documents.flatMap { [separator] + tokenizer.encode($0) }
    let expected = referenceWindows(stream, length: 64)
    let loader = try BatchLoader(
      corpus: rights, split: .all, tokenizer: tokenizer, sequences: 1, length: 64, shuffle: .none,
      seed: 1)
    for window in expected {
      let batch = try loader.next()
      try #require(batch.inputs == Array(window.dropLast()))
      try #require(batch.targets == Array(window.dropFirst()))
    }
    #expect(try loader.next().epoch == 1)
  }

  /// Writes bytes into a pipe from a thread of its own.
  private struct Thread {
    private var thread = pthread_t()

    init(writing bytes: [UInt8], to path: String) {
      final class Work {
        let bytes: [UInt8]
        let path: String
        init(_ bytes: [UInt8], _ path: String) {
          self.bytes = bytes
          self.path = path
        }
      }
      pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
          let descriptor = open(work.path, O_WRONLY)
          var done = 0
          work.bytes.withUnsafeBytes { bytes in
            while done < bytes.count {
              let count = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
              if count <= 0 { break }
              done += count
            }
          }
          close(descriptor)
          return nil
        }, Unmanaged.passRetained(Work(bytes, path)).toOpaque())
    }

    func join() { pthread_join(thread, nil) }
  }
}
