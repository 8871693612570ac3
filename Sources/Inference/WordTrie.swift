/// Words and beginnings of words as numbers, with the probability mass that lies on each.

/// A trie over bytes. Node 0 is the empty word; a parent's number is below its children's.
package struct WordTrie {
  /// The mass of the word that ends at a node.
  private(set) var found: [Double] = [0]
  /// The mass of what has begun as a node's word and is not settled.
  package var open: [Double] = [0]
  private var parents: [Int32] = [-1]
  private var lastBytes: [UInt8] = [0]
  /// Open addressing over (parent, byte): a place holds the child, or −1. A search makes millions of
  /// look-ups, for which a dictionary's hashing is too slow.
  private var places = [Int32](repeating: -1, count: 1 << 12)

  /// An empty trie.
  package init() {}

  /// The node of `bytes` behind `node`.
  package mutating func append(_ bytes: [UInt8], to node: Int32) -> Int32 {
    append(bytes[...], to: node)
  }

  /// The node of `bytes` behind `node`.
  mutating func append(_ bytes: ArraySlice<UInt8>, to node: Int32) -> Int32 {
    var node = node
    for byte in bytes {
      let place = place(of: byte, behind: node)
      if places[place] >= 0 {
        node = places[place]
      } else {
        places[place] = Int32(parents.count)
        parents.append(node)
        lastBytes.append(byte)
        found.append(0)
        open.append(0)
        node = places[place]
        if 2 * parents.count > places.count { grow() }
      }
    }
    return node
  }

  private func place(of byte: UInt8, behind parent: Int32) -> Int {
    let key = UInt64(UInt32(bitPattern: parent)) << 8 | UInt64(byte)
    var place = Int((key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (places.count - 1)
    while places[place] >= 0 {
      let child = Int(places[place])
      if parents[child] == parent, lastBytes[child] == byte { break }
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  private mutating func grow() {
    places = [Int32](repeating: -1, count: 2 * places.count)
    for node in parents.indices.dropFirst() {
      let place = place(of: lastBytes[node], behind: parents[node])
      places[place] = Int32(node)
    }
  }

  /// Adds to the mass of the word at `node`.
  mutating func find(_ mass: Double, at node: Int32) { found[Int(node)] += mass }

  /// The bytes of the word at `node`.
  package func bytes(of node: Int32) -> [UInt8] {
    var result: [UInt8] = []
    var node = node
    while node > 0 {
      result.append(lastBytes[Int(node)])
      node = parents[Int(node)]
    }
    return result.reversed()
  }

  /// For every node how many of `chosen` nodes are that or lie behind it.
  func counts(of chosen: [Int]) -> [Int32] {
    var counts = [Int32](repeating: 0, count: parents.count)
    for node in chosen { counts[node] += 1 }
    for node in parents.indices.dropFirst().reversed() {
      counts[Int(parents[node])] += counts[node]
    }
    return counts
  }

  /// For every node the unsettled mass that may yet turn out to be its word: that of the node and of
  /// all beginnings of it.
  package func possibleMass() -> [Double] {
    var sums = open
    for node in sums.indices.dropFirst() { sums[node] += sums[Int(parents[node])] }
    return sums
  }
}
