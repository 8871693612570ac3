/// The linear map `y = x · Wᵀ`, with bias and residual fused into its output.

import Distributed
import Kernels
import Machine

/// How processes divide a linear map (arXiv 1909.08053).
public enum Division {
  /// Each has some of the outputs; the gradient of the input, which all have, is summed.
  case outputs(SumGroup)
  /// Each has some of the inputs; the outputs are summed, and then all have them.
  case inputs(SumGroup)
}

extension Tensor {
  /// `y = x · Wᵀ + bias + residual`
  ///
  /// On a tape that does not record, the result overwrites `residual` (unless that is `self`) and
  /// shares its memory.
  ///
  /// - Parameters:
  ///   - weight: `outputs × columns`.
  ///   - bias: `outputs` values, or nil.
  ///   - residual: `rows × outputs`, or nil.
  ///   - division: how processes divide the map, or nil; with divided outputs, `x` has no other
  ///     reader.
  /// - Complexity: `2 · rows · columns · outputs` FLOPs, twice that on the way back.
  public func linear(
    _ weight: Parameter, bias: Parameter? = nil, residual: Tensor? = nil, division: Division? = nil
  ) -> Tensor {
    precondition(weight.columns == columns, "\(weight.name) does not take \(columns) inputs.")
    let x = self
    let outputs = weight.rows
    let y: Tensor
    if let residual, residual !== self, !tape.isRecording {
      y = residual
    } else {
      y = tape.tensor(rows: rows, columns: outputs)
    }
    let flops = 2 * count * outputs
    let floats = count + weight.count + y.count
    // What is added to a sum over processes, one of them adds.
    var adds = true
    if case .inputs(let group) = division { adds = group.rank == 0 }
    tape.measure(
      weight.operation, flops: flops, floats: floats + (residual == nil ? 0 : y.count)
    ) {
      weight.multiply(
        value, rows: rows, into: y.value, addend: adds ? residual.map { Floats($0.value) } : nil,
        bias: adds ? bias.map { Floats($0.value) } : nil, precision: tape.precision)
    }
    if case .inputs(let group) = division {
      tape.measure("sum over processes", floats: y.count) { group.sum(y.value, count: y.count) }
    }
    x.putAside()
    tape.willContribute(to: weight, bias)
    tape.record(y) { [unowned y] dy in
      let tape = x.tape
      let input = x.value
      tape.measure("\(weight.operation), weights", flops: flops, floats: floats + weight.count) {
        MatrixProduct.multiply(
          dy, .transposed, stride: outputs, input, stride: x.columns,
          into: weight.gradient, stride: x.columns,
          rows: outputs, columns: x.columns, inner: x.rows,
          addend: weight.keepsGradient() ? Floats(weight.gradient) : nil,
          precision: tape.precision)
      }
      x.putAside()
      if let bias {
        tape.measure("biases", floats: x.rows * outputs) {
          tape.addColumnSums(of: dy, rows: x.rows, columns: outputs, to: bias)
        }
      }
      tape.didContribute(to: weight, bias)
      x.receive { dx, keep in
        tape.measure("\(weight.operation), input", flops: flops, floats: floats) {
          MatrixProduct.multiply(
            dy, stride: outputs, weight.value, stride: x.columns, into: dx, stride: x.columns,
            rows: x.rows, columns: x.columns, inner: outputs, addend: keep ? Floats(dx) : nil,
            precision: tape.precision)
        }
        if case .outputs(let group) = division {
          precondition(!keep, "The input of a divided map has no other reader.")
          tape.measure("sum over processes", floats: x.count) { group.sum(dx, count: x.count) }
        }
      }
      if let residual {
        let floats = residual.gradient == nil ? 0 : 3 * y.count
        tape.measure("residual", floats: floats) { residual.adoptGradient(of: y) }
      }
    }
    return y
  }
}

extension Parameter {
  /// What a profile calls the operation of this weight: its name without the block's number.
  var operation: String {
    var parts = name.split(separator: ".")
    if parts.last == "weight" { parts.removeLast() }
    if parts.count > 2, Int(parts[1]) != nil { parts.removeFirst(2) }
    return parts.joined(separator: ".")
  }
}

extension Tape {
  /// Adds the sums of the columns of `matrix` to the gradient of `bias`.
  func addColumnSums(of matrix: Floats, rows: Int, columns: Int, to bias: Parameter) {
    addParts(to: [bias.startedGradient()], counts: [columns], over: rows) { range, sums in
      kernels.addColumnSums(
        of: matrix + range.lowerBound * columns, rows: range.count, columns: columns, to: sums[0])
    }
  }

  /// Divides `rows` into parts, each with zeroed sums of its own (`counts` floats), and adds those
  /// to `targets` in order; the parts depend on `rows` alone, not on the number of threads.
  func addParts(
    to targets: [MutableFloats], counts: [Int], over rows: Int,
    _ body: (_ range: Range<Int>, _ sums: [MutableFloats]) -> Void
  ) {
    let total = counts.reduce(0, +)
    let parts = min(16, (rows + 63) / 64)
    let scratch = borrow(parts * total)
    scratch.update(repeating: 0, count: parts * total)
    Workers.shared.share(parts) { (part: Int) in
      let range = rows * part / parts..<rows * (part + 1) / parts
      var sums: [MutableFloats] = []
      var start = scratch + part * total
      for count in counts {
        sums.append(start)
        start += count
      }
      body(range, sums)
    }
    for part in 0..<parts {
      var start = scratch + part * total
      for (target, count) in zip(targets, counts) {
        kernels.add(start, to: target, count: count)
        start += count
      }
    }
    giveBack(scratch, parts * total)
  }
}
