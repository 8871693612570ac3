/// The tables of byte-pair encoding: what a piece starts as, and what merges.

import Machine

/// A byte-pair encoding, byte-level or of characters, immutable and shared by all encoders.
///
/// - SeeAlso: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units"
///   (arXiv 1508.07909).
final class BPEModel: Sendable {
  /// What the encoding does besides merging.
  struct Options: Equatable {
    /// Pieces are raw bytes rather than characters.
    var isByteLevel = true
    /// A piece that is a token as a whole is that token, whatever the merges say.
    var ignoresMerges = false
    /// An unknown character becomes tokens `<0x00>`…`<0xFF>`.
    var byteFallback = false
    /// An unknown character becomes this.
    var unknown: Token?
    /// Neighbouring unknown characters become one token.
    var fusesUnknown = false
  }

  let vocabulary: Vocabulary
  /// Pairs in the order of their ranks, left in the upper half.
  let merges: [UInt64]
  let options: Options
  let table: MergeTable
  /// The rank of the merge of two bytes, the left one in the upper half of the index; nil if a byte
  /// has no token.
  let bytePairs: FlatTable<UInt32>?
  private let products: [Token]
  private let madeBarriers = Guarded<MergeBarriers?>(nil)
  /// The bytes of the longest token.
  let longestToken: Int
  /// The token of each byte, or `missing`.
  private let byteTokens: [Token]

  /// Stands for a byte that no token stands for.
  static let missing = Token.max

  /// Makes the tables; `tokens` are what the merges make, in the same order.
  ///
  /// `derivation` is where the merges come from, if it has the tables already.
  init(
    vocabulary: Vocabulary, merges: [UInt64], making tokens: [Token], options: Options,
    derivation: MergeDerivation? = nil
  ) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.options = options
    table = derivation?.table ?? MergeTable(merges, making: tokens)
    products = tokens
    longestToken = Int(vocabulary.lengths.max() ?? 0)
    let byteTokens: [Token] = (0..<256).map { byte in
      let text =
        options.isByteLevel
        ? [UInt8(byte)] : Array("<0x\(byte < 16 ? "0" : "")\(hexadecimal(byte))>".utf8)
      return vocabulary.token(for: text) ?? BPEModel.missing
    }
    self.byteTokens = byteTokens
    guard options.isByteLevel, !byteTokens.contains(BPEModel.missing) else {
      bytePairs = nil
      return
    }
    if let derivation {
      bytePairs = derivation.bytePairs
      return
    }
    let pairs = FlatTable<UInt32>(count: 1 << 16, filledWith: 0xFF)
    for (left, first) in byteTokens.enumerated() {
      for (right, second) in byteTokens.enumerated() {
        pairs.base[left << 8 | right] = table.rank(first, second)
      }
    }
    bytePairs = pairs
  }

  /// Whether long pieces can be cut at `barriers`: symbols are bytes, each with a token.
  var isCuttable: Bool { bytePairs != nil }

  /// Where long pieces can be cut, made when first asked for: texts in ASCII never do.
  var barriers: MergeBarriers {
    madeBarriers.withLock { made in
      if let made { return made }
      let barriers = MergeBarriers(vocabulary, products: products)
      made = barriers
      return barriers
    }
  }

  /// Writes the tokens that a piece starts as, and returns how many; never more than its bytes.
  @inline(__always)
  func start(
    _ piece: UnsafePointer<UInt8>, _ count: Int, into symbols: UnsafeMutablePointer<Token>
  ) -> Int {
    guard options.isByteLevel else { return startCharacters(piece, count, into: symbols) }
    return byteTokens.withUnsafeBufferPointer { tokens in
      var used = 0
      for index in 0..<count {
        let token = tokens[Int(piece[index])]
        if token != BPEModel.missing {
          symbols[used] = token
          used += 1
        } else if let unknown = options.unknown {
          let repeats =
            options.fusesUnknown && index > 0
            && tokens[Int(piece[index - 1])] == BPEModel.missing
          if !repeats {
            symbols[used] = unknown
            used += 1
          }
        }
      }
      return used
    }
  }

  private func startCharacters(
    _ piece: UnsafePointer<UInt8>, _ count: Int, into symbols: UnsafeMutablePointer<Token>
  ) -> Int {
    let end = piece + count
    var position = piece
    var used = 0
    var wasUnknown = false
    while position < end {
      let width = scalar(at: position, end)?.count ?? 1
      let character = UnsafeBufferPointer(start: position, count: width)
      position += width
      if let token = vocabulary.token(for: character) {
        symbols[used] = token
        used += 1
        wasUnknown = false
        continue
      }
      if options.byteFallback,
        character.allSatisfy({ byteTokens[Int($0)] != BPEModel.missing })
      {
        for byte in character {
          symbols[used] = byteTokens[Int(byte)]
          used += 1
        }
        wasUnknown = false
      } else if let unknown = options.unknown {
        if !(options.fusesUnknown && wasUnknown) {
          symbols[used] = unknown
          used += 1
        }
        wasUnknown = true
      }
    }
    return used
  }
}

/// A byte in base 16, upper case, without leading zeros.
func hexadecimal(_ value: Int) -> String { String(value, radix: 16, uppercase: true) }
