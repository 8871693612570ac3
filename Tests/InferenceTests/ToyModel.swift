import Glibc
import Inference
import Models
import Tokenizers

/// A model whose logits are a function of all tokens before: the truth that caches must keep to.
struct ToyModel: LanguageModel {
  final class Cache: LanguageModelCache {
    private(set) var tokens: [[Token]]
    let capacity: Int
    var sequences: Int { tokens.count }
    var count: Int { tokens[0].count }

    init(tokens: [[Token]], capacity: Int) {
      self.tokens = tokens
      self.capacity = capacity
    }

    func append(_ added: [Token]) {
      let length = added.count / sequences
      precondition(count + length <= capacity, "The cache is full.")
      for row in tokens.indices { tokens[row] += added[row * length..<(row + 1) * length] }
    }

    func rewind(to count: Int) {
      for row in tokens.indices { tokens[row].removeSubrange(count...) }
    }

    func replicated(sequences: Int, capacity: Int) -> Cache {
      Cache(tokens: [[Token]](repeating: tokens[0], count: sequences), capacity: capacity)
    }

    func branched(sequences: Int, capacity: Int) -> Cache {
      replicated(sequences: sequences, capacity: capacity)
    }

    func selecting(_ indices: [Int], capacity: Int) -> Cache {
      Cache(tokens: indices.map { tokens[$0] }, capacity: capacity)
    }
  }

  let vocabularySize: Int
  let contextLength: Int
  let logits: @Sendable ([Token]) -> [Float]

  init(
    vocabularySize: Int, contextLength: Int = 64, logits: @escaping @Sendable ([Token]) -> [Float]
  ) {
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.logits = logits
  }

  /// Logits drawn at random for every run of `memory` last tokens, the same for the same seed.
  static func random(
    vocabularySize: Int, contextLength: Int = 64, spread: Float = 2, memory: Int = 2,
    seed: UInt64 = 1
  ) -> ToyModel {
    ToyModel(vocabularySize: vocabularySize, contextLength: contextLength) { tokens in
      var state = seed
      for token in tokens.suffix(memory) { state = scrambled(state &+ UInt64(token) &+ 1) }
      return (0..<vocabularySize).map { index in
        let bits = scrambled(state &+ UInt64(index) &* 7919)
        return spread * (Float(bits >> 40) / Float(1 << 24) * 2 - 1)
      }
    }
  }

  static func scrambled(_ value: UInt64) -> UInt64 {
    var value = value &+ 0x9E37_79B9_7F4A_7C15
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  func makeCache(sequences: Int, capacity: Int) -> Cache {
    Cache(tokens: [[Token]](repeating: [], count: sequences), capacity: capacity)
  }

  func nextLogits(after tokens: [Token], cache: Cache) -> [Float] {
    cache.append(tokens)
    return cache.tokens.flatMap(logits)
  }

  func logProbabilities(of targets: [Token], after inputs: [Token], sequences: Int) -> [Float] {
    let length = inputs.count / sequences
    precondition(length <= contextLength, "The window is too long.")
    return inputs.indices.map { index in
      let row = index / length * length
      return Float(log(probabilities(after: Array(inputs[row...index]))[Int(targets[index])]))
    }
  }

  /// The next-token distribution in double precision.
  func probabilities(after tokens: [Token]) -> [Double] {
    let weights = logits(tokens).map { exp(Double($0)) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }
}

/// A tokenizer given by its tokens: the longest that fits is taken at each place.
struct ToyTokenizer: TextTokenizer {
  let names: [[UInt8]]
  let special: Set<Token>
  var endOfText: Token? { special.min() }
  var vocabularySize: Int { names.count }

  /// `special` are the names that text never contains.
  init(_ names: [String], special: [String] = []) {
    self.init(bytes: names.map { Array($0.utf8) }, special: special)
  }

  init(bytes: [[UInt8]], special: [String] = []) {
    names = bytes
    let marks = Set(special.map { Array($0.utf8) })
    self.special = Set(bytes.indices.filter { marks.contains(bytes[$0]) }.map { Token($0) })
  }

  func bytes(of token: Token) -> [UInt8] { names[Int(token)] }
  func isSpecial(_ token: Token) -> Bool { special.contains(token) }

  func encode(bytes: UnsafeRawBufferPointer, into tokens: inout [Token]) {
    for piece in pretokenize(String(decoding: bytes, as: UTF8.self)) {
      var rest = bytes[piece]
      while !rest.isEmpty {
        let fitting = names.indices.filter {
          !isSpecial(Token($0)) && !names[$0].isEmpty && rest.starts(with: names[$0])
        }
        guard let best = fitting.max(by: { names[$0].count < names[$1].count }) else {
          preconditionFailure("The toy vocabulary does not cover the text.")
        }
        tokens.append(Token(best))
        rest = rest.dropFirst(names[best].count)
      }
    }
  }

  /// GPT-2's rule for ASCII without contractions: an optional space before letters, digits or signs;
  /// white space leaves its last space to what follows.
  func pretokenize(_ text: String) -> [Range<Int>] {
    let bytes = Array(text.utf8)
    func kind(_ byte: UInt8) -> Int {
      if byte == 0x20 || (9...13).contains(byte) { return 0 }
      if byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) { return 1 }
      return (0x30...0x39).contains(byte) ? 2 : 3
    }
    var pieces: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      var end = start
      if bytes[start] == 0x20, start + 1 < bytes.count, kind(bytes[start + 1]) != 0 { end += 1 }
      let run = kind(bytes[end])
      while end < bytes.count, kind(bytes[end]) == run { end += 1 }
      if run == 0, end < bytes.count, end - start > 1 { end -= 1 }
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }
}
