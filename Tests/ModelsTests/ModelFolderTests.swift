/// Model folders: transformers' are read and written byte for byte, broken ones are refused.

import Autograd
import FoundationEssentials
import Glibc
import Machine
import Models
import TestSupport
import Testing
import Tokenizers

struct ModelFolderTests {
  private let folder = TemporaryFolder()

  /// A tokenizer of the 256 bytes and an end of text, as `tokenizer.json`.
  private func tokenizer() throws -> Tokenizer { try makeByteTokenizer() }

  private static func model(
    _ family: TransformerConfiguration.Family = .llama, seed: UInt64 = 1
  ) -> Transformer {
    Transformer(
      TransformerConfiguration(
        family: family, vocabularySize: 260, contextLength: 16, layers: 1, width: 16, heads: 2),
      seed: seed)
  }

  private static func values(_ model: Transformer) -> [UInt32] {
    (0..<model.parameters.count).map { model.parameters.values[$0].bitPattern }
  }

  /// A copy of a golden folder that a test may break.
  private func copy(_ family: TransformerConfiguration.Family) -> String {
    for name in ["config.json", "model.safetensors"] {
      folder.file(name, bytes("\(Golden(family).folder)/\(name)"))
    }
    return folder.path
  }

  @Test(
    "tensors that were read are written with transformers' bytes",
    arguments: TransformerConfiguration.Family.allCases)
  func sameBytes(family: TransformerConfiguration.Family) throws {
    let golden = Golden(family)
    let (model, metadata) = try ModelFolder.loadTransformer(golden.folder)
    #expect(metadata == ["format": "pt"])
    let path = "\(folder.path)/model.safetensors"
    try ModelFolder.writeTensors(of: model, to: path)
    #expect(bytes(path) == bytes("\(golden.folder)/model.safetensors"))
  }

  @Test(
    "a folder that was written is the model that was",
    arguments: TransformerConfiguration.Family.allCases)
  func roundTrip(family: TransformerConfiguration.Family) throws {
    let model = Self.model(family)
    let path = "\(folder.path)/model"
    try ModelFolder.write(model, try tokenizer(), to: "\(path)/", metadata: ["step": "12"])
    let loaded = try ModelFolder.load("\(path)/")
    #expect(loaded.path == path)
    #expect(loaded.transformer.configuration == model.configuration)
    #expect(Self.values(loaded.transformer) == Self.values(model))
    #expect(loaded.tokenizer.vocabularySize == 257)
    #expect(loaded.metadata["step"] == "12")
    #expect(folder.names == ["model"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
      ])
  }

  @Test("tensors that are read in several pieces come back bit for bit")
  func pieces() throws {
    // Transposed on the way in, in strips that do not divide their 520 inputs.
    let configuration = TransformerConfiguration(
      family: .gpt2, vocabularySize: 260, contextLength: 16, layers: 1, width: 520, heads: 2)
    let model = Transformer(configuration, seed: 3)
    let path = "\(folder.path)/model"
    try ModelFolder.write(model, try tokenizer(), to: path)
    #expect(Self.values(try ModelFolder.load(path).transformer) == Self.values(model))
  }

  @Test("writing over a folder replaces the model and keeps what else lies there")
  func overwrite() throws {
    let path = "\(folder.path)/model"
    try ModelFolder.write(Self.model(.llama), try tokenizer(), to: path)
    folder.file("model/notes.txt", "mine")
    let other = Self.model(.gpt2, seed: 2)
    try ModelFolder.write(other, try tokenizer(), to: path)
    #expect(Self.values(try ModelFolder.load(path).transformer) == Self.values(other))
    #expect(bytes("\(path)/notes.txt") == Array("mine".utf8))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).allSatisfy {
        !$0.contains("partial")
      })
  }

  @Test("a trainer that saves again replaces one file alone")
  func saveAgain() throws {
    let path = "\(folder.path)/model"
    try ModelFolder.write(Self.model(), try tokenizer(), to: path)
    func inodes() -> [String: UInt] {
      var inodes: [String: UInt] = [:]
      for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
        var status = stat()
        stat("\(path)/\(name)", &status)
        inodes[name] = UInt(status.st_ino)
      }
      return inodes
    }
    let before = inodes()
    try ModelFolder.write(Self.model(seed: 3), try tokenizer(), to: path)
    let changed = inodes().filter { before[$0.key] != $0.value }.map(\.key)
    #expect(changed == ["model.safetensors"])
  }

  @Test("a folder that cannot be made leaves nothing")
  func cannotCreate() throws {
    let tokenizer = try tokenizer()
    let error = try #require(throws: FileFailure.self) {
      try ModelFolder.write(Self.model(), tokenizer, to: "\(folder.path)/none/model")
    }
    #expect(error.code == ENOENT)
    #expect(folder.names == [])
  }

  @Test("a file that cannot be written leaves the model that was there")
  func failingFile() throws {
    let path = "\(folder.path)/model"
    let old = Self.model(seed: 1)
    let tokenizer = try tokenizer()
    try ModelFolder.write(old, tokenizer, to: path)
    // A folder where the temporary file of the last of the files would be.
    mkdir("\(path)/config.json.partial-\(getpid())", 0o755)
    let error = try #require(throws: FileFailure.self) {
      try ModelFolder.write(Self.model(.gpt2, seed: 2), tokenizer, to: path)
    }
    #expect(error.code == EISDIR)
    #expect(Self.values(try ModelFolder.load(path).transformer) == Self.values(old))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).count { $0.contains("partial") }
        == 1)
  }

  @Test("an interrupted replacement is noticed")
  func interrupted() throws {
    let path = copy(.llama)
    folder.file(ModelFolder.unfinishedMark, "")
    let error = try #require(throws: ModelFileError.self) { try ModelFolder.loadTransformer(path) }
    #expect(error.kind == .badData)
    #expect(error.problem.contains("interrupted"))
  }

  @Test("missing files are named")
  func missing() throws {
    func error(_ path: String) throws -> ModelFileError {
      try #require(throws: ModelFileError.self) { try ModelFolder.load(path) }
    }
    #expect(try error("\(folder.path)/none").kind == .missing)
    let file = folder.file("file", "text")
    #expect(try error(file).problem.contains("it is a file"))
    #expect(try error(folder.path).path.hasSuffix("config.json"))
    folder.file("config.json", bytes("\(Golden(.qwen3).folder)/config.json"))
    #expect(try error(folder.path).path.hasSuffix("tokenizer.json"))
    let weights = try #require(throws: ModelFileError.self) {
      try ModelFolder.loadTransformer(folder.path)
    }
    #expect(weights.kind == .missing)
    #expect(weights.path.hasSuffix("model.safetensors"))
    folder.file("model.safetensors.partial-123", "")
    let partial = try #require(throws: ModelFileError.self) {
      try ModelFolder.loadTransformer(folder.path)
    }
    #expect(partial.hint?.contains("interrupted") == true)
  }

  @Test("a tokenizer that is larger than the model's vocabulary is refused")
  func largeTokenizer() throws {
    let path = copy(.qwen3)
    folder.file("tokenizer.json", byteTokenizerJSON)
    let error = try #require(throws: ModelFileError.self) { try ModelFolder.load(path) }
    #expect(error.problem.contains("257 tokens") && error.problem.contains("is 97"))
  }

  @Test(
    "tensors that do not fit config.json are named",
    arguments: [
      (#""num_hidden_layers": 2"#, #""num_hidden_layers": 1"#, "model.layers.1.input_layernorm"),
      (#""num_hidden_layers": 2"#, #""num_hidden_layers": 3"#, "lacks model.layers.2."),
      (
        #""vocab_size": 97"#, #""vocab_size": 98"#, "is [97, 32], but config.json makes it [98, 32]"
      ),
      (#""attention_bias": true"#, #""attention_bias": false"#, "k_proj.bias"),
      (
        #""tie_word_embeddings": false"#, #""tie_word_embeddings": true"#,
        "lm_head.weight differs from the embedding"
      ),
    ])
  func unfitting(usual: String, other: String, problem: String) throws {
    let path = copy(.llama)
    let config = String(decoding: bytes("\(path)/config.json"), as: UTF8.self)
    #expect(config.contains(usual))
    folder.file("config.json", config.replacing(usual, with: other))
    let error = try #require(throws: ModelFileError.self) { try ModelFolder.loadTransformer(path) }
    #expect(error.problem.contains(problem), "\(error)")
  }

  /// The tensors of a golden file, to be written under other names.
  private func rewrite(
    _ family: TransformerConfiguration.Family, to name: String,
    _ rename: (String) -> String?, adding extra: [String: (shape: [Int], values: [Float])] = [:]
  ) throws {
    let file = try SafeTensorsFile("\(Golden(family).folder)/model.safetensors")
    var contents = extra
    for (name, tensor) in file.tensors {
      if let other = rename(name) { contents[other] = (tensor.shape, try file.read(tensor)) }
    }
    var writer = try SafeTensorsWriter(
      "\(folder.path)/\(name)", tensors: contents.map { .init($0.key, shape: $0.value.shape) })
    for tensor in writer.tensors {
      let values = contents[tensor.name]?.values ?? []
      try writer.append(values.span)
    }
    try writer.commit()
  }

  @Test("names without prefix, masks and a repeated tied head are understood")
  func otherNames() throws {
    let path = copy(.gpt2)
    let head = try Golden(.gpt2).tensors("model")["transformer.wte.weight"] ?? []
    try rewrite(
      .gpt2, to: "model.safetensors", { String($0.dropFirst("transformer.".count)) },
      adding: [
        "lm_head.weight": ([97, 32], head), "h.0.attn.bias": ([1, 1, 2, 2], [1, 0, 1, 1]),
        "h.1.attn.masked_bias": ([], [-10_000]),
      ])
    let (model, _) = try ModelFolder.loadTransformer(path)
    let (golden, _) = try ModelFolder.loadTransformer(Golden(.gpt2).folder)
    #expect(Self.values(model) == Self.values(golden))
  }

  @Test("a model in several files is read through its index")
  func shards() throws {
    let path = copy(.qwen3)
    try FileManager.default.removeItem(atPath: "\(path)/model.safetensors")
    let isFirst: (String) -> Bool = { $0.contains("layers.0") }
    try rewrite(.qwen3, to: "model-00001-of-00002.safetensors") { isFirst($0) ? $0 : nil }
    try rewrite(.qwen3, to: "model-00002-of-00002.safetensors") { isFirst($0) ? nil : $0 }
    let names = try Golden(.qwen3).tensors("model").keys
    func index(_ place: (String) -> Int) -> String {
      let entries = names.map { "\"\($0)\": \"model-0000\(place($0))-of-00002.safetensors\"" }
      return "{\"weight_map\": {\(entries.joined(separator: ", "))}}"
    }
    folder.file("model.safetensors.index.json", index { isFirst($0) ? 1 : 2 })
    let (model, _) = try ModelFolder.loadTransformer(path)
    let (golden, _) = try ModelFolder.loadTransformer(Golden(.qwen3).folder)
    #expect(Self.values(model) == Self.values(golden))

    folder.file("model.safetensors.index.json", index { isFirst($0) ? 2 : 1 })
    let error = try #require(throws: ModelFileError.self) { try ModelFolder.loadTransformer(path) }
    #expect(error.problem.contains("is not here, though"))
  }

  @Test("halves are read as the floats nearest to what was saved")
  func halves() throws {
    let path = copy(.nanochat)
    let file = try SafeTensorsFile("\(path)/model.safetensors")
    // The same header with half the bytes: values become the upper halves of singles.
    let source = bytes("\(path)/model.safetensors")
    let length = source.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var header = String(decoding: source[8..<8 + length], as: UTF8.self)
    header = header.replacing("F32", with: "BF16")
    for match in header.matches(of: /\[(\d+),(\d+)\]\}/).reversed() {
      let bounds = [match.1, match.2].compactMap { Int($0) }.map { $0 / 2 }
      header.replaceSubrange(match.range, with: "[\(bounds[0]),\(bounds[1])]}")
    }
    let data = source[(8 + length)...]
    let upper = data.indices.filter { ($0 - data.startIndex) % 4 >= 2 }.map { data[$0] }
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    let exact = try file.read(#require(file.tensors["model.layers.1.mlp.fc1.weight"]))
    folder.file("model.safetensors", prefix + Array(header.utf8) + upper)
    let (model, _) = try ModelFolder.loadTransformer(path)
    let parameter = try #require(model.parameters["blocks.1.feedForward.up.weight"])
    for index in 0..<parameter.count {
      #expect(abs(parameter.value[index] - exact[index]) <= abs(exact[index]) / 128)
    }
  }
}
