/// Documents in batches of similar size, for threads to share: long ones cut, short ones together.

/// Some text of a corpus: the end of a document, whole documents, and the start of another.
public struct TextBatch: Sendable {
  /// The text, documents one behind the other.
  public var bytes: [UInt8] = []
  /// Where documents end in `bytes`; what follows the last end goes on in the next batch.
  public var ends: [Int] = []
  /// Whether the first bytes go on with a document of the batch before.
  public var continues = false

  /// The parts of documents in order: their bytes, and whether a document starts and ends with each.
  public func forEachPart(
    _ body: (_ part: UnsafeRawBufferPointer, _ starts: Bool, _ ends: Bool) -> Void
  ) {
    bytes.withUnsafeBytes { all in
      var start = 0
      var isStart = !continues
      for end in ends {
        body(UnsafeRawBufferPointer(rebasing: all[start..<end]), isStart, true)
        start = end
        isStart = true
      }
      if start < all.count {
        body(UnsafeRawBufferPointer(rebasing: all[start...]), isStart, false)
      }
    }
  }
}

/// Reads the documents of a corpus batch by batch.
public struct TextBatcher {
  private let reader: DocumentReader
  private let size: Int
  private let cut: (UnsafeRawBufferPointer) -> Int
  private var held: [UInt8] = []
  private var isInside = false
  private var hasStarted = false

  /// Batches of about `size` bytes; more only where a document cannot be cut.
  ///
  /// - Parameter cut: The last place where the part of a document may be cut, 0 if there is none.
  public init(
    _ reader: DocumentReader, size: Int = 1 << 19, cut: @escaping (UnsafeRawBufferPointer) -> Int
  ) {
    self.reader = reader
    self.size = size
    self.cut = cut
  }

  /// The next batch; nil at the end of the corpus.
  public mutating func next() throws(CorpusError) -> TextBatch? {
    var batch = TextBatch()
    batch.bytes = held
    batch.bytes.reserveCapacity(size + size / 4)
    batch.continues = isInside && hasStarted
    held = []
    var wanted = max(size, batch.bytes.count)
    while true {
      while batch.bytes.count < wanted, batch.ends.count < size / 16 {
        if !isInside {
          guard try reader.advance() else {
            return batch.bytes.isEmpty && batch.ends.isEmpty ? nil : batch
          }
          isInside = true
          hasStarted = false
        }
        if try !reader.readChunk({ batch.bytes.append(contentsOf: $0) }) {
          batch.ends.append(batch.bytes.count)
          isInside = false
        }
      }
      let start = batch.ends.last ?? 0
      if !isInside || start == batch.bytes.count { return batch }
      let place = batch.bytes.withUnsafeBytes {
        start + cut(UnsafeRawBufferPointer(rebasing: $0[start...]))
      }
      if place > 0 {
        if place > start { hasStarted = true }
        held = Array(batch.bytes[place...])
        batch.bytes.removeLast(batch.bytes.count - place)
        return batch
      }
      wanted = 2 * batch.bytes.count
    }
  }
}
