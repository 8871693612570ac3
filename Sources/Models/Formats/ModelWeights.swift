/// Parameters to and from the tensors of a model file.

import Autograd
import Machine

/// Copying between a model's parameters and the tensors by which transformers knows them.
enum ModelWeights {
  /// The file's tensors in the order of `wanted`; every name and shape is checked, no value is read.
  static func match(
    _ files: TensorFiles, to configuration: TransformerConfiguration
  ) throws(ModelFileError) -> [(FileTensor, TensorFiles.Entry)] {
    let wanted = configuration.fileTensors
    let prefix = configuration.namePrefix
    let hint = "config.json and the tensors belong to different models, or a part is missing."
    var rest = files.entries
    var matches: [(FileTensor, TensorFiles.Entry)] = []
    var missing: [String] = []
    for tensor in wanted {
      let bare = tensor.name.hasPrefix(prefix) ? String(tensor.name.dropFirst(prefix.count)) : ""
      guard let entry = rest.removeValue(forKey: tensor.name) ?? rest.removeValue(forKey: bare)
      else {
        missing.append(tensor.name)
        continue
      }
      if entry.tensor.shape != tensor.shape {
        throw ModelFileError(
          .badData, entry.file.path,
          "\(entry.tensor.name) is \(entry.tensor.shape), but config.json makes it \(tensor.shape)",
          hint: hint)
      }
      matches.append((tensor, entry))
    }
    if !missing.isEmpty {
      throw ModelFileError(.badData, files.path, "it lacks \(list(missing))", hint: hint)
    }
    if configuration.tiedHead,
      let head = rest.removeValue(forKey: TransformerConfiguration.headTensor),
      let table = matches.first(where: { $0.0.parameter == "embedding.weight" })?.1
    {
      try checkEqual(head, table)
    }
    let surplus = rest.keys.filter { !TransformerConfiguration.isConstantTable($0) }
    if !surplus.isEmpty {
      throw ModelFileError(
        .badData, files.path,
        "it holds \(list(surplus)), which \(configuration.family.rawValue) does not have",
        hint: hint)
    }
    return matches
  }

  /// Fills the parameters with the values of matched tensors.
  static func read(
    _ matches: [(FileTensor, TensorFiles.Entry)], into parameters: ParameterStore
  ) throws(ModelFileError) {
    precondition(
      matches.reduce(0) { $0 + $1.0.count } == parameters.parameterCount,
      "The tensors cover every parameter once.")
    // A failure on another thread is kept until all are done; the first in the file's order counts.
    let pieces = matches.flatMap { place, entry in
      strips(of: place).map { (place: place, entry: entry, strip: $0) }
    }
    let failures = Guarded<[Int: ModelFileError]>([:])
    Workers.shared.share(pieces.count) { (index: Int) in
      let (place, entry, strip) = pieces[index]
      do throws(ModelFileError) {
        try read(strip, of: place, from: entry, into: parameter(of: place, in: parameters))
      } catch {
        failures.withLock { $0[index] = error }
      }
    }
    if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
  }

  /// The outermost dimension of a tensor's file form in strips of about a megabyte.
  private static func strips(of place: FileTensor) -> [Range<Int>] {
    let length = place.shape.first ?? 1
    let step = strip(place.count / max(length, 1))
    return stride(from: 0, to: length, by: step).map { $0..<min(length, $0 + step) }
  }

  private static func read(
    _ strip: Range<Int>, of place: FileTensor, from entry: TensorFiles.Entry,
    into parameter: Parameter
  ) throws(ModelFileError) {
    let width = place.count / max(place.shape.first ?? 1, 1)
    let start = strip.lowerBound * width
    if place.isTransposed {
      try readTransposed(strip, of: entry, into: parameter)
    } else {
      try entry.file.read(
        entry.tensor, from: start,
        into: UnsafeMutableBufferPointer(
          start: parameter.value + place.start + start, count: strip.count * width))
    }
  }

  /// A file with all parameters, complete but not yet under its name.
  static func write(
    _ parameters: ParameterStore, of configuration: TransformerConfiguration, to path: String,
    metadata: [String: String]
  ) throws(FileFailure) -> SafeTensorsWriter {
    let places = configuration.fileTensors
    precondition(
      places.reduce(0) { $0 + $1.count } == parameters.parameterCount,
      "The tensors cover every parameter once.")
    let byName = Dictionary(places.map { ($0.name, $0) }) { first, _ in first }
    var writer = try SafeTensorsWriter(
      path, tensors: places.map { .init($0.name, shape: $0.shape) }, metadata: metadata)
    for tensor in writer.tensors {
      guard let place = byName[tensor.name] else { continue }
      let parameter = parameter(of: place, in: parameters)
      if place.isTransposed {
        try writeTransposed(parameter, to: &writer)
      } else {
        let values = UnsafeBufferPointer(start: parameter.value + place.start, count: place.count)
        try writer.append(values.span)
      }
    }
    return writer
  }

  private static func parameter(of place: FileTensor, in parameters: ParameterStore) -> Parameter {
    guard let parameter = parameters[place.parameter],
      place.start + place.count <= parameter.count
    else { preconditionFailure("The model has no values for \(place.name).") }
    return parameter
  }

  /// Rows of a transposed tensor that are handled at once: about a megabyte.
  private static func strip(_ width: Int) -> Int { max(1, (1 << 18) / max(width, 1)) }

  private static func readTransposed(
    _ strip: Range<Int>, of entry: TensorFiles.Entry, into parameter: Parameter
  ) throws(ModelFileError) {
    let (outputs, inputs) = (parameter.rows, parameter.columns)
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: strip.count * outputs)
    defer { buffer.deallocate() }
    try entry.file.read(entry.tensor, from: strip.lowerBound * outputs, into: buffer)
    // Squares whose lines stay in the nearest cache on both sides.
    let side = 16
    for first in stride(from: 0, to: outputs, by: side) {
      for start in stride(from: 0, to: strip.count, by: side) {
        for output in first..<min(first + side, outputs) {
          let target = parameter.value + output * inputs + strip.lowerBound
          for input in start..<min(start + side, strip.count) {
            target[input] = buffer[input * outputs + output]
          }
        }
      }
    }
  }

  private static func writeTransposed(
    _ parameter: Parameter, to writer: inout SafeTensorsWriter
  ) throws(FileFailure) {
    let (outputs, inputs) = (parameter.rows, parameter.columns)
    let strip = strip(outputs)
    var rows = [Float](repeating: 0, count: min(strip, inputs) * outputs)
    for first in stride(from: 0, to: inputs, by: strip) {
      let count = min(strip, inputs - first)
      for output in 0..<outputs {
        for input in 0..<count {
          rows[input * outputs + output] = parameter.value[output * inputs + first + input]
        }
      }
      try writer.append(rows.span.extracting(first: count * outputs))
    }
  }

  private static func checkEqual(
    _ head: TensorFiles.Entry, _ table: TensorFiles.Entry
  ) throws(ModelFileError) {
    let isEqual: Bool
    if head.tensor.shape == table.tensor.shape {
      isEqual = try head.file.read(head.tensor) == table.file.read(table.tensor)
    } else {
      isEqual = false
    }
    if !isEqual {
      throw ModelFileError(
        .badData, head.file.path,
        "\(head.tensor.name) differs from the embedding, but config.json says they are one",
        hint: "Set tie_word_embeddings to false in config.json if the head was trained apart.")
    }
  }

  private static func list(_ names: some Collection<String>) -> String {
    let first = names.sorted().prefix(3).joined(separator: ", ")
    return names.count > 3 ? "\(first) and \(names.count - 3) more" : first
  }
}
