/// Slow truths: encoding and training as their definitions say, and a source of random numbers.

import FoundationEssentials
import Tokenizers

/// A small generator of random numbers with a seed.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

enum Reference {
  /// Merges the pair of the lowest rank, the leftmost first, until none is left.
  static func merge(_ start: [Token], _ ranks: [[Token]: (rank: Int, token: Token)]) -> [Token] {
    var symbols = start
    while true {
      var best: (rank: Int, place: Int, token: Token)?
      for place in symbols.indices.dropLast() {
        if let found = ranks[[symbols[place], symbols[place + 1]]],
          found.rank < best?.rank ?? .max
        {
          best = (found.rank, place, found.token)
        }
      }
      guard let best else { return symbols }
      symbols.replaceSubrange(best.place...best.place + 1, with: [best.token])
    }
  }

  /// Trains by counting all pairs anew before each merge: the most frequent, then the smallest ids.
  static func train(
    _ documents: [[UInt8]], pattern tokenizer: Tokenizer, size: Int, minFrequency: Int,
    maxTokenLength: Int?
  ) -> [[Token]] {
    var tokens: [UInt8: Token] = [:]
    for token in 0..<Token(256) { tokens[tokenizer.bytes(of: token)[0]] = token }
    var lengths = [Int](repeating: 1, count: 256)
    var words: [[Token]] = []
    for document in documents {
      let text = String(decoding: document, as: UTF8.self)
      for range in tokenizer.pretokenize(text) {
        words.append(document[range].compactMap { tokens[$0] })
      }
    }
    var merges: [[Token]] = []
    while lengths.count < size {
      var counts: [[Token]: Int] = [:]
      for word in words {
        for place in word.indices.dropLast() {
          let pair = [word[place], word[place + 1]]
          let length = lengths[Int(pair[0])] + lengths[Int(pair[1])]
          if length > 2, let maxTokenLength, length >= maxTokenLength { continue }
          counts[pair, default: 0] += 1
        }
      }
      let best = counts.min {
        $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
      }
      guard let best, best.value >= max(1, minFrequency) else { break }
      let token = Token(lengths.count)
      lengths.append(lengths[Int(best.key[0])] + lengths[Int(best.key[1])])
      merges.append(best.key)
      words = words.map { merge($0, [best.key: (0, token)]) }
    }
    return merges
  }
}

/// The cases of swift-gigatoken's parity files.
enum ParityFile {
  private struct Case: Decodable {
    var text: String
    var tokens: [Token]
  }

  static func cases(_ bytes: [UInt8]) throws -> [(String, [Token])] {
    let isArray = bytes.first == UInt8(ascii: "[")
    let data = isArray ? Data(bytes) : Data("[".utf8) + Data(bytes) + Data("]".utf8)
    return try JSONDecoder().decode([Case].self, from: data).map { ($0.text, $0.tokens) }
  }
}
