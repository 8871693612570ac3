/// Which documents are for training and which for validation, decided by what they say.

import Machine

/// A part of a corpus.
///
/// A document belongs to the validation part when its hash, read as a number in `0..<1`, lies below
/// the fraction. The hash is FNV-1a (64 bits) of the text's UTF-8 bytes, mixed by the finaliser of
/// SplitMix64, so the same text always falls on the same side: whatever its file, its place, or the
/// order of the files, and twice if it occurs twice. A larger fraction only adds documents.
public enum Split: Sendable, Equatable, Codable {
  /// Every document.
  case all
  /// What `validation` with the same fraction leaves.
  case training(validationFraction: Double)
  /// About this share of the documents.
  case validation(validationFraction: Double)

  /// Whether a document whose bytes have this hash belongs here.
  public func contains(hash: DocumentHash) -> Bool {
    switch self {
    case .all: true
    case .training(let fraction): hash.unitValue >= fraction
    case .validation(let fraction): hash.unitValue < fraction
    }
  }

  var inWords: String {
    switch self {
    case .all: "the corpus"
    case .training(let fraction): "the training part (validation fraction \(fraction))"
    case .validation(let fraction): "the validation part (fraction \(fraction))"
    }
  }
}

/// The hash that `Split` decides by: FNV-1a with a final mix.
public struct DocumentHash: Sendable, Equatable {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The hash of no bytes.
  public init() {}

  /// The hash of a text.
  public init(_ text: String) {
    for byte in text.utf8 { combine(byte) }
  }

  /// Takes in the next bytes of the document.
  public mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { combine(byte) }
  }

  @inline(__always)
  private mutating func combine(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// The mixed bits.
  public var bits: UInt64 { mixBits(state) }

  /// The upper 53 bits as a number in `0..<1`.
  public var unitValue: Double { Double(bits >> 11) * 0x1p-53 }
}
