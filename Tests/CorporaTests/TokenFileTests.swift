/// Bare token files: what is written is read, and what is no whole number of tokens is refused.

import Corpora
import TestSupport
import Testing
import Tokenizers

@Suite("Token files")
struct TokenFileTests {
  @Test("tokens come back in either width, in pieces of any size", arguments: TokenWidth.allCases)
  func roundTrip(width: TokenWidth) throws {
    let folder = TemporaryFolder()
    let tokens = (0..<70_000).map { Token(($0 &* 7_919) % 65_536) }
    let path = "\(folder.path)/tokens"
    var writer = try TokenFileWriter(path, width: width)
    try writer.write(tokens[..<100])
    try writer.write(tokens[100...])
    #expect(writer.count == tokens.count)
    try writer.commit()
    #expect(try folder.read("tokens").count == tokens.count * width.rawValue)
    for piece in [7, 100_000] {
      let reader = try TokenFileReader(path, width: width)
      var read: [Token] = []
      while case let some = try reader.read(piece), !some.isEmpty { read += some }
      #expect(read == tokens)
    }
  }

  @Test("ids are stored with the least significant byte first")
  func layout() {
    var bytes: [UInt8] = []
    TokenWidth.u16.append([0x0102, 3], to: &bytes)
    TokenWidth.u32.append([0x0102_0304], to: &bytes)
    #expect(bytes == [2, 1, 3, 0, 4, 3, 2, 1])
  }

  @Test("a file that ends inside a token is refused")
  func halfToken() throws {
    let folder = TemporaryFolder()
    let path = try folder.write([1, 0, 2], to: "tokens")
    let reader = try TokenFileReader(path, width: .u16)
    #expect(try reader.read(1) == [1])
    #expect(throws: CorpusError.self) { try reader.read(1) }
  }

  @Test("a width holds the vocabularies that fit")
  func widths() {
    #expect(TokenWidth.u16.holds(vocabularySize: 65_536))
    #expect(!TokenWidth.u16.holds(vocabularySize: 65_537))
    #expect(TokenWidth.u32.holds(vocabularySize: 200_000))
  }
}
