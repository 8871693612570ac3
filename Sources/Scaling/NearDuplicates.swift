/// Finds passages that say what the held-out text says, so that training sets can do without them.

import Machine

/// A sample of the eight-word runs of some text.
///
/// A run of words counts if its hash falls into an eighth of the range; whether it does depends on
/// the words alone, so the same run is sampled wherever it occurs (Broder 1997, "On the resemblance
/// and containment of documents"). Words are what stands between white space, letters lowered.
package struct NearDuplicates {
  /// Words in a run.
  static let runLength = 8
  /// The share of a passage's sampled runs from which on it is a near-duplicate.
  static let threshold = 0.5
  private var seen: Set<UInt64> = []

  /// Nothing is held out yet.
  package init() {}

  /// Takes note of held-out text.
  package mutating func insert(_ text: ArraySlice<UInt8>) {
    forEachRun(of: text) { seen.insert($0) }
  }

  /// Whether half of the sampled runs of `text`, at least three of them, are known.
  package func contains(_ text: ArraySlice<UInt8>) -> Bool {
    var (known, all) = (0, 0)
    forEachRun(of: text) { run in
      all += 1
      if seen.contains(run) { known += 1 }
    }
    return known >= 3 && Double(known) >= Self.threshold * Double(all)
  }

  private func forEachRun(of text: ArraySlice<UInt8>, _ body: (UInt64) -> Void) {
    var words = [UInt64](repeating: 0, count: Self.runLength)
    var count = 0
    var word: UInt64 = 0
    for byte in text + [0x20] {
      if byte > 0x20 {
        let lowered = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        word = (word &+ UInt64(lowered) &+ 1) &* 0x0000_0100_0000_01b3
      } else if word != 0 {
        words[count % Self.runLength] = mixBits(word)
        count += 1
        word = 0
        if count < Self.runLength { continue }
        var run: UInt64 = 0
        for index in 0..<Self.runLength {
          run = run &* 0x9e37_79b9_7f4a_7c15 &+ words[(count + index) % Self.runLength]
        }
        run = mixBits(run)
        if run & 7 == 0 { body(run) }
      }
    }
  }
}
