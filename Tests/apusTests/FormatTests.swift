/// Numbers as people read them.

import Testing
import apus

@Suite("Format")
struct FormatTests {
  @Test("fixed digits round and keep their zeros")
  func fixed() {
    #expect(Format.fixed(3.14159, 2) == "3.14")
    #expect(Format.fixed(2.999, 2) == "3.00")
    #expect(Format.fixed(-0.004, 2) == "0.00")
    #expect(Format.fixed(-12.5, 1) == "-12.5")
    #expect(Format.fixed(7, 0) == "7")
    #expect(Format.fixed(.infinity, 2) == "inf")
  }

  @Test("large numbers get a unit")
  func units() {
    #expect(Format.count(940) == "940")
    #expect(Format.count(12_600_000) == "12.6 M")
    #expect(Format.bytes(512) == "512 bytes")
    #expect(Format.bytes(1_395_864_371) == "1.30 GiB")
    #expect(Format.grouped(1_234_567) == "1 234 567")
    #expect(Format.grouped(-999) == "-999")
  }

  @Test("times have at most two parts")
  func times() {
    #expect(Format.time(4.25) == "4.3 s" || Format.time(4.25) == "4.2 s")
    #expect(Format.time(42) == "42 s")
    #expect(Format.time(200) == "3 min 20 s")
    #expect(Format.time(7_800) == "2 h 10 min")
    #expect(Format.time(356_400) == "4 d 3 h")
  }

  @Test("nouns agree with their number")
  func nouns() {
    #expect(Format.plural(1, "token") == "1 token")
    #expect(Format.plural(0, "token") == "0 tokens")
  }

  @Test("a progress line says how far, how fast and how long still")
  func progress() {
    let line = Progress.line(
      label: "tokenizing", done: 12_582_912, total: 41_943_040, unit: .bytes, seconds: 6)
    #expect(line == "tokenizing  12.0 MiB of 40.0 MiB  30%  2.00 MiB/s  14 s left")
    let open = Progress.line(
      label: "training", done: 5_000, total: nil, share: 0.5, unit: .tokens, seconds: 10,
      note: "loss 3.21")
    #expect(open == "training  5.00 k tokens  50%  500 tokens/s  loss 3.21  10 s left")
  }

  @Test("broken and control characters of tokens become visible")
  func tokens() {
    #expect(TokenText.quoted(" a\n\"b\"") == #"" a\n\"b\"""#)
    #expect(TokenText.quoted([0xE2, 0x82]) == #""\xe2\x82""#)
    #expect(TokenText.quoted("é€🦊") == #""é€🦊""#)
    #expect(TokenText.quoted([0x00, 0xE2, 0x82, 0xAC]) == #""\x00€""#)
  }
}
