import Distributed
import Testing

@Suite("Trees of sums") struct ReductionTreeTests {
  /// Adds up `values` as the whole tree does.
  private func sum(_ values: ArraySlice<Float>) -> Float {
    if values.count == 1 { return values[values.startIndex] }
    let middle = values.startIndex + values.count / 2
    return sum(values[..<middle]) + sum(values[middle...])
  }

  /// Values whose sum depends on the order of addition.
  private func values(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7919) % 1_000) * ($0 % 2 == 0 ? 1e-3 : 1e4) + 0.1 }
  }

  @Test("runs are contiguous and cover every leaf once", arguments: [1, 2, 3, 5, 7, 8])
  func runs(processes: Int) {
    let tree = ReductionTree(leaves: 8, processes: processes)
    #expect(tree.runs.flatMap { Array($0) } == Array(0..<8))
    #expect(tree.runs.allSatisfy { !$0.isEmpty })
  }

  @Test("subtrees are the largest that fit: of leaves 2 to 4, one of two leaves and one of one")
  func subtrees() {
    let tree = ReductionTree(leaves: 8, processes: 3)
    #expect(tree.runs == [0..<2, 2..<5, 5..<8])
    #expect(tree.subtrees(of: 1) == [.init(level: 1, index: 1), .init(level: 0, index: 4)])
    #expect(tree.subtrees(of: 2) == [.init(level: 0, index: 5), .init(level: 1, index: 3)])
  }

  @Test(
    "the root has the bits of the tree on one process, whoever owns it",
    arguments: [(1, 1), (2, 2), (4, 3), (8, 2), (8, 3), (8, 5), (16, 4), (16, 7), (32, 32)])
  func bits(leaves: Int, processes: Int) throws {
    let values = values(leaves)
    let tree = ReductionTree(leaves: leaves, processes: processes)
    for owner in 0..<processes {
      var sums = (0..<processes).map { process in
        tree.subtrees(of: process).map { node in
          sum(values[node.index << node.level..<(node.index + 1) << node.level])
        }
      }
      let root = try run(&sums, of: tree, toward: owner)
      #expect(root == sum(values[...]))
    }
  }

  /// Carries out every process's steps, as far as each can go, until all are done.
  private func run(_ sums: inout [[Float]], of tree: ReductionTree, toward owner: Int) throws
    -> Float
  {
    var left = tree.runs.indices.map { tree.steps(of: $0, toward: owner)[...] }
    var post: [[Int]: [Float]] = [:]
    var root: Float?
    var moved = true
    while moved {
      moved = false
      for process in left.indices {
        while let step = left[process].first {
          switch step {
          case .add(let from, let into): sums[process][into] += sums[process][from]
          case .send(let sum, let to): post[[process, to], default: []].append(sums[process][sum])
          case .receive(let from, let into):
            guard let value = post[[from, process]]?.first else { break }
            post[[from, process]]?.removeFirst()
            sums[process][into] += value
            left[process].removeFirst()
            moved = true
            continue
          case .result(let sum):
            #expect(process == owner)
            root = sums[process][sum]
          }
          if case .receive = step { break }
          left[process].removeFirst()
          moved = true
        }
      }
    }
    #expect(left.allSatisfy { $0.isEmpty })
    return try #require(root)
  }

  @Test("a power of two of equal runs sends every sum once, and nobody sends twice")
  func traffic() {
    let tree = ReductionTree(leaves: 8, processes: 4)
    for owner in 0..<4 {
      for process in 0..<4 {
        let sent = tree.steps(of: process, toward: owner).filter {
          if case .send = $0 { true } else { false }
        }
        #expect(sent.count == (process == owner ? 0 : 1))
      }
    }
  }
}
