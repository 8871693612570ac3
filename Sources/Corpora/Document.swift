/// A document of a corpus, and the place where one starts.

/// A text with its place.
public struct Document: Sendable, Equatable {
  /// The text as UTF-8, valid.
  public let bytes: [UInt8]
  /// Where it starts.
  public let position: DocumentPosition

  /// The text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Where a document starts: a value from which a reader can go on.
public struct DocumentPosition: Codable, Sendable, Equatable {
  /// The index of the file in the corpus.
  public var file: Int
  /// The byte of the file's decompressed contents.
  public var offset: Int
  /// The lines before it in the file, for messages.
  public var line: Int
  /// The documents before it in the corpus, in all parts.
  public var documents: Int

  /// The start of the corpus.
  public static let start = DocumentPosition(file: 0, offset: 0, line: 0, documents: 0)
}
