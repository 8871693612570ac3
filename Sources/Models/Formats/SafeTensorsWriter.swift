/// Writing of `.safetensors` files, one tensor after the other, whole or not at all.

import Machine
import Tokenizers

/// A `.safetensors` file of float32 tensors that appears under its name when it is committed.
///
/// The header, which holds all shapes, comes first; values follow tensor by tensor, in any portions, so
/// that nothing has to be gathered in memory:
///
/// ```swift
/// var writer = try SafeTensorsWriter(path, tensors: declarations)
/// for tensor in writer.tensors { try writer.append(values(of: tensor).span) }
/// try writer.commit()
/// ```
public struct SafeTensorsWriter: ~Copyable {
  /// The name and shape of a tensor to be written.
  public struct Declaration: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The dimensions, outermost first.
    public var shape: [Int]

    /// Declares a tensor.
    public init(_ name: String, shape: [Int]) {
      self.name = name
      self.shape = shape
    }

    /// The number of values.
    public var count: Int { shape.reduce(1, *) }
  }

  /// The tensors in the order in which their values must be appended: by name.
  public let tensors: [Declaration]
  private var file: AtomicFile
  private let total: Int
  private var written = 0

  /// Writes the header of a file that will hold `tensors`.
  ///
  /// PyTorch's readers want the metadata to give `format` as `pt`; that is added.
  public init(
    _ path: String, tensors: [Declaration], metadata: [String: String] = [:]
  ) throws(FileFailure) {
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    precondition(
      zip(sorted, sorted.dropFirst()).allSatisfy { $0.name != $1.name }, "Names are unique.")
    let entries = metadata.merging(["format": "pt"]) { given, _ in given }
      .sorted { $0.key < $1.key }
      .map { "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }
    var header = "{\"__metadata__\":{\(entries.joined(separator: ","))}"
    var end = 0
    for tensor in sorted {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      header += ",\(JSONText.quoted(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
      header += "\"data_offsets\":[\(end),\(end + 4 * tensor.count)]}"
      end += 4 * tensor.count
    }
    header += "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var file = try AtomicFile(path)
    let length = UInt64(header.utf8.count)
    try file.write((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) })
    try file.write(header)
    self.tensors = sorted
    self.total = end / 4
    self.file = file
  }

  /// Appends values: the rest of the current tensor, part of it, or more than that.
  public mutating func append(_ values: Span<Float>) throws(FileFailure) {
    written += values.count
    precondition(written <= total, "No more values are appended than were declared.")
    var failure: FileFailure?
    values.withUnsafeBufferPointer { buffer in
      do throws(FileFailure) {
        try file.write(UnsafeRawBufferPointer(buffer))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Makes durable what was appended, still under a temporary name: a full disk shows here.
  public mutating func synchronize() throws(FileFailure) { try file.synchronize() }

  /// Makes the file durable and gives it its name.
  public mutating func commit() throws(FileFailure) {
    precondition(written == total, "All declared values are appended.")
    try file.commit()
  }
}
