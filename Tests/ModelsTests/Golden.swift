/// The golden folders, and temporary ones to write to.

import FoundationEssentials
import Glibc
import Models
import TestSupport

/// Where a golden folder lies, and its numbers.
struct Golden {
  let family: TransformerConfiguration.Family
  let folder: String

  init(_ family: TransformerConfiguration.Family) {
    self.family = family
    let here = #filePath
    folder = "\(here[..<(here.lastIndex(of: "/") ?? here.endIndex)])/Goldens/\(family.rawValue)"
  }

  /// All tensors of a golden file, as floats.
  func tensors(_ name: String) throws -> [String: [Float]] {
    let file = try SafeTensorsFile("\(folder)/\(name).safetensors")
    var values: [String: [Float]] = [:]
    for (name, tensor) in file.tensors { values[name] = try file.read(tensor) }
    return values
  }
}

/// The largest difference, relative to the largest expected value.
func relativeDifference(_ values: [Float], _ expected: [Float]) -> Float {
  guard values.count == expected.count else { return .infinity }
  let scale = expected.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
  return zip(values, expected)
    .reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(largest, difference)
    } / scale
}

extension TemporaryFolder {
  /// Writes a file and returns its path.
  @discardableResult
  func file(_ name: String, _ bytes: [UInt8]) -> String {
    let file = fopen(self(name), "w")
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    return self(name)
  }

  /// Writes a file and returns its path.
  @discardableResult
  func file(_ name: String, _ text: String) -> String { file(name, Array(text.utf8)) }
}

/// The bytes of a file; empty if there is none.
func bytes(_ path: String) -> [UInt8] {
  guard let file = fopen(path, "r") else { return [] }
  defer { fclose(file) }
  fseek(file, 0, SEEK_END)
  var bytes = [UInt8](repeating: 0, count: ftell(file))
  rewind(file)
  fread(&bytes, 1, bytes.count, file)
  return bytes
}
