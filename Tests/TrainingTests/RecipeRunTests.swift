import Autograd
import FoundationEssentials
import Kernels
import Machine
import Models
import Testing
import Training

extension WholeRuns {
  @Suite("Runs with more of a recipe") struct RecipeRunTests {
    private func everything(_ kind: OptimizerOptions.Kind) throws -> SmallRun {
      var run = try SmallRun(kind == .muon ? .muon() : .adamW())
      run.options.microBatches = 2
      run.options.batchRamp = BatchRamp(Ramp(doublings: 1, until: 0.5))
      run.options.contextRamp = Ramp(doublings: 2, until: 0.7)
      run.options.average = 0.3
      run.options.optimizer.isCautious = true
      run.options.optimizer.weightDecay = 0.1
      run.options.optimizer.decayFalls = true
      run.options.optimizer.orthogonalizesEvery = 2
      return run
    }

    @Test(
      "with ramps, an average and falling decay, too, a resumed run gives the same bytes",
      arguments: [OptimizerOptions.Kind.adamw, .muon], [1, 4, 6])
    func resume(kind: OptimizerOptions.Kind, stop: Int) throws {
      let run = try everything(kind)
      defer { run.folder.remove() }
      #expect(try run.trainer("whole").run() == .finished)
      try run.trainInParts("parts", stop: stop)
      for file in ["model.safetensors", "training/optimizer.safetensors"] {
        #expect(try run.bytes(file, of: "whole") == run.bytes(file, of: "parts"), "\(file)")
      }
      #expect(try run.log(of: "whole") == run.log(of: "parts"))
    }

    @Test(
      "a run in half precision that was stopped and resumed gives the same bytes",
      .enabled(if: Precision.fastest != .fp32, "this processor has no fast half precision"))
    func resumeInHalfPrecision() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.sequences = 16
      run.options.precision = .fastest
      #expect(try run.trainer("whole").run() == .finished)
      try run.trainInParts("parts", stop: 3)
      for file in ["model.safetensors", "training/optimizer.safetensors"] {
        #expect(try run.bytes(file, of: "whole") == run.bytes(file, of: "parts"), "\(file)")
      }
      run.options.precision = .fp32
      #expect(try run.trainer("exact").run() == .finished)
      #expect(
        try run.bytes("model.safetensors", of: "exact")
          != run.bytes("model.safetensors", of: "whole"))
    }

    @Test(
      "a run in a precision that the processor lacks is an error that says how to go on",
      .enabled(if: !Precision.allCases.allSatisfy(\.isAvailable), "this processor has all"))
    func missingPrecision() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      let missing = try #require(Precision.allCases.first { !$0.isAvailable })
      run.options.precision = missing
      #expect(throws: TrainingError.noPrecision(name: missing.rawValue)) {
        _ = try run.trainer()
      }
    }

    @Test("a growing batch counts the tokens it has, and lowers the rate by the root of its share")
    func batchRamp() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.schedule = LearningRateSchedule(.constant, warmupSteps: 0)
      run.options.batchRamp = BatchRamp(Ramp(doublings: 2, until: 0.5))
      _ = try run.trainer().run()
      let steps = try run.log().compactMap { record -> StepRecord? in
        if case .step(let step) = record { step } else { nil }
      }
      #expect(steps.map(\.tokens) == [16, 32, 64, 96, 160, 224, 288, 352])
      let rates = steps.map { ($0.learningRate / 0.02 * 1000).rounded() / 1000 }
      #expect(rates == [0.5, 0.5, 0.707, 0.707, 1, 1, 1, 1])
    }

    @Test("the first steps of growing windows see no token before their part of the window")
    func contextRamp() throws {
      var run = try SmallRun(.adamW())
      defer { run.folder.remove() }
      run.options.horizon = .steps(1)
      run.options.contextRamp = Ramp(doublings: 2)
      _ = try run.trainer("short").run()
      // The same tokens as windows of their own.
      run.options.contextRamp = nil
      run.options.context = 4
      run.options.sequences = 16
      run.options.data.shuffle = .none
      _ = try run.trainer("own").run()
      run.options.context = 16
      run.options.sequences = 4
      run.options.contextRamp = Ramp(doublings: 2)
      _ = try run.trainer("same").run()
      #expect(
        try run.bytes("model.safetensors", of: "own")
          == run.bytes("model.safetensors", of: "same"))
      #expect(
        try run.bytes("model.safetensors", of: "short")
          != run.bytes("model.safetensors", of: "same"))
    }

    @Test("an average over the whole run is the mean of the weights after every update")
    func average() throws {
      var run = try SmallRun(.adamW())
      defer { run.folder.remove() }
      run.options.average = 1
      run.options.horizon = .steps(3)
      let trainer = try run.trainer()
      let head = try #require(trainer.transformer.parameters["embedding.weight"])
      var sums = [Double](repeating: 0, count: head.count)
      var last: [Float] = []
      _ = try trainer.run {
        guard case .step = $0 else { return }
        last = (0..<head.count).map { head.value[$0] }
        for index in 0..<head.count { sums[index] += Double(last[index]) / 3 }
      }
      let file = try SafeTensorsFile("\(run.model)/training/optimizer.safetensors")
      let stored = try file.read(try #require(file.tensors["embedding.weight.average"]))
      let model = (0..<head.count).map { head.value[$0] }
      // Whichever is better is the model, and the other one lies beside it.
      let (mean, weights) = trainer.state.modelIsAverage ? (model, stored) : (stored, model)
      #expect(weights == last)
      for (value, sum) in zip(mean, sums) { #expect(abs(Double(value) - sum) < 1e-6) }
    }

    @Test("a trained model goes on at the plan's lower rate without a jump of its loss")
    func continuation() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.horizon = .steps(60)
      let first = try run.trainer()
      _ = try first.run()
      let before = try #require(first.evaluation?.loss)
      var wishes = TrainingPlan.Wishes()
      wishes.isContinuation = true
      wishes.horizon = .steps(60)
      let plan = TrainingPlan(wishes, cores: 1)
      run.options.optimizer = plan.optimizer
      run.options.schedule = plan.schedule
      run.options.evaluateEvery = 2
      let second = try Trainer(
        first.transformer, tokenizer: run.tokenizer, options: run.options,
        folder: "\(run.folder.path)/second")
      var losses: [Double] = []
      _ = try second.run {
        if case .evaluation(let result, _, _) = $0 { losses.append(result.loss) }
      }
      #expect(losses.count == 30)
      #expect(losses.allSatisfy { $0 < before + 0.03 })
      #expect((losses.last ?? .infinity) < before)
    }

    @Test("the model is the average where that does better, and goes on from the last weights")
    func bestOfTwo() throws {
      var run = try SmallRun(.adamW(learningRate: 0.1))
      defer { run.folder.remove() }
      run.options.average = 0.2
      run.options.horizon = .steps(30)
      run.options.schedule = LearningRateSchedule(.constant, warmupSteps: 2)
      let trainer = try run.trainer()
      var last = Double.infinity
      var mean = Double.infinity
      _ = try trainer.run {
        if case .evaluation(let result, _, _) = $0 { last = result.loss }
        if case .average(let result, _) = $0 { mean = result.loss }
      }
      #expect(trainer.state.modelIsAverage == (mean < last))
      #expect(trainer.evaluation?.loss == min(mean, last))
      let longer = try Trainer(resuming: run.model) { $0.horizon = .steps(31) }
      #expect(!longer.state.modelIsAverage)
      run.options.horizon = .steps(31)
      _ = try longer.run()
      _ = try run.trainer("whole").run()
      // The same steps; the horizon changes nothing in a constant schedule.
      #expect(
        try run.bytes("training/optimizer.safetensors")
          == run.bytes("training/optimizer.safetensors", of: "whole"))
    }
  }
}
