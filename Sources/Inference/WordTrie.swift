/// Words and beginnings of words as numbers, with the probability mass that lies on each.

/// A trie over bytes. Node 0 is the empty word; a parent's number is below its children's.
struct WordTrie {
  /// The mass of the word that ends at a node.
  private(set) var found: [Double] = [0]
  /// The mass of what has begun as a node's word and is not settled.
  var open: [Double] = [0]
  private var parents: [Int32] = [-1]
  private var lastBytes: [UInt8] = [0]
  private var children: [UInt64: Int32] = [:]

  /// The node of `bytes` behind `node`.
  mutating func append(_ bytes: [UInt8], to node: Int32) -> Int32 {
    var node = node
    for byte in bytes {
      let key = UInt64(node) << 8 | UInt64(byte)
      if let child = children[key] {
        node = child
      } else {
        let child = Int32(parents.count)
        parents.append(node)
        lastBytes.append(byte)
        found.append(0)
        open.append(0)
        children[key] = child
        node = child
      }
    }
    return node
  }

  /// Adds to the mass of the word at `node`.
  mutating func find(_ mass: Double, at node: Int32) { found[Int(node)] += mass }

  /// The bytes of the word at `node`.
  func bytes(of node: Int32) -> [UInt8] {
    var result: [UInt8] = []
    var node = node
    while node > 0 {
      result.append(lastBytes[Int(node)])
      node = parents[Int(node)]
    }
    return result.reversed()
  }

  /// For every node the unsettled mass that may yet turn out to be its word: that of the node and of
  /// all beginnings of it.
  func possibleMass() -> [Double] {
    var sums = open
    for node in sums.indices.dropFirst() { sums[node] += sums[Int(parents[node])] }
    return sums
  }
}
