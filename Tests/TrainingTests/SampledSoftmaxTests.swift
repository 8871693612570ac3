import Distributed
import FoundationEssentials
import Machine
import Models
import TestSupport
import Testing
import Training

extension WholeRuns {
  @Suite("Runs whose loss sees a sample of the vocabulary") struct SampledSoftmaxTests {
    private func run() throws -> SmallRun {
      var run = try SmallRun()
      run.options.sampledTokens = 40
      run.options.microBatches = 4
      return run
    }

    private let files = ["model.safetensors", "training/optimizer.safetensors"]

    @Test("a run that was stopped and resumed gives the same bytes", arguments: [1, 5])
    func resume(stop: Int) throws {
      let run = try run()
      defer { run.folder.remove() }
      #expect(try run.trainer("whole").run() == .finished)
      try run.trainInParts("parts", stop: stop)
      for file in files {
        #expect(try run.bytes(file, of: "whole") == run.bytes(file, of: "parts"), "\(file)")
      }
    }

    @Test("any number of threads, processes and stages gives the same bytes")
    func same() throws {
      var run = try run()
      defer { run.folder.remove() }
      run.configuration.layers = 2
      let before = Workers.shared.count
      defer { Workers.configure(count: before) }
      Workers.configure(count: 1)
      _ = try run.trainer("alone").run()
      Workers.configure(count: 3)
      _ = try run.trainer("threads").run()
      let options = run.options
      for (name, processes, stages) in [("processes", 2, 1), ("stages", 2, 2)] {
        let (configuration, tokenizer) = (run.configuration, run.tokenizer)
        let folder = "\(run.folder.path)/\(name)"
        _ = try ThreadCommunicator.run(processes) {
          try Trainer(
            Transformer(configuration, seed: 1), tokenizer: tokenizer, options: options,
            folder: folder, communicator: $0, stages: stages
          ).run()
        }
      }
      for file in files {
        let alone = try run.bytes(file, of: "alone")
        for name in ["threads", "processes", "stages"] {
          #expect(try run.bytes(file, of: name) == alone, "\(name) \(file)")
        }
      }
    }

    @Test("a sample learns what the whole vocabulary does")
    func learns() throws {
      var run = try run()
      defer { run.folder.remove() }
      run.options.horizon = .steps(150)
      let sampled = try run.trainer("sampled")
      _ = try sampled.run()
      run.options.sampledTokens = nil
      let whole = try run.trainer("whole")
      _ = try whole.run()
      let losses = try [sampled, whole].map { try #require($0.evaluation?.loss) }
      #expect(losses[1] < 1.5, "far below ln 257")
      #expect(abs(losses[0] - losses[1]) < 0.15)
    }

    @Test("processes that divide the vocabulary are an error that says what to do")
    func divided() throws {
      let run = try run()
      defer { run.folder.remove() }
      let (configuration, options, tokenizer) = (run.configuration, run.options, run.tokenizer)
      let folder = run.model
      #expect {
        _ = try ThreadCommunicator.run(2) {
          _ = try Trainer(
            Transformer(configuration, seed: 1), tokenizer: tokenizer, options: options,
            folder: folder, communicator: $0, tensors: 2)
        }
      } throws: { error in
        guard case TrainingError.layout(let problem, let hint)? = error as? TrainingError else {
          return false
        }
        return problem.contains("sample of the vocabulary") && hint.contains("--sampled-softmax 0")
      }
      #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test("the plan samples large vocabularies of nanochat, and what is asked for")
    func plan() {
      func sampled(_ adjust: (inout TrainingPlan.Wishes) -> Void) -> Int? {
        var wishes = TrainingPlan.Wishes()
        adjust(&wishes)
        return TrainingPlan(wishes, cores: 2).sampledTokens
      }
      #expect(sampled { $0.vocabularySize = 8_192 } == 2_048)
      #expect(sampled { $0.vocabularySize = 4_096 } == nil)
      #expect(sampled { $0.family = .gpt2 } == nil)
      #expect(sampled { $0.dividesVocabulary = true } == nil)
      #expect(sampled { $0.sampledTokens = 0 } == nil)
      #expect(
        sampled {
          $0.sampledTokens = 300
          $0.family = .gpt2
        } == 300)
      var wishes = TrainingPlan.Wishes()
      wishes.vocabularySize = 8_192
      wishes.horizon = .seconds(60)
      let plan = TrainingPlan(wishes, cores: 2)
      wishes.sampledTokens = 0
      #expect(plan.expectedTokens > TrainingPlan(wishes, cores: 2).expectedTokens)
      #expect(plan.options(data: DataOptions(corpus: [])).sampledTokens == 2_048)
    }
  }
}
