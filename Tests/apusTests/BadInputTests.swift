/// What goes in wrong comes out as one error with a hint and the right exit code, and nothing is lost.

import FoundationEssentials
import TestSupport
import Testing

@Suite("Bad input")
struct BadInputTests {
  /// Runs the program and checks that it fails with `status`, one error that says `words`, and a
  /// hint; nothing goes to standard output.
  private func expect(
    _ status: Int32, _ words: String, _ arguments: [String], input: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await Program.run(arguments, input: input)
    let comment = Comment(rawValue: "\(arguments.joined(separator: " ")):\n\(result.error)")
    #expect(result.status == status, comment, sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, comment, sourceLocation: sourceLocation)
    let errors = result.error.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    let hints = result.error.split(separator: "\n").filter { $0.hasPrefix("hint: ") }
    #expect(errors.count == 1, comment, sourceLocation: sourceLocation)
    #expect(hints.count >= 1, comment, sourceLocation: sourceLocation)
    #expect(result.error.contains(words), comment, sourceLocation: sourceLocation)
  }

  @Test("unknown verbs and options suggest the nearest")
  func typos() async throws {
    try await expect(64, "did you mean 'apus train'?", ["trian"])
    try await expect(64, "did you mean 'apus tokenizer show'?", ["tokenizer", "shwo"])
    try await expect(
      64, "did you mean '--vocab-size' for '--vocab'?",
      ["tokenizer", "train", "x.txt", "--vocab", "300", "-o", "y"])
    try await expect(64, "apus sample --help", ["sample"])
    try await expect(64, "apus train --help", ["train", "x.txt", "-o", "m", "--steps", "many"])
    try await expect(64, "-o MODEL", ["train", "x.txt"])
    // The help's own words on the option whose value was refused.
    try await expect(
      64, "hint: --time: Train for this long: 90s, 15m, 2h. apus train --help",
      ["train", "x.txt", "-o", "m", "--time", "2x"])
    try await expect(
      64, "error: Unknown option '--temprature'\nhint: did you mean '--temperature'",
      ["sample", "m", "x", "--temprature", "2"])
  }

  @Test("options that contradict each other are a usage error")
  func contradictions() async throws {
    try await expect(64, "exclude", ["train", "x.txt", "-o", "m", "--steps", "3", "--time", "2m"])
    try await expect(64, "--resume", ["train", "x.txt", "--resume", "m"])
    try await expect(
      64, "belongs to --schedule wsd",
      ["train", "x.txt", "-o", "m", "--cooldown", "0.3", "--schedule", "linear"])
    try await expect(64, "at least 1", ["sample", "m", "x", "-n", "0"])
    try await expect(64, "exclude", ["perplexity", "m", "--json", "--per-token"])
  }

  @Test("sizes that no model and no window can have are a usage error, with a hint")
  func sizes() async throws {
    let goods = try await Workshop.shared.goods()
    try await expect(
      64, "100 is not 3 × 33",
      [
        "train", goods.corpus, "--tokenizer", goods.tokenizer, "-o", "m", "--width", "100",
        "--heads", "3", "--dry-run",
      ])
    try await expect(
      64, "hint: --context is 2 to ", ["perplexity", goods.model, goods.corpus, "--stride", "0"])
  }

  @Test("what is not there is no input, and a near name is suggested")
  func missing() async throws {
    let goods = try await Workshop.shared.goods()
    try await expect(66, "did you mean", ["sample", goods.model + "l", "x"])
    try await expect(66, "no tokenizer", ["tokenize", "--tokenizer", goods.tokenizer + ".x"])
    try await expect(
      66, "nothing.txt", ["tokenize", goods.scratch("nothing.txt"), "--tokenizer", goods.tokenizer])
    try await expect(66, "no run", ["train", "--resume", goods.scratch.path])
  }

  @Test("corpora that are not what they seem are bad data")
  func corpora() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let whole = try bytes(of: Program.root + "/corpora/tales.jsonl.zst")
    var damaged = whole
    for index in whole.count / 2..<whole.count / 2 + 8 { damaged[index] ^= 0x5A }
    let cases: [(String, [UInt8], String)] = [
      ("word.jsonl", Array("{\"text\": \"fine\"}\nnot json\n".utf8), "line 2"),
      ("field.jsonl", Array("{\"title\": \"no text\"}\n".utf8), "line 1"),
      ("latin.txt", [0x63, 0x61, 0x66, 0xE9, 0x0A], "UTF-8"),
      ("empty.txt", [], "no text"),
      ("folded.txt.gz", [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3], "gzip"),
      ("cut.jsonl.zst", Array(whole.prefix(whole.count / 2)), "ends inside"),
      ("damaged.jsonl.zst", damaged, "damaged"),
    ]
    for (name, content, words) in cases {
      let path = try scratch.write(content, to: name)
      let output = scratch("out")
      try await expect(
        65, words, ["tokenize", path, "--tokenizer", goods.tokenizer, "-o", output])
      try await expect(
        65, words, ["tokenizer", "train", path, "--vocab-size", "300", "-o", output])
      try await expect(
        65, words, ["train", path, "--tokenizer", goods.tokenizer, "-o", output, "--steps", "2"])
      #expect(!scratch.names.contains { $0.hasPrefix("out") })
    }
  }

  @Test("a corpus shorter than one window is bad data")
  func short() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let path = try scratch.write("Too short.", to: "short.txt")
    try await expect(
      65, "window",
      ["train", path, "--tokenizer", goods.tokenizer, "-o", scratch("m"), "--steps", "2"])
  }

  @Test("a tokenizer that does not fit the model is refused")
  func mismatch() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let model = scratch("m")
    try FileManager.default.copyItem(atPath: goods.model, toPath: model)
    let large = try await Program.run([
      "tokenizer", "train", goods.corpus, "--vocab-size", "450", "-o", "\(model)/tokenizer.json",
      "--force",
    ])
    #expect(large.status == 0)
    try await expect(65, "vocab_size", ["sample", model, "x"])
  }

  @Test("half a model folder is refused")
  func half() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    for (name, status) in [("model.safetensors", Int32(66)), ("config.json", 66)] {
      let model = scratch("without-\(name)")
      try FileManager.default.copyItem(atPath: goods.model, toPath: model)
      try FileManager.default.removeItem(atPath: "\(model)/\(name)")
      try await expect(status, name, ["sample", model, "x"])
    }
    let model = scratch("cut")
    try FileManager.default.copyItem(atPath: goods.model, toPath: model)
    let weights = try bytes(of: "\(model)/model.safetensors")
    try scratch.write(Array(weights.prefix(weights.count / 2)), to: "cut/model.safetensors")
    try await expect(65, "model.safetensors", ["sample", model, "x"])
    try scratch.write("{", to: "cut/config.json")
    try await expect(65, "config.json", ["perplexity", model], input: "some text")
  }

  @Test("what exists is not replaced without --force")
  func existing() async throws {
    let goods = try await Workshop.shared.goods()
    let before = try bytes(of: goods.tokenizer)
    try await expect(
      73, "--force",
      ["tokenizer", "train", goods.corpus, "--vocab-size", "300", "-o", goods.tokenizer])
    try await expect(
      73, "--force", ["tokenize", goods.corpus, "--tokenizer", goods.tokenizer, "-o", goods.corpus])
    try await expect(73, "--resume", Workshop.training(goods, output: goods.model, steps: 2))
    #expect(try bytes(of: goods.tokenizer) == before)
  }

  @Test("a folder that is not there cannot be written to")
  func unwritable() async throws {
    let goods = try await Workshop.shared.goods()
    let nowhere = goods.scratch("no/such/folder/t.json")
    try await expect(
      73, "cannot create",
      ["tokenizer", "train", goods.corpus, "--vocab-size", "300", "-o", nowhere])
    let output = try await Program.run(
      Workshop.training(goods, output: nowhere, steps: 2))
    #expect(output.status == 73, "\(output.error)")
  }

  @Test("a full disk is an error, and leaves nothing half-written")
  func full() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let device = try await Program.shell(
      "$apus tokenize '\(goods.corpus)' --tokenizer '\(goods.tokenizer)' > /dev/full")
    #expect(device.status == 74)
    #expect(device.error.contains("No space left"))
    let arguments = Workshop.training(goods, output: scratch("m"), steps: 2)
      .map { "'\($0)'" }.joined(separator: " ")
    let limited = try await Program.shell("ulimit -f 16; $apus \(arguments)")
    #expect(limited.status == 74, "\(limited.error)")
    #expect(limited.error.contains("hint: "))
    #expect(scratch.names.isEmpty)
    let file = try await Program.shell(
      "ulimit -f 8; $apus tokenize '\(goods.corpus)' --tokenizer '\(goods.tokenizer)' "
        + "-o '\(scratch("ids"))'")
    #expect(file.status == 74, "\(file.error)")
    #expect(scratch.names.isEmpty)
  }

  @Test("ids that are none, or of another vocabulary, are bad data")
  func ids() async throws {
    let goods = try await Workshop.shared.goods()
    let base = ["detokenize", "--tokenizer", goods.tokenizer]
    try await expect(65, "line 1", base, input: "1 two 3")
    try await expect(65, "line 2", base, input: "\n400\n")
  }
}
