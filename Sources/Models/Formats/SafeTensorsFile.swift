/// Reading of `.safetensors` files, validated before any value is used.

import Glibc

/// A `.safetensors` file, open for reading.
///
/// Opening reads and checks the header alone: its length, that no name occurs twice, that the tensors
/// lie end to end without holes or overlap, that each is as long as its shape says, and that the file
/// ends with the last of them. Values are read on demand, straight to where they are wanted.
public final class SafeTensorsFile: Sendable {
  /// How a value is stored.
  public enum Element: String, Sendable {
    /// IEEE 754 single precision.
    case float32 = "F32"
    /// IEEE 754 half precision.
    case float16 = "F16"
    /// The upper half of a single.
    case bfloat16 = "BF16"
    /// IEEE 754 double precision; known by size, not read.
    case float64 = "F64"
    /// Known by size, not read.
    case int64 = "I64"
    /// Known by size, not read.
    case uint64 = "U64"
    /// Known by size, not read.
    case int32 = "I32"
    /// Known by size, not read.
    case uint32 = "U32"
    /// Known by size, not read.
    case int16 = "I16"
    /// Known by size, not read.
    case uint16 = "U16"
    /// Known by size, not read.
    case int8 = "I8"
    /// Known by size, not read.
    case uint8 = "U8"
    /// Known by size, not read.
    case boolean = "BOOL"
    /// Known by size, not read.
    case float8E4M3 = "F8_E4M3"
    /// Known by size, not read.
    case float8E5M2 = "F8_E5M2"

    /// Bytes of one value.
    var size: Int {
      switch self {
      case .float64, .int64, .uint64: 8
      case .float32, .int32, .uint32: 4
      case .float16, .bfloat16, .int16, .uint16: 2
      case .int8, .uint8, .boolean, .float8E4M3, .float8E5M2: 1
      }
    }

    /// Whether apus turns it into `Float`.
    public var isReadable: Bool {
      self == .float32 || self == .float16 || self == .bfloat16
    }
  }

  /// A tensor of the file.
  public struct Tensor: Sendable, Equatable {
    /// The name.
    public let name: String
    /// How values are stored.
    public let element: Element
    /// The dimensions, outermost first; empty for a single value.
    public let shape: [Int]
    /// The number of values.
    public let count: Int
    /// The position of the first value in the file, in bytes.
    let position: Int
  }

  /// The longest header the format allows, in bytes.
  public static let longestHeader = 100_000_000

  /// The path.
  public var path: String { file.path }
  /// The tensors by name.
  public let tensors: [String: Tensor]
  /// What `__metadata__` says.
  public let metadata: [String: String]
  private let file: InputFile

  /// Opens the file and checks its header.
  public init(_ path: String) throws(ModelFileError) {
    let file = try InputFile(path)
    self.file = file
    let hint = "The file is damaged or is not a .safetensors file; fetch or write it again."
    func bad(_ problem: String) -> ModelFileError {
      ModelFileError(.badData, path, problem, hint: hint)
    }

    if file.size < 8 { throw bad("\(file.size) bytes are too few for a header") }
    let prefix = try file.read(at: 0, count: 8)
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if length > UInt64(Self.longestHeader) {
      throw bad("the first 8 bytes announce a header of \(length) bytes")
    }
    let start = 8 + Int(length)
    if start > file.size {
      throw bad("the header ends at byte \(start), but the file at byte \(file.size)")
    }
    let header = try file.read(at: 8, count: Int(length))
    if header.first != UInt8(ascii: "{") { throw bad("the header at byte 8 does not begin with {") }
    var members = try JSONValue.object(in: header, of: path, what: "the header at byte 8")

    var metadata: [String: String] = [:]
    switch members.removeValue(forKey: "__metadata__") {
    case nil, .null: break
    case .object(let entries):
      for (key, value) in entries {
        guard case .string(let text) = value else {
          throw bad("__metadata__ gives \(key) a value that is not a text")
        }
        metadata[key] = text
      }
    default: throw bad("__metadata__ is not an object")
    }
    self.metadata = metadata

    var tensors: [Tensor] = []
    for (name, value) in members {
      do {
        tensors.append(try Self.tensor(name, value, start: start))
      } catch {
        throw bad(error.problem)
      }
    }
    // A tensor without values shares its position with the next one.
    tensors.sort { ($0.position, $0.count, $0.name) < ($1.position, $1.count, $1.name) }
    var end = start
    for tensor in tensors {
      if tensor.position != end {
        let what = tensor.position > end ? "bytes that belong to no tensor lie" : "tensors overlap"
        throw bad("\(what) before byte \(max(tensor.position, end)), at \(tensor.name)")
      }
      end += tensor.count * tensor.element.size
    }
    if end > file.size {
      throw bad(
        "the tensors end at byte \(end), but the file at byte \(file.size): it is cut short")
    }
    if end < file.size {
      throw bad("\(file.size - end) bytes follow the last tensor, from byte \(end) on")
    }
    self.tensors = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
  }

  private struct Malformed: Error {
    var problem: String
  }

  private static func tensor(
    _ name: String, _ value: JSONValue, start: Int
  ) throws(Malformed) -> Tensor {
    guard case .object(let entry) = value, case .string(let code)? = entry["dtype"],
      let shape = integers(entry["shape"]), let offsets = integers(entry["data_offsets"]),
      offsets.count == 2
    else { throw Malformed(problem: "the header's entry for \(name) is malformed") }
    guard let element = Element(rawValue: code) else {
      throw Malformed(problem: "\(name) has the unknown data type \(code)")
    }
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow || product > 1 << 48 {
        throw Malformed(problem: "\(name) has the shape \(shape)")
      }
      count = product
    }
    // Positions stay far from overflow: no file is longer than 2^56 bytes.
    if offsets[1] < offsets[0] || offsets[1] > 1 << 56
      || offsets[1] - offsets[0] != count * element.size
    {
      throw Malformed(
        problem: "\(name), \(code) of shape \(shape), takes \(count * element.size) bytes, "
          + "but its place is bytes \(offsets[0])..<\(offsets[1])")
    }
    return Tensor(
      name: name, element: element, shape: shape, count: count, position: start + offsets[0])
  }

  /// The sizes or positions in a JSON array, or nil.
  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard case .array(let values)? = value else { return nil }
    let integers = values.compactMap { value -> Int? in
      if case .integer(let integer) = value, integer >= 0 { integer } else { nil }
    }
    return integers.count == values.count ? integers : nil
  }

  /// The tensor's values from `start` on, as many as `values` holds, as floats.
  public func read(
    _ tensor: Tensor, from start: Int = 0, into values: UnsafeMutableBufferPointer<Float>
  ) throws(ModelFileError) {
    precondition(
      start >= 0 && start + values.count <= tensor.count, "The range lies inside the tensor.")
    let position = tensor.position + start * tensor.element.size
    switch tensor.element {
    case .float32:
      try file.read(at: position, into: UnsafeMutableRawBufferPointer(values))
    case .float16:
      try readHalves(at: position, into: values) { Self.float(half: $0) }
    case .bfloat16:
      try readHalves(at: position, into: values) { Float(bitPattern: UInt32($0) << 16) }
    default:
      throw ModelFileError(
        .badData, path, "\(tensor.name) is stored as \(tensor.element.rawValue)",
        hint: "apus reads F32, F16 and BF16; convert the model to one of them.")
    }
  }

  /// All values of a tensor, as floats.
  public func read(_ tensor: Tensor) throws(ModelFileError) -> [Float] {
    var values = [Float](repeating: 0, count: tensor.count)
    var failure: ModelFileError?
    values.withUnsafeMutableBufferPointer { buffer in
      do throws(ModelFileError) {
        try read(tensor, into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }

  /// The value of a half, by its bits.
  private static func float(half bits: UInt16) -> Float {
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    let value: Float =
      switch exponent {
      // No denormal single may occur on the way: threads of the pool take those for zero.
      case 0: Float(fraction) * 0x1p-24
      case 0x1F: Float(bitPattern: 0x7F80_0000 | fraction << 13)
      default: Float(bitPattern: (exponent + 112) << 23 | fraction << 13)
      }
    return bits & 0x8000 == 0 ? value : -value
  }

  private func readHalves(
    at position: Int, into values: UnsafeMutableBufferPointer<Float>,
    convert: (UInt16) -> Float
  ) throws(ModelFileError) {
    let stride = 1 << 18
    for first in Swift.stride(from: 0, to: values.count, by: stride) {
      let count = min(stride, values.count - first)
      let bytes = try file.read(at: position + 2 * first, count: 2 * count)
      for index in 0..<count {
        values[first + index] = convert(
          UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8)
      }
    }
  }
}
