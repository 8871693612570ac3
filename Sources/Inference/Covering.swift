/// All ways in which tokens can spell given bytes, with their probabilities.

import Glibc
import HeapModule
import Models
import Tokenizers

/// The covering of some bytes (Vieira et al., arXiv 2412.03719): token sequences that spell them, the
/// last token with them or beyond.
struct Covering {
  /// A sequence and its probability given the tokens before.
  struct Path {
    var tokens: [Token]
    var mass: Double
  }

  private(set) var paths: [Path] = []
  /// The mass of sequences that were not looked at to their end.
  private(set) var remaining = 0.0

  private struct Open: Comparable {
    var tokens: [Token]
    var count: Int
    var mass: Double
    static func < (first: Open, second: Open) -> Bool { first.mass < second.mass }
  }

  /// Finds the covering of `bytes` behind the first sequence of `prefix`, whose next logits are
  /// `logits`; heavy sequences first, until what is left is a 10⁻⁹ of what was found.
  init<Model: LanguageModel>(
    of bytes: [UInt8], model: Model, tokenizer: some TextTokenizer, prefix: Model.Cache,
    logits: [Float], longest: Int, budget: Int = 1_024
  ) {
    let known = min(model.vocabularySize, tokenizer.vocabularySize)
    let ending = Set(bytes)
    var spellings: [(token: Token, bytes: [UInt8])] = []
    for index in 0..<known where !tokenizer.isSpecial(Token(index)) {
      let own = tokenizer.bytes(of: Token(index))
      if let first = own.first, ending.contains(first) { spellings.append((Token(index), own)) }
    }
    var heap = Heap<Open>()
    var found = 0.0
    func expand(_ open: Open, _ logits: ArraySlice<Float>) {
      let rest = bytes[open.count...]
      let scores = logits.prefix(known)
      let largest = scores.reduce(-.infinity) { max($0, $1) }
      let total = scores.reduce(0.0) { $0 + Double(expf($1 - largest)) }
      for (token, own) in spellings {
        let isLast = own.count >= rest.count
        guard isLast ? own.starts(with: rest) : rest.starts(with: own) else { continue }
        let logit = logits[logits.startIndex + Int(token)]
        let mass = open.mass * Double(expf(logit - largest)) / total
        guard mass > 0 else { continue }
        if isLast {
          paths.append(Path(tokens: open.tokens + [token], mass: mass))
          found += mass
        } else {
          remaining += mass
          heap.insert(
            Open(tokens: open.tokens + [token], count: open.count + own.count, mass: mass))
        }
      }
    }
    expand(Open(tokens: [], count: 0, mass: 1), logits[...])
    var left = budget
    var tooLong = 0.0
    while left > 0, remaining > 1e-9 * found, let first = heap.popMax() {
      if first.tokens.count >= longest {
        tooLong += first.mass
        remaining -= first.mass
        continue
      }
      var batch = [first]
      var others: [Open] = []
      while batch.count < min(64, left), others.count < 256, let next = heap.popMax() {
        if next.tokens.count == first.tokens.count {
          batch.append(next)
        } else {
          others.append(next)
        }
      }
      heap.insert(contentsOf: others)
      let depth = first.tokens.count
      let branches = prefix.branched(sequences: batch.count, capacity: prefix.count + depth)
      let rows = model.nextLogits(after: batch.flatMap(\.tokens), cache: branches)
      for (row, open) in batch.enumerated() {
        remaining -= open.mass
        expand(open, rows[row * model.vocabularySize..<(row + 1) * model.vocabularySize])
      }
      left -= batch.count
    }
    remaining = max(0, remaining + tooLong)
  }

  /// The mass of all sequences that were found.
  var mass: Double { paths.reduce(0) { $0 + $1.mass } }

  /// The sequence at `point` (0 ..< 1) of the mass, or the likeliest for nil.
  func path(at point: Double?) -> Path? {
    guard let point else { return paths.max { $0.mass < $1.mass } }
    var rest = point * mass
    for path in paths {
      rest -= path.mass
      if rest < 0 { return path }
    }
    return paths.last
  }

  /// The probability of each token of `path` given those before it and that the bytes are spelt.
  func shares(of path: Path) -> [Double] {
    var before = mass
    return path.tokens.indices.map { index in
      let with = paths.reduce(0.0) {
        $1.tokens.starts(with: path.tokens[...index]) ? $0 + $1.mass : $0
      }
      defer { before = with }
      return with / before
    }
  }
}
