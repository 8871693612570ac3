import Inference
import Testing

@Suite("Word trie")
struct WordTrieTests {
  @Test("the same bytes lead to the same node, by whatever steps, also when there are many")
  func nodes() {
    var trie = WordTrie()
    var nodes: [[UInt8]: Int32] = [[]: 0]
    for number in 0..<20_000 {
      let bytes = Array(String(ToyModel.scrambled(UInt64(number % 9_000)), radix: 36).utf8)
      let middle = trie.append(Array(bytes[..<(number % 7)]), to: 0)
      let node = trie.append(Array(bytes[(number % 7)...]), to: middle)
      #expect(nodes[bytes] ?? node == node)
      nodes[bytes] = node
    }
    #expect(Set(nodes.values).count == 9_001)
    for (bytes, node) in nodes { #expect(trie.bytes(of: node) == bytes) }
  }

  @Test("open mass counts for a beginning and all that begins with it")
  func possible() {
    var trie = WordTrie()
    let car = trie.append(Array("car".utf8), to: 0)
    let cart = trie.append(Array("t".utf8), to: car)
    let dog = trie.append(Array("dog".utf8), to: 0)
    trie.open[0] = 1
    trie.open[Int(car)] = 2
    trie.open[Int(cart)] = 4
    let possible = trie.possibleMass()
    #expect(possible[Int(car)] == 3 && possible[Int(cart)] == 7 && possible[Int(dog)] == 1)
  }
}
