/// How large a share of a corpus to hold out for validation, if nobody says.

import Glibc

extension Corpus {
  /// The share of the documents to hold out: of `usualShares` the one whose documents come nearest to 100,000
  /// bytes, or to a tenth of a text that is shorter than a million.
  ///
  /// What a share gives is decided by the hashes of the documents (`Split`), and a short corpus has so few that
  /// it may give nothing, or half of the text: so they are counted. A corpus of 20 million bytes or more has
  /// enough in the smallest share, and is not read, nor is a pipe.
  ///
  /// - Parameter bytes: The size of the text, roughly, if it is known.
  /// - Returns: The smallest share if none gives anything and leaves anything: of a single document.
  /// - Complexity: One pass over the text, 16 bytes a document.
  public func usualValidationShare(bytes: Int?) throws(CorpusError) -> Double {
    let smallest = Self.usualShares[0]
    let enough = Double(Self.usualHeldOutBytes)
    guard isRereadable, let bytes, Double(bytes) * smallest < enough else { return smallest }
    var documents: [(place: Double, bytes: Int)] = []
    // A part of everything, which cuts text files into the sections that a split divides.
    let reader = try makeReader(split: .training(validationFraction: 0))
    while let document = try reader.next() {
      var hash = DocumentHash()
      document.bytes.withUnsafeBytes { hash.combine($0) }
      documents.append((hash.unitValue, document.bytes.count))
    }
    let total = documents.reduce(0) { $0 + $1.bytes }
    let wanted = min(enough, Double(total) / 10)
    let found = Self.usualShares.map { share in
      (share: share, bytes: documents.reduce(0) { $0 + ($1.place < share ? $1.bytes : 0) })
    }.filter { $0.bytes > 0 && $0.bytes < total }
    let nearest = found.min {
      abs(log(Double($0.bytes) / wanted)) < abs(log(Double($1.bytes) / wanted))
    }
    return nearest?.share ?? smallest
  }

  /// Bytes to hold out of a corpus that has them to spare: some 25,000 tokens, whose mean loss is known within
  /// two hundredths of a nat.
  static let usualHeldOutBytes = 100_000
  /// Shares that can be remembered, and asked for by hand.
  static let usualShares = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]
}
