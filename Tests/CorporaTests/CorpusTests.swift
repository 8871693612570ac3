/// Which files make a corpus, and which are refused.

import Corpora
import TestSupport
import Testing

@Suite("Corpora from paths")
struct CorpusTests {
  @Test("a folder is read to the bottom in order of names, notes beside the data are passed over")
  func folders() throws {
    let folder = TemporaryFolder()
    _ = try folder.write("two", to: "b.txt")
    _ = try folder.write(#"{"text": "one"}"#, to: "a.jsonl")
    _ = try folder.write("three", to: "c/d.txt")
    _ = try folder.write("hidden", to: ".e.txt")
    _ = try folder.write("note", to: "README.md")
    _ = try folder.compress(Array("four".utf8), to: "z.txt.zst")
    let corpus = try Corpus([folder.path])
    #expect(try texts(corpus) == ["one", "two", "three", "four"])
    #expect(corpus.compressedBytes > 0)
    #expect(corpus.isRereadable)
  }

  @Test("a pattern stands for the files that match, in order")
  func patterns() throws {
    let folder = TemporaryFolder()
    for name in ["2.txt", "1.txt", "3.md"] { _ = try folder.write(name, to: name) }
    #expect(try texts(Corpus(["\(folder.path)/*.txt"])) == ["1.txt", "2.txt"])
    #expect(throws: CorpusError.notFound(path: "\(folder.path)/*.csv")) {
      try Corpus(["\(folder.path)/*.csv"])
    }
  }

  @Test("compression is recognised by the first bytes, not by the name")
  func sniffing() throws {
    let folder = TemporaryFolder()
    let path = try folder.compress(Array("hello".utf8), to: "plain.txt")
    #expect(try texts(Corpus([path])) == ["hello"])
    let liar = try folder.write("hello", to: "liar.txt.zst")
    #expect(throws: CorpusError.self) { try Corpus([liar]) }
  }

  @Test(
    "other formats are refused with a hint",
    arguments: [
      ("a.txt.gz", [0x1f, 0x8b, 8, 0], "gzip"), ("a.jsonl", [0x1f, 0x8b, 8, 0], "gzip"),
      ("a.parquet", Array("PAR1".utf8), "Parquet"), ("a.txt", Array("PAR1".utf8), "Parquet"),
      ("a.json", Array("[]".utf8), "jq"), ("a.txt", [0xff, 0xfe, 0x41, 0], "UTF-16"),
      ("a.xyz", Array("x".utf8), "jsonl"), ("a.csv", Array("x".utf8), "comma"),
      ("a.jsonl.xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz"),
    ] as [(String, [UInt8], String)])
  func foreignFormats(name: String, bytes: [UInt8], word: String) throws {
    let folder = TemporaryFolder()
    let path = try folder.write(bytes, to: name)
    do {
      _ = try Corpus([path])
      Issue.record("\(name) was accepted")
    } catch {
      #expect(error.kind == .badData)
      #expect("\(error) \(error.hint ?? "")".contains(word), "\(error)")
      #expect("\(error)".contains(path))
    }
  }

  @Test("data in another format inside a folder is refused, not passed over")
  func foreignFileInFolder() throws {
    let folder = TemporaryFolder()
    _ = try folder.write("text", to: "a.txt")
    _ = try folder.write([0x1f, 0x8b], to: "b.txt.gz")
    #expect(throws: CorpusError.self) { try Corpus([folder.path]) }
  }

  @Test("nothing to read is said so")
  func nothing() throws {
    let folder = TemporaryFolder()
    #expect(throws: CorpusError.notFound(path: "\(folder.path)/a.txt")) {
      try Corpus(["\(folder.path)/a.txt"])
    }
    #expect(throws: CorpusError.noFiles(path: folder.path, found: [])) {
      try Corpus([folder.path])
    }
    #expect(CorpusError.notFound(path: "x").kind == .noInput)
    for (name, content) in [("a.txt", ""), ("b.jsonl", "\n \n"), ("c.txt", "\u{feff}")] {
      let path = try folder.write(content, to: name)
      #expect(throws: CorpusError.empty(paths: [path])) { try texts(Corpus([path])) }
    }
  }

  @Test("a fingerprint tells corpora apart by names, sizes and order")
  func fingerprints() throws {
    let folder = TemporaryFolder()
    let first = try folder.write("one", to: "a.txt")
    let second = try folder.write("two", to: "b.txt")
    let both = try Corpus([first, second]).fingerprint
    #expect(try both == Corpus([first, second]).fingerprint)
    #expect(try both != Corpus([second, first]).fingerprint)
    #expect(try both != Corpus([first]).fingerprint)
    _ = try folder.write("three", to: "b.txt")
    #expect(try both != Corpus([first, second]).fingerprint)
  }
}
