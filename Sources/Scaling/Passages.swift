/// A corpus as passages: what a study draws its training sets from.

import Corpora
import Machine

/// A stretch of a document.
package struct Passage {
  /// Its text, valid UTF-8.
  package let bytes: ArraySlice<UInt8>
  /// The index of its document in the corpus.
  package let document: Int
  /// A hash of the text.
  package let hash: UInt64
}

/// Cuts documents into passages, so that a small training set is a sample of the whole corpus and
/// not the beginning of one book.
///
/// A passage ends at the first end of a line after `bytes`; without one, at the first space or byte
/// that starts a character after twice as many. A shorter document is one passage.
package struct Passages {
  let corpus: Corpus
  let bytes: Int

  /// Passages of about so many bytes.
  package init(corpus: Corpus, bytes: Int) {
    self.corpus = corpus
    self.bytes = bytes
  }

  /// Calls `body` with every passage in order.
  package func forEach(_ body: (Passage) throws -> Void) throws {
    // A split, if one that keeps everything, lets a reader cut a text file into sections.
    let reader = try corpus.makeReader(split: .training(validationFraction: 0))
    var document = 0
    while let next = try reader.next() {
      var start = 0
      while start < next.bytes.count {
        let end = end(of: next.bytes, from: start)
        let slice = next.bytes[start..<end]
        var hash = DocumentHash()
        slice.withUnsafeBytes { hash.combine($0) }
        if slice.contains(where: { $0 > 0x20 }) {
          try body(Passage(bytes: slice, document: document, hash: hash.bits))
        }
        start = end
      }
      document += 1
    }
  }

  private func end(of text: [UInt8], from start: Int) -> Int {
    let earliest = start + bytes
    if text.count <= earliest + bytes / 2 { return text.count }
    let latest = min(text.count, start + 2 * bytes)
    if let line = text[earliest..<latest].firstIndex(of: 0x0A) { return line + 1 }
    if let space = text[earliest..<latest].firstIndex(of: 0x20) { return space }
    var place = latest
    while place < text.count, text[place] & 0xC0 == 0x80 { place += 1 }
    return place
  }
}
