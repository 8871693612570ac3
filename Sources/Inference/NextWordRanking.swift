/// The likeliest words that a search has found, how far that is certain, and what would settle it.

/// The order of words at one moment of a search.
///
/// A search for the likeliest words has two kinds of words to look at: those that might still enter
/// the list, and those in it that might still leave. Mass that can end up with none of them need not
/// be settled (as in best-arm identification, Kalyanakrishnan et al. 2012).
struct NextWordRanking {
  /// The nodes of the words found, the likeliest first.
  let words: [Int32]
  /// For every node of the trie the unsettled mass that may yet turn out to be its word.
  let possible: [Double]
  /// How many of the first words no other word can overtake.
  let certified: Int
  /// For every node how many of the words in question it begins; nil if all are.
  private let questions: [Int32]?
  private let coverCount: Int

  init(of search: NextWordSearch, top: Int) {
    coverCount = search.context.cover.count
    let found = search.trie.found
    possible = search.trie.possibleMass()
    var all: [(mass: Double, node: Int32)] = []
    for (node, mass) in found.enumerated() where mass > 0 { all.append((mass, Int32(node))) }
    all.sort { ($0.mass, $1.node) > ($1.mass, $0.node) }
    words = all.prefix(top).map(\.node)
    let listed = Set(words)
    let last = words.count < top ? 0 : all[top - 1].mass
    var rival = 0.0
    var open: [Int] = []
    for node in found.indices {
      // A listed word does not compete with itself, but longer words that begin with it do.
      let isListed = listed.contains(Int32(node))
      let high = (isListed ? 0 : found[node]) + possible[node] + search.doubtful
      rival = max(rival, high)
      if high > last { open.append(node) }
    }
    let highest = rival
    open += words.lazy.map { Int($0) }.filter { found[$0] < highest && found[$0] > 0 }
    questions = words.count < top ? nil : search.trie.counts(of: open)
    var certified = words.count
    while certified > 0, found[Int(words[certified - 1])] < rival {
      let word = Int(words[certified - 1])
      rival = max(rival, found[word] + possible[word] + search.doubtful)
      certified -= 1
    }
    self.certified = certified
  }

  /// How many words in question a path may turn out to be.
  func relevance(_ node: TokenPath) -> Double {
    guard let questions else { return 1 }
    // Mass that may yet be ruled out stands in the way of all; of words met since, only of themselves.
    if !node.reader.isAccepted || node.covered < coverCount { return Double(questions[0]) }
    return Int(node.word) < questions.count ? Double(questions[Int(node.word)]) : 1
  }
}
