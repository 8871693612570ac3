/// Who keeps the optimizer's state of which parameters, and updates them: ZeRO's first stage.

import Autograd
import Models

/// A stretch of the parameters that one process owns.
public struct ParameterPiece: Sendable, Equatable {
  /// The stretch of the store's arrays; padding at a parameter's end belongs to its last piece.
  public let range: Range<Int>
  /// The place of the parameter in the store.
  public let parameter: Int
}

/// The parameters in pieces, each owned by one of the processes that hold them (arXiv 1910.02054).
///
/// The pieces do not depend on the number of processes. What Muon treats as one matrix is one piece,
/// whose orthogonalisation only its owner computes; everything else is cut into pieces of 1 MiB.
public struct ParameterShares: Sendable {
  /// The largest piece that is no matrix of Muon's, in floats.
  private static let largest = 1 << 18
  /// FLOPs that moving one float and AdamW's update of it are worth.
  private static let costOfMoving = 200.0

  /// Every piece, in the order of the store.
  public let pieces: [ParameterPiece]
  /// The owner of every piece.
  public let owners: [Int]

  /// Cuts `parameters` and gives every piece to one of `processes`, so that all have as much to do.
  ///
  /// Matrices of Muon come first, so that processes which hold different parts of the same matrices
  /// give them to the same owners, though other parts may differ in size.
  ///
  /// - Parameters:
  ///   - configuration: the shape of the layers as they lie in `parameters`.
  ///   - repeated: the name of a parameter that another stage holds too; its pieces go round, so that
  ///     both stages give them to the same owners.
  init(
    _ parameters: ParameterStore, kind: OptimizerOptions.Kind,
    configuration: TransformerConfiguration, processes: Int, repeated: String? = nil
  ) {
    var slices: [Int: MatrixSlice] = [:]
    if kind == .muon {
      for slice in parameters.matrixSlices(configuration) { slices[slice.offset] = slice }
    }
    var pieces: [ParameterPiece] = []
    var costs: [Double] = []
    for (index, parameter) in parameters.parameters.enumerated() {
      let padded = parameter.offset + (parameter.count + 15) & ~15
      var start = parameter.offset
      while start < padded {
        var end = min(start + Self.largest, padded)
        var cost = 0.0
        if let slice = slices[start] {
          end = start + slice.count
          cost = Orthogonalization.cost(rows: slice.rows, columns: slice.columns)
          if end >= parameter.offset + parameter.count { end = padded }
        }
        pieces.append(ParameterPiece(range: start..<end, parameter: index))
        costs.append(cost + Self.costOfMoving * Double(end - start))
        start = end
      }
    }
    self.pieces = pieces
    var owners = [Int](repeating: 0, count: pieces.count)
    var burden = [Double](repeating: 0, count: processes)
    let isRepeated = { (piece: Int) in
      parameters.parameters[pieces[piece].parameter].name == repeated
    }
    let isMatrix = { (piece: Int) in slices[pieces[piece].range.lowerBound] != nil }
    func place(_ chosen: [Int]) {
      for piece in chosen.sorted(by: { (costs[$0], $1) > (costs[$1], $0) }) {
        let owner = burden.indices.min { (burden[$0], $0) < (burden[$1], $1) } ?? 0
        owners[piece] = owner
        burden[owner] += costs[piece]
      }
    }
    place(pieces.indices.filter(isMatrix))
    for (turn, piece) in pieces.indices.filter(isRepeated).enumerated() {
      owners[piece] = turn % processes
      burden[owners[piece]] += costs[piece]
    }
    place(pieces.indices.filter { !isMatrix($0) && !isRepeated($0) })
    self.owners = owners
  }

  /// The stretches that `process` owns, neighbours joined.
  public func ranges(of process: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (piece, owner) in zip(pieces, owners) where owner == process {
      if let last = ranges.last, last.upperBound == piece.range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<piece.range.upperBound
      } else {
        ranges.append(piece.range)
      }
    }
    return ranges
  }
}
