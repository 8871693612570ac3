/// The matrices that a model means, where several of them are stored as one.

import Autograd
import Models

/// Some rows of a stored matrix that act as a linear map of their own.
struct MatrixSlice: Equatable {
  /// The position of the first value in the arrays of the parameter store.
  var offset: Int
  /// Outputs of the map.
  var rows: Int
  /// Inputs of the map.
  var columns: Int
  /// How processes that compute a layer together divide the map; this is one part.
  var slicing: Slicing

  var count: Int { rows * columns }
}

extension ParameterStore {
  /// The matrices of role `.matrix` that `configuration` means, in order.
  ///
  /// Query, key and value are stored as one matrix, and so are gate and up: an optimizer that
  /// looks at singular values must see them apart.
  ///
  /// - Parameters:
  ///   - configuration: the shape of the layers as they lie here.
  ///   - tensors: processes that divide every layer.
  func matrixSlices(
    _ configuration: TransformerConfiguration, tensors: Int = 1
  ) -> [MatrixSlice] {
    let queries = configuration.heads * configuration.headWidth
    let keys = configuration.keyValueHeads * configuration.headWidth
    return parameters.filter { $0.role == .matrix }.flatMap { parameter in
      let blocks: [Int] =
        if parameter.name.hasSuffix(".attention.qkv.weight") {
          [queries, keys, keys]
        } else if configuration.activation == .swiGLU,
          parameter.name.hasSuffix(".feedForward.up.weight")
        {
          [parameter.rows / 2, parameter.rows / 2]
        } else {
          [parameter.rows]
        }
      precondition(
        blocks.reduce(0, +) == parameter.rows,
        "\(parameter.name) has other rows than its configuration says.")
      let axis: Slicing.Axis? =
        switch parameter.name.split(separator: ".").dropLast().suffix(2).joined(separator: ".") {
        case "attention.qkv", "feedForward.up": .rows
        case "attention.output", "feedForward.down": .columns
        default: nil
        }
      var offset = parameter.offset
      return blocks.map { rows in
        defer { offset += rows * parameter.columns }
        return MatrixSlice(
          offset: offset, rows: rows, columns: parameter.columns,
          slicing: Slicing(
            axis, rows: axis == .rows ? rows * tensors : rows,
            columns: axis == .columns ? parameter.columns * tensors : parameter.columns,
            count: tensors))
      }
    }
  }
}
