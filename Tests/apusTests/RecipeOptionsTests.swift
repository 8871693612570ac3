import TestSupport
import Testing

@Suite("Recipe options and switches") struct RecipeOptionsTests {
  @Test("options that make no sense are refused")
  func refusals() async throws {
    let corpus = ["train", "nowhere.txt", "-o", "model"]
    for (options, text) in [
      (["--batch-ramp", "1/3"], "1/3"), (["--batch-ramp", "2"], "batch-ramp"),
      (["--context-ramp", "64:2"], "64:2"), (["--average", "0"], "--average"),
      (["--muon-every", "0"], "--muon-every"), (["--activation", "tanh"], "relu2"),
    ] {
      let result = try await Program.run(corpus + options)
      #expect(result.status == 64, "\(options)")
      #expect(result.error.contains(text), "\(options): \(result.error)")
    }
  }

  @Test("a model that departs from its family trains with a whole recipe, and every verb reads it")
  func departures() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    let model = scratch("own")
    let trained = try await Program.run(
      Workshop.training(
        goods, output: model, steps: 6,
        more: [
          "--batch-ramp", "1/2", "--context-ramp", "8:0.8", "--average", "0.2", "--cautious",
          "--decay-to-zero", "--weight-decay", "0.1", "--muon-every", "2", "--embedding-shortcut",
          "--value-embeddings", "--logit-scale", "--activation", "swiglu", "--query-key-norm",
          "off",
        ]))
    #expect(trained.status == 0, "\(trained.error)")
    #expect(trained.error.contains("apus alone will open it"))
    #expect(trained.error.contains("the average of the weights"))
    for arguments in [
      ["sample", model, "The", "--tokens", "8"], ["next", model, "The", "--top", "3"],
      ["perplexity", model, goods.corpus],
      ["train", goods.corpus, "--init", model, "-o", scratch("more"), "--steps", "2"],
    ] {
      let result = try await Program.run(arguments)
      #expect(result.status == 0, "\(arguments): \(result.error)")
    }
  }

  @Test("the plan says what it expects before it starts")
  func expectation() async throws {
    let goods = try await Workshop.shared.goods()
    let result = try await Program.run([
      "train", goods.corpus, "-o", "nowhere", "--tokenizer", goods.tokenizer, "--depth", "2",
      "--tokens", "2k", "--dry-run",
    ])
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.contains("bits per byte on held-out English prose"))
  }

  @Test("a share to cool down over stands for the schedule that has one")
  func cooldown() async throws {
    let goods = try await Workshop.shared.goods()
    for (options, shape) in [(["--cooldown", "0.3"], "wsd"), ([], "linear")] as [([String], String)]
    {
      let result = try await Program.run(
        [
          "train", goods.corpus, "-o", "nowhere", "--tokenizer", goods.tokenizer, "--depth", "2",
          "--start", "counts", "--tokens", "2k", "--dry-run",
        ] + options)
      #expect(result.status == 0, "\(result.error)")
      let line = result.error.split(separator: "\n").first { $0.hasPrefix("  schedule") }
      #expect(line?.contains(shape) == true, "\(result.error)")
    }
  }
}
