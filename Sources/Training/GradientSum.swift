/// The gradients of a step: micro-batches added along a binary tree, across processes while the
/// last of them is still on its way back.

import Autograd
import Distributed
import Kernels
import Machine

/// Adds up a step's gradients so that every process ends up with the total of what it owns.
///
/// Memory: one array of gradients for every level of the tree within this process.
final class GradientSum {
  /// A subtree that is complete, and the array that holds its sum.
  private struct Subtree {
    var node: ReductionTree.Node
    var array: MutableFloats
  }

  /// The micro-batches of this process.
  let run: Range<Int>
  /// Messages under way; its clocks tell what communication costs.
  let exchange: Exchange
  private let parameters: ParameterStore
  private let shares: ParameterShares
  private let rank: Int
  private let isShared: Bool
  private let steps: [[ReductionTree.Step]]
  private let piecesOfParameter: [[Int]]
  private let places: [ObjectIdentifier: Int]
  private let arena = Arena()
  private var free: [MutableFloats]
  private var complete: [Subtree] = []
  private var merging: [Subtree] = []
  private var current = 0

  /// A sum over `microBatches`, of which this process of `communicator` has its run.
  init(
    _ parameters: ParameterStore, _ shares: ParameterShares, microBatches: Int,
    _ communicator: any Communicator
  ) {
    self.parameters = parameters
    self.shares = shares
    rank = communicator.rank
    isShared = communicator.size > 1
    exchange = Exchange(communicator)
    let tree = ReductionTree(leaves: microBatches, processes: communicator.size)
    run = tree.runs[communicator.rank]
    let byOwner = (0..<communicator.size).map {
      communicator.size > 1 ? tree.steps(of: communicator.rank, toward: $0) : []
    }
    steps = shares.owners.map { byOwner[$0] }
    var piecesOfParameter = [[Int]](repeating: [], count: parameters.parameters.count)
    for (index, piece) in shares.pieces.enumerated() {
      piecesOfParameter[piece.parameter].append(index)
    }
    self.piecesOfParameter = piecesOfParameter
    places = Dictionary(
      uniqueKeysWithValues: parameters.parameters.enumerated().map {
        (ObjectIdentifier($0.element), $0.offset)
      })
    free = []
  }

  /// Prepares for the way forward and back of micro-batch `index` of the run.
  func start(_ index: Int) {
    if index == run.lowerBound {
      // The array in use is one of ours, or the store's own.
      free += complete.map(\.array).filter { $0 != parameters.gradients }
      complete = []
    } else {
      parameters.sumGradients(into: free.popLast() ?? arena.floats(max(parameters.count, 1)))
    }
    parameters.restartGradients()
    current = index
    var node = ReductionTree.Node(level: 0, index: index)
    merging = []
    while node.index & 1 == 1, let last = complete.last, last.node == node.sibling {
      merging.append(last)
      complete.removeLast()
      node = node.parent
    }
    complete.append(Subtree(node: node, array: parameters.gradients))
  }

  /// Takes in a gradient that is complete for the micro-batch, while it is still in cache.
  func add(_ parameter: Parameter) {
    if !merging.isEmpty || isShared { parameter.willHaveAllRows() }
    for subtree in merging {
      let partner = subtree.array + parameter.offset
      Workers.shared.divide(parameter.count, alignment: 1024) { range, _ in
        kernels.add(
          partner + range.lowerBound, to: parameter.gradient + range.lowerBound,
          count: range.count)
      }
    }
    guard current + 1 == run.upperBound else { return }
    if let place = places[ObjectIdentifier(parameter)] {
      for piece in piecesOfParameter[place] { share(piece) }
    }
    exchange.progress()
  }

  /// Ends a micro-batch.
  func end() {
    free += merging.map(\.array)
    merging = []
  }

  /// Returns when the totals of all that this process owns are in the store's gradients.
  func finish() { exchange.finish() }

  private func share(_ index: Int) {
    let range = shares.pieces[index].range
    let count = range.count
    let sums = complete.map { $0.array + range.lowerBound }
    let gradients = parameters.gradients + range.lowerBound
    exchange.add(
      tag: index,
      steps[index].compactMap { step -> Exchange.Step? in
        switch step {
        case .add(let from, let into): .add(Floats(sums[from]), to: sums[into], count: count)
        case .send(let sum, let process): .send(Floats(sums[sum]), count: count, to: process)
        case .receive(let process, let sum):
          .receiveAndAdd(sums[sum], count: count, from: process)
        case .result(let sum):
          sums[sum] == gradients ? nil : .copy(Floats(sums[sum]), to: gradients, count: count)
        }
      })
  }
}
