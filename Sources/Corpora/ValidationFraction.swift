/// How large a fraction of a corpus to hold out for validation, if nobody says.

import Glibc

extension Corpus {
  /// The fraction of the documents to hold out: of 0.005, 0.01, 0.02, 0.05, 0.1, … 0.5 the one whose documents come
  /// nearest to 100,000 bytes, or to a tenth of a text that is shorter than a million.
  ///
  /// What a fraction gives is decided by the hashes of the documents (`Split`), and a short corpus has so few that
  /// it may give nothing, or half of the text: so they are counted. A corpus of 20 million bytes or more has
  /// enough in the smallest, and is not read, nor is a pipe.
  ///
  /// - Parameter bytes: The size of the text, roughly, if it is known.
  /// - Returns: The smallest if none gives anything and leaves anything: of a single document.
  /// - Complexity: One pass over the text, 16 bytes a document.
  public func usualValidationFraction(bytes: Int?) throws(CorpusError) -> Double {
    let smallest = Self.usualFractions[0]
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
    let found = Self.usualFractions.map { fraction in
      (fraction: fraction, bytes: documents.reduce(0) { $0 + ($1.place < fraction ? $1.bytes : 0) })
    }.filter { $0.bytes > 0 && $0.bytes < total }
    let nearest = found.min {
      abs(log(Double($0.bytes) / wanted)) < abs(log(Double($1.bytes) / wanted))
    }
    return nearest?.fraction ?? smallest
  }

  /// Bytes to hold out of a corpus that has them to spare: some 25,000 to 50,000 tokens.
  static let usualHeldOutBytes = 100_000
  /// Fractions that can be remembered, and asked for by hand.
  static let usualFractions = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]
}
