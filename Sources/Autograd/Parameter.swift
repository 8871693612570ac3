/// What a model learns: named matrices that lie end to end in one array, and their gradients in another.

import Kernels
import Machine

/// One named matrix or vector of a model.
public final class Parameter: @unchecked Sendable {
  /// What a parameter is for, which decides how an optimizer treats it.
  public enum Role: Sendable {
    /// A matrix inside a block: decayed by AdamW, orthogonalised by Muon.
    case matrix
    /// A table looked up by token or position, or the output head.
    case embedding
    /// A bias or the weight of a norm: never decayed.
    case vector
  }

  /// The shape and place of a parameter before its memory exists.
  public struct Declaration: Sendable {
    /// The name, with dots: `blocks.3.attention.output.weight`.
    public var name: String
    /// Outputs of a linear map, entries of a table, 1 for a vector.
    public var rows: Int
    /// Inputs of a linear map, width of a table, length of a vector.
    public var columns: Int
    /// What the parameter is for.
    public var role: Role

    /// Declares a parameter of `rows × columns`.
    public init(_ name: String, rows: Int = 1, columns: Int, role: Role) {
      self.name = name
      self.rows = rows
      self.columns = columns
      self.role = role
    }
  }

  /// The name, unique in its store.
  public let name: String
  /// Outputs of a linear map, entries of a table, 1 for a vector.
  public let rows: Int
  /// Inputs of a linear map, width of a table, length of a vector.
  public let columns: Int
  /// What the parameter is for.
  public let role: Role
  /// The position of the first value in the store's arrays.
  public let offset: Int
  /// `rows × columns` values.
  public let value: MutableFloats
  /// `rows × columns` sums of gradients; operations add to them.
  public fileprivate(set) var gradient: MutableFloats
  /// Whether the gradient holds a sum; if not, its contents are of no meaning.
  fileprivate(set) var hasGradient = true
  /// Whether the gradient is zero outside `metRows`.
  var knowsRows = false
  /// Rows that the gradient was last started for.
  var metRows: RowSet?

  /// The number of values.
  public var count: Int { rows * columns }

  /// The values in fewer bytes, or nil.
  public private(set) var compact: CompactWeights?

  /// Rounds the values to a compact format, which `multiply` then reads where that is faster.
  ///
  /// - Parameters:
  ///   - keepsValues: whether `value` is still needed afterwards. If not, and if `multiply` never
  ///     needs it, its memory is given back, and it is of no meaning.
  ///   - arena: where the rounded values are to lie.
  public func compress(
    to format: CompactWeights.Format, keepsValues: Bool = true, in arena: Arena = Arena()
  ) {
    let compact = CompactWeights(
      rounding: value, rows: rows, columns: columns, to: format, in: arena)
    self.compact = compact
    if !keepsValues, compact.takesAnyRows { Arena.discard(value, count: count) }
  }

  /// `c = x · valueᵀ (+ addend) (+ bias)` for rows of `columns` inputs; `c` is `rows × self.rows`.
  ///
  /// - Parameter stride: the distance between rows of `x`, or nil if they lie side by side.
  public func multiply(
    _ x: Floats, stride: Int? = nil, rows: Int, into c: MutableFloats, addend: Floats? = nil,
    bias: Floats? = nil, precision: Precision = .fp32
  ) {
    let stride = stride ?? columns
    if let compact, compact.takes(rows: rows) {
      compact.multiply(
        x, stride: stride, into: c, rows: rows, inner: columns, addend: addend, bias: bias)
    } else {
      MatrixProduct.multiply(
        x, stride: stride, value, .transposed, stride: columns, into: c, stride: self.rows,
        rows: rows, columns: self.rows, inner: columns, addend: addend, bias: bias,
        precision: precision)
    }
  }

  fileprivate init(
    _ declaration: Declaration, offset: Int, values: MutableFloats, gradients: MutableFloats
  ) {
    name = declaration.name
    rows = declaration.rows
    columns = declaration.columns
    role = declaration.role
    self.offset = offset
    value = values + offset
    gradient = gradients + offset
  }

  /// Whether the next contribution is added to the gradient, or is its first and overwrites it.
  func keepsGradient() -> Bool {
    defer { willHaveAllRows() }
    return hasGradient
  }

  /// The gradient for a contribution that can only be added.
  func startedGradient() -> MutableFloats {
    if !keepsGradient() { clear() }
    return gradient
  }

  /// Says that something is added to the gradient, in rows that may be any.
  public func willHaveAllRows() {
    hasGradient = true
    knowsRows = false
  }

  /// Sets the whole gradient to zero, on all threads.
  func clear() { gradient.zero(count: count) }
}

extension MutableFloats {
  /// Sets `count` values to zero, on all threads.
  fileprivate func zero(count: Int) {
    Workers.shared.divide(count, alignment: 1024) { range, _ in
      (self + range.lowerBound).update(repeating: 0, count: range.count)
    }
  }
}

/// All parameters of a model, in the order in which its forward pass meets them.
///
/// Values lie end to end in one array and gradients in another, every parameter at a multiple of 16
/// floats with zeros between, so that an optimizer, a sum over processes and a checkpoint each are
/// one walk. Memory appears when it is first touched: a model that only predicts has no gradients.
public final class ParameterStore: @unchecked Sendable {
  private let arena = Arena()
  /// The parameters, in forward order.
  public let parameters: [Parameter]
  /// The length of both arrays, padding included.
  public let count: Int
  /// All values.
  public let values: MutableFloats
  /// All gradients.
  public private(set) var gradients: MutableFloats
  private let indices: [String: Int]

  /// Lays out the declared parameters; all values are zero.
  public init(_ declarations: [Parameter.Declaration]) {
    var offsets: [Int] = []
    var end = 0
    for declaration in declarations {
      offsets.append(end)
      end += (declaration.rows * declaration.columns + 15) & ~15
    }
    count = end
    values = arena.floats(max(end, 1))
    gradients = arena.floats(max(end, 1))
    var indices: [String: Int] = [:]
    var parameters: [Parameter] = []
    for (declaration, offset) in zip(declarations, offsets) {
      precondition(
        indices.updateValue(parameters.count, forKey: declaration.name) == nil,
        "Two parameters have the name \(declaration.name).")
      parameters.append(
        Parameter(declaration, offset: offset, values: values, gradients: gradients))
    }
    self.parameters = parameters
    self.indices = indices
  }

  /// The number of learnt values, without padding.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

  /// The parameter of that name, or nil.
  public subscript(name: String) -> Parameter? { indices[name].map { parameters[$0] } }

  /// Sets every gradient to zero, on all threads.
  public func zeroGradients() {
    gradients.zero(count: count)
    for parameter in parameters { parameter.willHaveAllRows() }
  }

  /// Lets the next contribution to every gradient overwrite it, which saves a walk through memory.
  ///
  /// Only before a backward pass that reaches every parameter.
  public func restartGradients() {
    for parameter in parameters { parameter.hasGradient = false }
  }

  /// Gradients are summed into `array` from now on: `count` floats, zero between parameters.
  public func sumGradients(into array: MutableFloats) {
    gradients = array
    for parameter in parameters {
      parameter.gradient = array + parameter.offset
      parameter.knowsRows = false
    }
  }
}
