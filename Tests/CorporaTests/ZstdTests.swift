/// What streaming compression promises: the same bytes, any number of frames, no silent loss.

import Corpora
import TestSupport
import Testing

@Suite("zstd streams")
struct ZstdTests {
  private func decompress(_ path: String, pieces: Int) throws -> [UInt8] {
    let reader = try ZstdReader(path)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: pieces)
    while true {
      var failure: (any Error)?
      let count = piece.withUnsafeMutableBytes { target in
        do { return try reader.read(into: target) } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      if count == 0 { return bytes }
      bytes.append(contentsOf: piece[..<count])
    }
  }

  private func sample(_ count: Int) -> [UInt8] {
    Array(makeTexts(1_000).joined(separator: "\n").utf8.prefix(count))
  }

  @Test("what was compressed comes back, whatever the size of the pieces read")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    for count in [0, 1, 100, 60_000] {
      let path = try folder.compress(sample(count), to: "a.zst")
      for pieces in [1, 7, 1 << 17] where pieces > 1 || count < 1_000 {
        #expect(try decompress(path, pieces: pieces) == sample(count))
      }
    }
  }

  @Test("frames follow one another without a seam")
  func frames() throws {
    let folder = TemporaryFolder()
    _ = try folder.compress(sample(500), to: "a.zst")
    _ = try folder.compress(sample(900), to: "b.zst")
    let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let path = try folder.write(
      folder.read("a.zst") + skippable + folder.read("b.zst"), to: "c.zst")
    #expect(try decompress(path, pieces: 333) == sample(500) + sample(900))
  }

  @Test("a file cut off at any byte is an error, never a shorter text")
  func truncation() throws {
    let folder = TemporaryFolder()
    _ = try folder.compress(sample(700), to: "a.zst")
    let whole = try folder.read("a.zst")
    for count in 0..<whole.count {
      let path = try folder.write(Array(whole[..<count]), to: "cut.zst")
      #expect(throws: CorpusError.truncated(path: path, offset: count)) {
        try decompress(path, pieces: 4_096)
      }
    }
  }

  @Test("a second frame cut off is an error too")
  func truncatedSecondFrame() throws {
    let folder = TemporaryFolder()
    _ = try folder.compress(sample(700), to: "a.zst")
    let frame = try folder.read("a.zst")
    for count in [1, 3, 4, 5, 9, frame.count - 1] {
      let path = try folder.write(frame + frame[..<count], to: "cut.zst")
      #expect(throws: CorpusError.truncated(path: path, offset: frame.count + count)) {
        try decompress(path, pieces: 4_096)
      }
    }
  }

  @Test("any flipped byte is noticed")
  func corruption() throws {
    let folder = TemporaryFolder()
    _ = try folder.compress(sample(700), to: "a.zst")
    let whole = try folder.read("a.zst")
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 0x10
      let path = try folder.write(bytes, to: "bad.zst")
      do {
        // The header may promise a larger window, which changes nothing; the text must be right.
        #expect(try decompress(path, pieces: 4_096) == sample(700), "byte \(index)")
      } catch let error as CorpusError {
        #expect(error.kind == .badData)
      }
    }
  }

  @Test("a file that is not committed leaves nothing behind")
  func abandoned() throws {
    let folder = TemporaryFolder()
    do {
      var writer = try ZstdWriter("\(folder.path)/a.zst")
      try writer.write(sample(100))
    }
    #expect(throws: (any Error).self) { try folder.read("a.zst") }
    #expect(throws: CorpusError.notFound(path: "\(folder.path)/a.zst")) {
      try ZstdReader("\(folder.path)/a.zst")
    }
  }
}
