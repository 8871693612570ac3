/// Bytes in, text out: whole characters only, ending before a stop text.

/// Turns the bytes of tokens into text that may be shown at once.
///
/// Held back are the bytes of an unfinished character and any bytes that may turn out to begin a
/// stop text. Bytes that are no UTF-8 become U+FFFD.
public struct TextStream: Sendable {
  private let stops: [[UInt8]]
  private var pending: [UInt8] = []

  /// Whether a stop text has been met; nothing comes after it.
  public private(set) var isStopped = false

  /// A stream that ends before the first of `stops`; empty ones are ignored.
  public init(stops: [String] = []) {
    self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
  }

  /// Takes bytes and gives the text that is now certain.
  public mutating func append(_ bytes: [UInt8]) -> String {
    guard !isStopped else { return "" }
    pending += bytes
    if let end = firstStop() {
      isStopped = true
      pending.removeSubrange(end...)
      return finish()
    }
    let count = completeCharacters(in: pending.count - possibleStopBeginning())
    defer { pending.removeFirst(count) }
    return String(decoding: pending[..<count], as: UTF8.self)
  }

  /// The text held back: what began like a stop text and was none, and broken characters.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  /// Where the stop text that begins first begins.
  private func firstStop() -> Int? {
    for start in pending.indices {
      for stop in stops where pending[start...].starts(with: stop) { return start }
    }
    return nil
  }

  /// Length of the longest end of `pending` that is a proper beginning of a stop text.
  private func possibleStopBeginning() -> Int {
    var longest = 0
    for stop in stops {
      for length in (longest..<min(stop.count, pending.count + 1)).reversed()
      where length > longest && stop.starts(with: pending.suffix(length)) {
        longest = length
        break
      }
    }
    return longest
  }

  /// The largest count up to `limit` that does not leave off inside a character.
  private func completeCharacters(in limit: Int) -> Int {
    var start = limit
    // A character has at most four bytes, so an unfinished one begins among the last three.
    for _ in 0..<3 {
      guard start > 0 else { break }
      start -= 1
      let byte = pending[start]
      if byte & 0xC0 == 0x80 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return start + length > limit ? start : limit
    }
    return limit
  }
}
