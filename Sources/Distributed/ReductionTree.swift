/// The order in which the sums that processes hold become one: a binary tree over micro-batches.

/// A complete binary tree over a power of two of leaves, of which each process holds a run.
///
/// The sum at the root adds the same numbers in the same order whichever process holds which leaves,
/// so it has the same bits for every number of processes. A process first adds up the subtrees that
/// lie whole within its run; what is left of the tree crosses processes. Every process sends what it
/// holds at most about once, and if a power of two of processes hold equal runs, exactly once.
public struct ReductionTree {
  /// A node and the leaves below it, `index << level ..< (index + 1) << level`.
  public struct Node: Hashable, Sendable {
    /// The height above the leaves.
    public var level: Int
    /// The place among the nodes of its level.
    public var index: Int

    /// A node.
    public init(level: Int, index: Int) {
      self.level = level
      self.index = index
    }

    /// The node above.
    public var parent: Node { Node(level: level + 1, index: index / 2) }
    /// The other child of the node above.
    public var sibling: Node { Node(level: level, index: index ^ 1) }
    var leaves: Range<Int> { index << level..<(index + 1) << level }
  }

  /// What one process does for the root of one stretch of the array; its sums are numbered as
  /// `subtrees(of:)` lists them.
  public enum Step: Equatable, Sendable {
    /// Sum `from` is added to sum `into`.
    case add(from: Int, into: Int)
    /// Sum number `sum` goes to another process.
    case send(sum: Int, to: Int)
    /// What another process sends is added to sum number `sum`.
    case receive(from: Int, into: Int)
    /// The root is in sum number `sum` of this process.
    case result(sum: Int)
  }

  /// The leaves of each process, in order, without gaps.
  public let runs: [Range<Int>]
  private let height: Int

  /// A tree of `leaves`, divided among `processes` as equally as whole leaves allow.
  public init(leaves: Int, processes: Int) {
    precondition(leaves > 0 && leaves & (leaves - 1) == 0, "Leaves are a power of two.")
    precondition(processes <= leaves, "Every process has a leaf.")
    height = leaves.trailingZeroBitCount
    runs = (0..<processes).map { leaves * $0 / processes..<leaves * ($0 + 1) / processes }
  }

  /// The largest subtrees within the run of a process, in order.
  public func subtrees(of process: Int) -> [Node] {
    var nodes: [Node] = []
    for leaf in runs[process] {
      nodes.append(Node(level: 0, index: leaf))
      while let last = nodes.last, last.index & 1 == 1, nodes.dropLast().last == last.sibling {
        nodes.removeLast(2)
        nodes.append(last.parent)
      }
    }
    return nodes
  }

  /// What `process` does, in order, so that `owner` ends up with the root.
  public func steps(of process: Int, toward owner: Int) -> [Step] {
    var steps: [Step] = []
    let root = place(
      Node(level: height, index: 0), owner, of: process, runs.indices.map(subtrees), &steps)
    if process == owner { steps.append(.result(sum: root.sum)) }
    return steps
  }

  /// The process and sum where a node's total comes to lie.
  private func place(
    _ node: Node, _ owner: Int, of process: Int, _ subtrees: [[Node]], _ steps: inout [Step]
  ) -> (process: Int, sum: Int) {
    let holder = runs.firstIndex { $0.contains(node.leaves.lowerBound) } ?? 0
    if let sum = subtrees[holder].firstIndex(of: node) { return (holder, sum) }
    let left = Node(level: node.level - 1, index: 2 * node.index)
    let one = place(left, owner, of: process, subtrees, &steps)
    let two = place(left.sibling, owner, of: process, subtrees, &steps)
    // The owner's own sums stay; elsewhere its bits choose, so that owners burden all alike.
    let prefersSecond =
      two.process == owner || (one.process != owner && owner >> (node.level - 1) & 1 == 1)
    let (target, source) = prefersSecond ? (two, one) : (one, two)
    if target.process == source.process {
      if process == target.process { steps.append(.add(from: source.sum, into: target.sum)) }
    } else if process == target.process {
      steps.append(.receive(from: source.process, into: target.sum))
    } else if process == source.process {
      steps.append(.send(sum: source.sum, to: target.process))
    }
    return target
  }
}
