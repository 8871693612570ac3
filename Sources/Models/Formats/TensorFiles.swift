/// The tensors of a model folder, in one `.safetensors` file or several.

import Glibc

/// The tensors of `model.safetensors`, or of the shards that `model.safetensors.index.json` names.
struct TensorFiles {
  /// A tensor and the file that holds it.
  struct Entry {
    var tensor: SafeTensorsFile.Tensor
    var file: SafeTensorsFile
  }

  /// The file that names all others.
  let path: String
  /// The tensors by name.
  let entries: [String: Entry]
  /// What `__metadata__` of the single file says; empty for shards.
  let metadata: [String: String]

  static let single = "model.safetensors"
  static let index = "model.safetensors.index.json"

  /// Opens the tensors of the folder.
  init(folder: String) throws(ModelFileError) {
    let single = "\(folder)/\(Self.single)"
    let index = "\(folder)/\(Self.index)"
    if access(single, F_OK) == 0 || access(index, F_OK) != 0 {
      let file = try SafeTensorsFile(single)
      path = single
      metadata = file.metadata
      entries = file.tensors.mapValues { Entry(tensor: $0, file: file) }
      return
    }
    path = index
    metadata = [:]
    let members = try JSONValue.object(in: try InputFile.whole(index), of: index)
    guard case .object(let map)? = members["weight_map"] else {
      throw ModelFileError(.badData, index, "there is no weight_map")
    }
    var shards: [String: SafeTensorsFile] = [:]
    var entries: [String: Entry] = [:]
    for (name, value) in map {
      guard case .string(let shard) = value, !shard.contains("/"), shard.hasSuffix(".safetensors")
      else { throw ModelFileError(.badData, index, "the place of \(name) is no shard's name") }
      let file: SafeTensorsFile
      if let known = shards[shard] {
        file = known
      } else {
        file = try SafeTensorsFile("\(folder)/\(shard)")
        shards[shard] = file
      }
      guard let tensor = file.tensors[name] else {
        throw ModelFileError(
          .badData, file.path, "\(name) is not here, though \(Self.index) says so",
          hint: "The shards belong to different downloads; fetch the model again.")
      }
      entries[name] = Entry(tensor: tensor, file: file)
    }
    for file in shards.values {
      if let extra = file.tensors.keys.sorted().first(where: { entries[$0] == nil }) {
        throw ModelFileError(.badData, file.path, "\(extra) is not listed in \(Self.index)")
      }
    }
    self.entries = entries
  }
}
