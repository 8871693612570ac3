/// How files become documents, where reading can go on, and what is refused on the way.

import Corpora
import Glibc
import TestSupport
import Testing

@Suite("Reading documents")
struct DocumentReaderTests {
  @Test("a text file is one document, or one a line")
  func layouts() throws {
    let folder = TemporaryFolder()
    let path = try folder.write("one\r\ntwo\n\nthree", to: "a.txt")
    #expect(try texts(Corpus([path])) == ["one\r\ntwo\n\nthree"])
    #expect(try texts(Corpus([path], lines: true)) == ["one", "two", "", "three"])
  }

  @Test("a byte-order mark is no text, blank lines of JSON are nothing, the last line may be open")
  func tolerances() throws {
    let folder = TemporaryFolder()
    let objects = try folder.write(
      "\u{feff}{\"text\": \"a\"}\r\n\r\n  \n{\"text\": \"b\"}", to: "a.jsonl")
    let plain = try folder.write("\u{feff}c", to: "b.txt")
    #expect(try texts(Corpus([objects, plain])) == ["a", "b", "c"])
  }

  @Test("reading goes on at the position behind every document")
  func positions() throws {
    let folder = TemporaryFolder()
    let written = makeTexts(40)
    let paths = [
      try folder.write(makeObjects(Array(written[..<10])), to: "a.jsonl"),
      try folder.compress(makeObjects(Array(written[10..<30])), to: "b.jsonl.zst"),
      try folder.write(written[30], to: "c.txt"),
      try folder.compress(makeObjects(Array(written[31...])), to: "d.jsonl.zst"),
    ]
    let corpus = try Corpus(paths)
    let reader = try corpus.makeReader()
    for index in 0...written.count {
      let rest = try corpus.makeReader(from: reader.position)
      var remaining: [String] = []
      while let document = try rest.next() { remaining.append(document.text) }
      #expect(remaining == Array(written[index...]))
      #expect(reader.position.documents == index)
      let document = try reader.next()
      if let document {
        let again = try corpus.makeReader(from: document.position)
        #expect(try again.next() == document)
      }
    }
    #expect(reader.compressedBytesRead == corpus.compressedBytes)
  }

  @Test("a position beyond the corpus is refused")
  func positionOutside() throws {
    let folder = TemporaryFolder()
    let plain = try Corpus([folder.write("short", to: "a.txt")])
    let packed = try Corpus([folder.compress(Array("short".utf8), to: "b.txt.zst")])
    for corpus in [plain, packed] {
      var place = DocumentPosition.start
      place.offset = 100
      place.documents = 3
      #expect(throws: CorpusError.self) { try corpus.makeReader(from: place).next() }
      place.file = 5
      #expect(throws: CorpusError.self) { try corpus.makeReader(from: place) }
    }
  }

  @Test("errors name the line, also behind a position")
  func lineNumbers() throws {
    let folder = TemporaryFolder()
    let content = "{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n{\"txt\": \"c\"}\n"
    let path = try folder.compress(Array(content.utf8), to: "a.jsonl.zst")
    let expected = CorpusError.malformedLine(
      path: path, line: 4, reason: "there is no field \"text\"")
    let corpus = try Corpus([path])
    #expect(throws: expected) { try texts(corpus) }
    let reader = try corpus.makeReader()
    _ = try reader.next()
    _ = try reader.next()
    let rest = try corpus.makeReader(from: reader.position)
    #expect(throws: expected) { try rest.next() }
  }

  @Test("chunks of a streamed document end where characters end and add up to it")
  func chunks() throws {
    let folder = TemporaryFolder()
    let text = String(repeating: "grüße 漢字 😀 ", count: 40_000)
    let path = try folder.compress(Array(text.utf8), to: "a.txt.zst")
    let reader = try Corpus([path]).makeReader()
    #expect(try reader.advance())
    var bytes: [UInt8] = []
    var chunks = 0
    while try reader.readChunk({ chunk in
      #expect(String(validating: chunk, as: UTF8.self) != nil)
      bytes.append(contentsOf: chunk)
    }) {
      chunks += 1
    }
    #expect(chunks > 2)
    #expect(bytes == Array(text.utf8))
    #expect(try !reader.advance())
  }

  @Test("invalid UTF-8 in a text file is refused with its offset, wherever chunks end")
  func invalidText() throws {
    let folder = TemporaryFolder()
    for offset in [0, 5, 262_142, 262_143, 262_144, 300_000] {
      let good = [UInt8](repeating: 0x61, count: offset)
      let path = try folder.write(good + [0xe2, 0x82] + good, to: "a.txt")
      let expected = CorpusError.invalidUTF8(path: path, line: nil, offset: offset)
      #expect(throws: expected) { try texts(Corpus([path])) }
    }
    let path = try folder.write("ok\nb\u{e9}", to: "b.txt")
    let cut = try folder.write(Array("ok\nb".utf8) + [0xe9], to: "c.txt")
    #expect(try texts(Corpus([path], lines: true)).count == 2)
    #expect(throws: CorpusError.invalidUTF8(path: cut, line: 2, offset: 1)) {
      try texts(Corpus([cut], lines: true))
    }
  }

  @Test("a truncated file is an error after the documents that are whole")
  func truncated() throws {
    let folder = TemporaryFolder()
    _ = try folder.compress(makeObjects(makeTexts(50)), to: "a.zst")
    let bytes = try folder.read("a.zst")
    for count in 0..<bytes.count {
      let path = try folder.write(Array(bytes[..<count]), to: "cut.jsonl.zst")
      #expect(throws: CorpusError.truncated(path: path, offset: count)) {
        try texts(Corpus([path]))
      }
    }
  }

  @Test("the two parts of a split are the whole, the same whatever the order of the files")
  func splits() throws {
    let folder = TemporaryFolder()
    let written = (0..<2_000).map { "document number \($0)" }
    let first = try folder.write(makeObjects(Array(written[..<700])), to: "a.jsonl")
    let second = try folder.write(makeObjects(Array(written[700...])), to: "b.jsonl")
    let corpus = try Corpus([first, second])
    let training = try texts(corpus, split: .training(validationFraction: 0.1))
    let validation = try texts(corpus, split: .validation(validationFraction: 0.1))
    #expect(Set(training).isDisjoint(with: validation))
    #expect(Set(training + validation) == Set(written))
    #expect(abs(validation.count - 200) < 50)
    let reversed = try Corpus([second, first])
    #expect(
      try Set(texts(reversed, split: .validation(validationFraction: 0.1))) == Set(validation))
    let larger = try texts(corpus, split: .validation(validationFraction: 0.2))
    #expect(Set(larger).isSuperset(of: validation))
  }

  @Test("the hash is FNV-1a with the mix of SplitMix64")
  func hash() {
    // FNV-1a of "a" is af63dc4c8601ec8c (published test vectors).
    var mixed: UInt64 = 0xaf63_dc4c_8601_ec8c
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    #expect(DocumentHash("a").bits == mixed ^ (mixed >> 31))
  }

  @Test("under a split a long text is cut into sections at ends of lines, which add up to it")
  func sections() throws {
    let folder = TemporaryFolder()
    let line = "The quick brown fox jumps over the lazy dog, again and again; grüße.\n"
    let numbered = (0..<20_000).map { "\($0) \(line)" }.joined()
    let long = String(repeating: "é", count: 100_000)
    for text in [numbered, long, numbered + long] {
      let corpus = try Corpus([folder.write(text, to: "a.txt")])
      var parts: [Document] = []
      for split in [
        Split.training(validationFraction: 0.2), .validation(validationFraction: 0.2),
      ] {
        let reader = try corpus.makeReader(split: split)
        while let part = try reader.next() {
          parts.append(part)
          let again = try corpus.makeReader(from: part.position, split: split)
          #expect(try again.next() == part)
        }
      }
      parts.sort { $0.position.offset < $1.position.offset }
      #expect(parts.map(\.text).joined() == text)
      #expect(parts.count > 1)
      #expect(parts.allSatisfy { $0.bytes.count <= 1 << 16 })
    }
  }

  @Test("memory stays small when the text is large")
  func boundedMemory() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/large.txt.zst"
    var writer = try ZstdWriter(path, level: 1)
    let piece = Array(String(repeating: "All work and no play. ", count: 50_000).utf8)
    for _ in 0..<200 { try writer.write(piece) }
    try writer.commit()
    let reader = try Corpus([path]).makeReader()
    var total = 0
    let before = residentBytes()
    #expect(try reader.advance())
    while try reader.readChunk({ total += $0.count }) {}
    #expect(total == 200 * piece.count)
    #expect(residentBytes() - before < 150_000_000)
  }

  private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    fgets(&line, 256, file)
    let text = String(
      decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
  }

  @Test(
    "the shared books are read whole", .enabled(if: sharedFolder != nil, "no shared folder here"))
  func sharedBooks() throws {
    let folder = try #require(sharedFolder)
    let books = try texts(Corpus(["\(folder)/corpora/books.valid.jsonl.zst"]))
    #expect(books.count == 5)
    let bytes = books.reduce(0) { $0 + $1.utf8.count }
    #expect((2_900_000...3_200_000).contains(bytes))
    let rights = try texts(Corpus(["\(folder)/corpora/udhr.jsonl.zst"]))
    #expect(rights.count >= 388)
    let play = try texts(Corpus(["\(folder)/corpora/tinyshakespeare.txt.zst"]))
    #expect(play.map(\.utf8.count) == [1_115_394])
  }
}
