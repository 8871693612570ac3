/// The token paths of a search that settle nothing yet, and how to find back along them.

import Tokenizers

/// A token path that settles nothing yet.
struct TokenPath {
  /// The probability of the path.
  var mass: Double
  /// Its place in the trail, −1 for the empty path, less its last token.
  var parent: Int32
  /// The last token.
  var token: Token
  /// Tokens in the path.
  var depth: Int
  /// Bytes of the cover that the path has behind it.
  var covered: Int
  /// Where the path leaves the reader.
  var reader: WordReader
  /// The word so far.
  var word: Int32
  /// For what is left of a path that the model was asked about, its light extensions: where their
  /// weights are, and from which mass on they have been taken out; −1 for a path of its own.
  var rest = -1
  var threshold = 0.0
}

/// The paths that a search may take further, in no order.
struct Frontier {
  private(set) var paths: [TokenPath] = []

  /// Adds a path.
  mutating func append(_ path: TokenPath) { paths.append(path) }

  /// Where the up to `limit` paths of at most `longest` tokens are whose mass times relevance is
  /// largest, the largest first; only such whose relevance is above 0.
  func heaviest(_ limit: Int, longest: Int, relevance: (TokenPath) -> Double) -> [Int] {
    var chosen: [(priority: Double, index: Int)] = []
    var least = 0.0
    var heaviest = 0.0
    for (index, path) in paths.enumerated() where path.depth <= longest {
      let priority = path.mass * relevance(path)
      guard priority > least, priority * 4_096 > heaviest else { continue }
      chosen.append((priority, index))
      heaviest = max(heaviest, priority)
      if chosen.count >= 4 * limit {
        chosen.sort { $0.priority > $1.priority }
        chosen.removeSubrange(limit...)
        least = chosen[limit - 1].priority
      }
    }
    chosen.sort { $0.priority > $1.priority }
    return chosen.prefix(limit).map(\.index)
  }

  /// Removes the paths in some places, and gives them in that order.
  mutating func take(_ indices: [Int]) -> [TokenPath] {
    let taken = indices.map { paths[$0] }
    for index in indices.sorted(by: >) {
      paths.swapAt(index, paths.count - 1)
      paths.removeLast()
    }
    return taken
  }
}

/// The tokens of all paths that were taken further, each path sharing its beginning with others.
struct TokenTrail {
  private var steps: [(parent: Int32, token: Token)] = []

  /// Adds a token behind the path that ends at `parent`, −1 for the empty one; returns its place.
  mutating func append(_ token: Token, behind parent: Int32) -> Int32 {
    steps.append((parent, token))
    return Int32(steps.count - 1)
  }

  /// The tokens of the path that ends at `place`.
  func tokens(at place: Int32) -> [Token] {
    var result: [Token] = []
    var place = place
    while place >= 0 {
      result.append(steps[Int(place)].token)
      place = steps[Int(place)].parent
    }
    return result.reversed()
  }
}
