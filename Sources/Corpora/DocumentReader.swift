/// Reads the documents of a corpus one after another, in bounded memory.

import Machine

/// A walk through a corpus.
///
/// `next()` gives whole documents. Where a document may be larger than memory (a `.txt` file is one
/// document, whatever its size), use `advance()` and `readChunk(_:)`. Memory is a window of 256 KiB
/// and, for `.jsonl` and for lines, the longest line.
///
/// A text file under a split other than `.all` has no documents to divide, so it is cut into
/// *sections* at the first end of a line after 16 KiB (at 64 KiB if there is none); each section
/// counts as a document.
public final class DocumentReader {
  private static let sectionBytes = 1 << 14
  private static let longestSection = 1 << 16
  private static let chunkBytes = 1 << 16

  /// Where the current document starts.
  public private(set) var documentPosition: DocumentPosition
  /// Where to go on: the start of the document after the last one that was read to its end.
  public private(set) var position: DocumentPosition
  /// The bytes on disk consumed so far, of this corpus' `compressedBytes`.
  public var compressedBytesRead: Int {
    finishedBytes + (buffer?.compressedBytesRead ?? 0)
  }

  private let corpus: Corpus
  private let split: Split
  private let field: [UInt8]
  private var buffer: TextBuffer?
  private var finishedBytes: Int
  private var content = Content.none
  private var text: [UInt8] = []

  /// What is left of the current document.
  private enum Content {
    case none
    /// The rest of `text` from this index.
    case held(Int)
    /// The rest of the file.
    case streamed
  }

  init(corpus: Corpus, position: DocumentPosition, split: Split) {
    self.corpus = corpus
    self.split = split
    self.position = position
    documentPosition = position
    field = Array(corpus.textField.utf8)
    finishedBytes = corpus.files[..<position.file].reduce(0) { $0 + $1.size }
  }

  /// The next document, whole; nil at the end of the corpus.
  public func next() throws(CorpusError) -> Document? {
    guard try advance() else { return nil }
    var bytes: [UInt8] = []
    while try readChunk({ bytes.append(contentsOf: $0) }) {}
    return Document(bytes: bytes, position: documentPosition)
  }

  /// Moves to the next document, past what was not read of the current one; false at the end.
  public func advance() throws(CorpusError) -> Bool {
    while case .streamed = content { _ = try readChunk { _ in } }
    content = .none
    while position.file < corpus.files.count {
      let file = corpus.files[position.file]
      if buffer == nil {
        buffer = try TextBuffer(file, offset: position.offset)
      }
      guard let buffer else { break }
      position.offset = buffer.offset
      documentPosition = position
      let isHere: Bool
      if file.layout == .objects {
        isHere = try holdObject(buffer)
      } else if corpus.lines {
        isHere = try holdLine(buffer)
      } else if split != .all {
        isHere = try holdSection(buffer)
      } else {
        isHere = try buffer.range.isEmpty ? buffer.fill() : true
        if isHere { content = .streamed }
      }
      if !isHere {
        finishFile()
      } else if case .streamed = content {
        return true
      } else if belongs() {
        content = .held(0)
        return true
      }
    }
    if position.documents == 0 {
      throw .empty(paths: corpus.files.map { $0.path == "-" ? "standard input" : $0.path })
    }
    return false
  }

  /// Hands the next bytes of the current document to `body`; false when there are none left.
  ///
  /// A chunk of a streamed document ends where a character ends.
  public func readChunk(
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(CorpusError) -> Bool {
    switch content {
    case .none:
      return false
    case .held(let start):
      if start == text.count {
        content = .none
        return false
      }
      let end = min(text.count, start + DocumentReader.chunkBytes)
      text.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
      content = .held(end)
      return true
    case .streamed:
      return try streamChunk(body)
    }
  }

  private func streamChunk(
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(CorpusError) -> Bool {
    guard let buffer else { return false }
    while true {
      let range = buffer.range
      let check = buffer.bytes.withUnsafeBytes {
        UTF8Check(UnsafeRawBufferPointer(rebasing: $0[range]))
      }
      let length: Int
      switch check {
      case .valid: length = range.count
      case .incomplete(let offset): length = offset
      case .invalid(let offset):
        throw .invalidUTF8(path: buffer.path, line: nil, offset: buffer.offset + offset)
      }
      if length > 0 {
        buffer.bytes.withUnsafeBytes {
          body(UnsafeRawBufferPointer(rebasing: $0[range.lowerBound..<range.lowerBound + length]))
        }
        buffer.drop(length)
        return true
      }
      if try !buffer.fill() {
        if !range.isEmpty {
          throw .invalidUTF8(path: buffer.path, line: nil, offset: buffer.offset)
        }
        content = .none
        position.documents += 1
        finishFile()
        return false
      }
    }
  }

  /// Whether the document in `text` is in the part that is read; counts it in any case.
  private func belongs() -> Bool {
    position.documents += 1
    if split == .all { return true }
    var hash = DocumentHash()
    text.withUnsafeBytes { hash.combine($0) }
    return split.contains(hash: hash)
  }

  private func finishFile() {
    finishedBytes += corpus.files[position.file].size
    buffer = nil
    position = DocumentPosition(
      file: position.file + 1, offset: 0, line: 0, documents: position.documents)
  }

  private func holdObject(_ buffer: TextBuffer) throws(CorpusError) -> Bool {
    while let (range, length) = try buffer.nextLine() {
      let isBlank = buffer.bytes[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
      if !isBlank {
        documentPosition.offset = buffer.offset
        documentPosition.line = position.line
        try check(range, of: buffer)
        var problem: JSONProblem?
        buffer.bytes.withUnsafeBytes { raw in
          let line = UnsafeRawBufferPointer(rebasing: raw[range])
          do throws(JSONProblem) {
            try JSONLine.extract(field, from: line, into: &text)
          } catch {
            problem = error
          }
        }
        if let problem {
          throw .malformedLine(
            path: buffer.path, line: position.line + 1, reason: problem.reason)
        }
      }
      pass(length, of: buffer)
      if !isBlank { return true }
    }
    return false
  }

  private func holdLine(_ buffer: TextBuffer) throws(CorpusError) -> Bool {
    guard let (range, length) = try buffer.nextLine() else { return false }
    try check(range, of: buffer)
    hold(range, of: buffer)
    pass(length, of: buffer)
    return true
  }

  private func holdSection(_ buffer: TextBuffer) throws(CorpusError) -> Bool {
    while buffer.range.count < DocumentReader.longestSection, try buffer.fill() {}
    let range = buffer.range
    if range.isEmpty { return false }
    var end = min(range.upperBound, range.lowerBound + DocumentReader.longestSection)
    let earliest = range.lowerBound + DocumentReader.sectionBytes
    if let newline = buffer.bytes[min(earliest, end)..<end].firstIndex(of: 0x0a) {
      end = newline + 1
    } else if range.upperBound > end {
      while end > earliest, buffer.bytes[end] & 0xc0 == 0x80 { end -= 1 }
    }
    let section = range.lowerBound..<end
    let fault = buffer.bytes.withUnsafeBytes {
      UTF8Check(UnsafeRawBufferPointer(rebasing: $0[section]))
    }
    switch fault {
    case .valid: break
    case .incomplete(let offset), .invalid(let offset):
      throw .invalidUTF8(path: buffer.path, line: nil, offset: buffer.offset + offset)
    }
    hold(section, of: buffer)
    pass(section.count, of: buffer)
    return true
  }

  private func check(_ range: Range<Int>, of buffer: TextBuffer) throws(CorpusError) {
    let fault = buffer.bytes.withUnsafeBytes {
      UTF8Check(UnsafeRawBufferPointer(rebasing: $0[range]))
    }
    switch fault {
    case .valid: break
    case .incomplete(let offset), .invalid(let offset):
      throw .invalidUTF8(path: buffer.path, line: position.line + 1, offset: offset)
    }
  }

  private func hold(_ range: Range<Int>, of buffer: TextBuffer) {
    text.removeAll(keepingCapacity: true)
    buffer.bytes.withUnsafeBytes { text.append(contentsOf: $0[range]) }
  }

  private func pass(_ length: Int, of buffer: TextBuffer) {
    buffer.drop(length)
    position.offset = buffer.offset
    position.line += 1
  }
}
