/// Matrices of which every process has a part, brought together one process each to be orthogonalised.

import Autograd
import Distributed
import Kernels
import Machine
import Models

/// Directions of Muon where processes divide every layer.
///
/// Every matrix has one of the processes as its owner, all with about as much to do. Parts go to the
/// owner, who orthogonalises the whole, and come back: a process sends and receives about
/// `2 · 4n(1 − 1/size)` bytes a step for the `n` values that it has of such matrices, as much as
/// one sum over the processes of as many. Memory: twice the parts that a process has.
final class SharedMatrices {
  private struct Matrix {
    var slice: MatrixSlice
    var owner: Int
    /// Parts of other processes, at the owner, one after the other.
    var parts: MutableFloats?
  }

  /// Directions, in the layout of the store: written before `orthogonalize`, read after it.
  let directions: MutableFloats
  private let matrices: [Matrix]
  private let group: SumGroup
  private let exchange: Exchange
  private let arena = Arena()
  private let lanes: [[Int]]
  private let scratches: [Orthogonalization.Scratch]

  /// The matrices that `slices` of a store are this process's parts of; equal on all of `group`.
  init(_ slices: [MatrixSlice], _ parameters: ParameterStore, among group: SumGroup) {
    self.group = group
    exchange = Exchange(group.communicator)
    directions = arena.floats(max(parameters.count, 1))
    var burden = [Double](repeating: 0, count: group.size)
    var matrices: [Matrix] = []
    for slice in slices {
      // What every process has whole, each orthogonalises for itself.
      let isCut = slice.slicing.axis != nil
      let owner = isCut ? burden.indices.min { burden[$0] < burden[$1] } ?? 0 : group.rank
      if isCut { burden[owner] += Self.cost(slice) }
      let isOwn = owner == group.rank
      matrices.append(
        Matrix(
          slice: slice, owner: owner,
          parts: isOwn && isCut ? arena.floats(slice.count * (group.size - 1)) : nil))
    }
    self.matrices = matrices
    var lanes = [[Int]](repeating: [], count: Workers.shared.count)
    var costs = [Double](repeating: 0, count: lanes.count)
    let own = matrices.indices.filter { matrices[$0].owner == group.rank }
    for index in own.sorted(by: {
      Self.cost(matrices[$0].slice) > Self.cost(matrices[$1].slice)
    }) {
      let lane = costs.indices.min { costs[$0] < costs[$1] } ?? 0
      lanes[lane].append(index)
      costs[lane] += Self.cost(matrices[index].slice)
    }
    self.lanes = lanes
    let arena = arena
    scratches = lanes.map { lane in
      Orthogonalization.Scratch(
        lane.map { index in
          let whole = matrices[index].slice.slicing
          return MatrixSlice(offset: 0, rows: whole.rows, columns: whole.columns, slicing: whole)
        }, in: arena)
    }
  }

  /// Replaces every direction by its part of the orthogonalised whole.
  func orthogonalize() {
    for (index, matrix) in matrices.enumerated() where matrix.slice.slicing.axis != nil {
      let count = matrix.slice.count
      if let parts = matrix.parts {
        exchange.add(
          tag: index,
          others.enumerated().map {
            .receive(parts + $0.offset * count, count: count, from: $0.element)
          })
      } else {
        exchange.add(
          tag: index,
          [.send(Floats(directions + matrix.slice.offset), count: count, to: matrix.owner)])
      }
    }
    exchange.finish()
    Workers.shared.share(lanes.count) { lane in
      for index in lanes[lane] { orthogonalize(matrices[index], scratches[lane]) }
    }
    for (index, matrix) in matrices.enumerated() where matrix.slice.slicing.axis != nil {
      let count = matrix.slice.count
      if let parts = matrix.parts {
        exchange.add(
          tag: index,
          others.enumerated().map {
            .send(Floats(parts + $0.offset * count), count: count, to: $0.element)
          })
      } else {
        exchange.add(
          tag: index,
          [.receive(directions + matrix.slice.offset, count: count, from: matrix.owner)])
      }
    }
    exchange.finish()
  }

  private var others: [Int] { (0..<group.size).filter { $0 != group.rank } }

  private func orthogonalize(_ matrix: Matrix, _ scratch: Orthogonalization.Scratch) {
    let whole = matrix.slice.slicing
    let own = directions + matrix.slice.offset
    whole.paste(own, into: scratch.first, of: group.rank)
    if let parts = matrix.parts {
      for (place, other) in others.enumerated() {
        whole.paste(parts + place * matrix.slice.count, into: scratch.first, of: other)
      }
    }
    Orthogonalization.apply(rows: whole.rows, columns: whole.columns, scratch)
    let result = scratch.second
    whole.cut(result, into: own, of: group.rank)
    if let parts = matrix.parts {
      for (place, other) in others.enumerated() {
        whole.cut(result, into: parts + place * matrix.slice.count, of: other)
      }
    }
  }

  private static func cost(_ slice: MatrixSlice) -> Double {
    Orthogonalization.cost(rows: slice.slicing.rows, columns: slice.slicing.columns)
  }
}
