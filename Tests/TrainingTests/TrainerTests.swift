import Corpora
import FoundationEssentials
import Glibc
import Machine
import Models
import Testing
import Training

/// Tests of whole runs, one at a time: interruption is a flag of the process.
@Suite("Whole runs", .serialized) enum WholeRuns {}

extension WholeRuns {
  @Suite("Runs") struct TrainerTests {
    @Test("a run learns, and its log says so step by step")
    func learns() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.horizon = .steps(40)
      run.options.evaluateEvery = 20
      let trainer = try run.trainer()
      var events = 0
      let outcome = try trainer.run { if case .step = $0 { events += 1 } }
      #expect(outcome == .finished)
      #expect(events == 40)
      let log = try run.log()
      let losses = log.compactMap { record -> Double? in
        if case .step(let step) = record { step.loss } else { nil }
      }
      #expect(losses.count == 40)
      #expect(abs(losses[0] - log257) < 0.1)
      #expect(losses[39] < losses[0] - 1.5)
      let evaluations = log.compactMap { record -> EvaluationRecord? in
        if case .evaluation(let evaluation) = record { evaluation } else { nil }
      }
      #expect(evaluations.map(\.step) == [20, 40])
      #expect(evaluations[1].loss < evaluations[0].loss)
      // Every token of this tokenizer is one byte.
      #expect(abs(evaluations[1].bitsPerByte - evaluations[1].loss / Glibc.log(2)) < 0.02)
      #expect(trainer.state.tokens == 40 * 64)
    }

    private let log257 = Glibc.log(257.0)

    @Test("the same seed gives the same bytes, another one does not")
    func sameSeed() throws {
      let run = try SmallRun()
      defer { run.folder.remove() }
      for name in ["a", "b"] { _ = try run.trainer(name).run() }
      _ = try run.trainer("c", seed: 2).run()
      for file in ["model.safetensors", "training/optimizer.safetensors", "config.json"] {
        #expect(try run.bytes(file, of: "a") == run.bytes(file, of: "b"), "\(file)")
      }
      #expect(try run.log(of: "a") == run.log(of: "b"))
      #expect(
        try run.bytes("model.safetensors", of: "a") != run.bytes("model.safetensors", of: "c"))
    }

    @Test(
      "a run that is interrupted and resumed gives the bytes of one that was not",
      arguments: [OptimizerOptions.Kind.adamw, .muon], [1, 3, 5])
    func resume(kind: OptimizerOptions.Kind, stop: Int) throws {
      var run = try SmallRun(kind == .muon ? .muon() : .adamW())
      defer { run.folder.remove() }
      run.options.earlyStopping = EarlyStopping.Rule(patience: 50)
      #expect(try run.trainer("whole").run() == .finished)
      try run.trainInParts("parts", stop: stop)
      for file in ["model.safetensors", "training/optimizer.safetensors"] {
        #expect(try run.bytes(file, of: "whole") == run.bytes(file, of: "parts"), "\(file)")
      }
      #expect(try run.log(of: "whole") == run.log(of: "parts"))
    }

    @Test("a run whose process died goes on from its last checkpoint to the same bytes")
    func crash() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.saveEvery = 3
      _ = try run.trainer("whole").run()
      // What lies on disk after step 5 is what a crash then would leave.
      _ = try run.trainer("dead").run {
        if case .step(let progress) = $0, progress.record.step == 5 {
          try? FileManager.default.copyItem(
            atPath: "\(run.folder.path)/dead", toPath: "\(run.folder.path)/copy")
        }
      }
      let resumed = try Trainer(resuming: "\(run.folder.path)/copy")
      #expect(resumed.state.step == 3)
      _ = try resumed.run()
      for file in ["model.safetensors", "training/optimizer.safetensors"] {
        #expect(try run.bytes(file, of: "whole") == run.bytes(file, of: "copy"), "\(file)")
      }
      #expect(try run.log(of: "whole") == run.log(of: "copy"))
    }

    @Test("a step in several passes is the step in one pass, up to rounding")
    func accumulation() throws {
      var run = try SmallRun(.adamW())
      defer { run.folder.remove() }
      run.options.horizon = .steps(1)
      run.options.clip = 0
      _ = try run.trainer("one").run()
      run.options.microBatches = 2
      _ = try run.trainer("two").run()
      let norms = try ["one", "two"].map { name -> [Double] in
        guard case .step(let record) = try run.log(of: name)[0] else { return [] }
        return [try #require(record.loss), try #require(record.gradientNorm)]
      }
      for (a, b) in zip(norms[0], norms[1]) { #expect(abs(a - b) < 1e-5 * abs(a)) }
    }

    @Test("a batch without a number is passed over, and no weight is touched by it")
    func skipping() throws {
      let clean = String(SmallRun.text.prefix(1_024))
      var run = try SmallRun(text: clean + "ZZZZ" + clean)
      defer { run.folder.remove() }
      run.options.data.shuffle = .none
      run.options.horizon = .steps(30)
      let transformer = Transformer(run.configuration, seed: 1)
      let embedding = try #require(transformer.parameters["embedding.weight"])
      for column in 0..<embedding.columns {
        embedding.value[90 * embedding.columns + column] = .infinity
      }
      let trainer = try Trainer(
        transformer, tokenizer: run.tokenizer, options: run.options, folder: run.model)
      var skipped: [Int] = []
      let outcome = try trainer.run { if case .skipped(let step) = $0 { skipped.append(step) } }
      #expect(outcome == .finished)
      #expect(skipped == [17])
      #expect(trainer.state.skippedSteps == 1)
      #expect(trainer.state.updates == 29)
      let matrix = try #require(transformer.parameters["blocks.0.attention.qkv.weight"])
      #expect((0..<matrix.count).allSatisfy { matrix.value[$0].isFinite })
      let steps = try run.log().compactMap { record -> StepRecord? in
        if case .step(let step) = record { step } else { nil }
      }
      #expect(steps.map { $0.loss == nil } == (1...30).map { $0 == 17 })
    }

    @Test(
      "a run that only gives numbers that are none stops with an error, and keeps its checkpoint")
    func divergence() throws {
      let run = try SmallRun(.adamW())
      defer { run.folder.remove() }
      let transformer = Transformer(run.configuration, seed: 1)
      transformer.parameters.values[0] = .nan
      transformer.parameters["finalNorm.weight"]?.value[0] = .infinity
      let trainer = try Trainer(
        transformer, tokenizer: run.tokenizer, options: run.options, folder: run.model)
      #expect(
        throws: TrainingError.diverged(step: 3, steps: 3, checkpoint: 0, path: run.model)
      ) { try trainer.run() }
      #expect(trainer.state.updates == 0)
      #expect(try TrainingState.read(from: run.model).step == 0)
    }

    @Test("a run that overfits stops early and leaves its best model")
    func earlyStopping() throws {
      var run = try SmallRun(.adamW(learningRate: 0.02), text: String(SmallRun.text.prefix(200)))
      defer { run.folder.remove() }
      run.options.data.validation = [
        try run.folder.write(String(SmallRun.text.suffix(700)).uppercased(), to: "other.txt")
      ]
      run.options.evaluateEvery = 2
      run.options.horizon = .steps(400)
      run.options.earlyStopping = EarlyStopping.Rule(patience: 3, ceiling: 0.5)
      let trainer = try run.trainer()
      let outcome = try trainer.run()
      let best = trainer.state.stopping.bestStep
      #expect(outcome == .stoppedEarly(bestStep: best))
      #expect(trainer.state.step > best)
      let model = try ModelFolder.load(run.model)
      let validation = try ValidationSet(
        corpus: Corpus(run.options.data.validation ?? []), tokenizer: run.tokenizer, length: 16,
        maximumTokens: 256, span: DataOptions.usualValidationTokens)
      let again = Evaluation(of: model.transformer, on: validation, sequences: 4)
      #expect(again.loss == trainer.state.stopping.bestLoss)
      #expect(try Trainer(resuming: run.model).run() == outcome)
    }

    @Test("a run in seconds ends when they have passed")
    func seconds() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.horizon = .seconds(0.2)
      let trainer = try run.trainer()
      #expect(try trainer.run() == .finished)
      #expect(trainer.state.seconds >= 0.2)
      #expect(trainer.state.step > 0)
    }

    @Test("a corpus of one document trains without validation, and says so")
    func oneDocument() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.data.validation = nil
      var notes: [String] = []
      let outcome = try run.trainer().run { if case .note(let text) = $0 { notes.append(text) } }
      #expect(outcome == .finished)
      #expect(notes.count == 1)
    }

    @Test("a longer horizon prolongs a finished run")
    func prolongation() throws {
      let run = try SmallRun()
      defer { run.folder.remove() }
      _ = try run.trainer().run()
      let longer = try Trainer(resuming: run.model) { $0.horizon = .steps(12) }
      #expect(try longer.run() == .finished)
      #expect(longer.state.step == 12)
    }
  }
}
