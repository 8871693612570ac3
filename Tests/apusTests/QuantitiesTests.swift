/// Sizes, counts and times as people write them.

import Testing
import apus

@Suite("Quantities")
struct QuantitiesTests {
  @Test(
    "counts have decimal suffixes",
    arguments: [
      ("4096", 4_096), ("4_096", 4_096), ("16k", 16_000), ("2.5M", 2_500_000),
      ("250M", 250_000_000), ("1B", 1_000_000_000), ("3G", 3_000_000_000), ("0", 0),
    ])
  func counts(text: String, value: Int) {
    #expect(Count(argument: text)?.value == value)
  }

  @Test(
    "what is no count is refused", arguments: ["", "k", "-3", "1.5", "4 k", "12x", "0.1k5", "1e3"])
  func noCounts(text: String) {
    #expect(Count(argument: text) == nil)
  }

  @Test(
    "bytes have decimal and binary units",
    arguments: [
      ("65536", 65_536), ("64kB", 64_000), ("4MiB", 4 << 20), ("4GiB", 4 << 30),
      ("2GB", 2_000_000_000), ("1k", 1_000), ("1.5KiB", 1_536),
    ])
  func byteCounts(text: String, value: Int) {
    #expect(ByteCount(argument: text)?.value == value)
  }

  @Test(
    "times add up their parts",
    arguments: [
      ("90s", 90.0), ("15m", 900), ("15min", 900), ("2h", 7_200), ("1h30m", 5_400),
      ("1.5d", 129_600), ("45", 45), ("0.5s", 0.5),
    ])
  func times(text: String, seconds: Double) {
    #expect(TimeSpan(argument: text)?.seconds == seconds)
  }

  @Test("what is no time is refused", arguments: ["", "m", "5x", "1h30", "-5s", "0s"])
  func noTimes(text: String) {
    #expect(TimeSpan(argument: text) == nil)
  }
}
