/// A text on its way through the steps that cut it into pieces.

/// A text and the pieces of it that go on to the model.
struct PieceList {
  /// The text, which steps may rewrite.
  var text: [UInt8]
  /// The pieces in order.
  var ranges: [Range<Int>]
  /// Whether the text is the start of a document.
  var startsDocument: Bool

  /// Cuts every piece; `parts` gives offsets from the piece's start, of which empty ones are dropped.
  mutating func split(_ parts: (UnsafeBufferPointer<UInt8>) -> [Range<Int>]) {
    var result: [Range<Int>] = []
    text.withUnsafeBufferPointer { buffer in
      for range in ranges {
        for part in parts(UnsafeBufferPointer(rebasing: buffer[range])) where !part.isEmpty {
          result.append(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
        }
      }
    }
    ranges = result
  }

  /// Rewrites every piece; `body` is told whether the piece starts the document.
  mutating func rewrite(_ body: (ArraySlice<UInt8>, Bool, inout [UInt8]) -> Void) {
    var result: [UInt8] = []
    result.reserveCapacity(text.count + ranges.count * 4)
    for index in ranges.indices {
      let start = result.count
      body(text[ranges[index]], startsDocument && ranges[index].lowerBound == 0, &result)
      ranges[index] = start..<result.count
    }
    text = result
  }
}
