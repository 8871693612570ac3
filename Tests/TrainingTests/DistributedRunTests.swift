import Distributed
import FoundationEssentials
import Machine
import Models
import TestSupport
import Testing
import Training

extension WholeRuns {
  @Suite("Runs of several processes") struct DistributedRunTests {
    /// A run of `processes`, rehearsed as threads.
    private func train(
      _ run: SmallRun, _ name: String, processes: Int, resuming: Bool = false,
      adjust: @escaping (inout TrainingOptions) -> Void = { _ in }
    ) throws {
      let outcomes = try ThreadCommunicator.run(processes) { communicator in
        let trainer: Trainer
        if resuming {
          trainer = try Trainer(
            resuming: "\(run.folder.path)/\(name)", communicator: communicator, adjust: adjust)
        } else {
          var options = run.options
          adjust(&options)
          trainer = try Trainer(
            Transformer(run.configuration, seed: 1), tokenizer: run.tokenizer, options: options,
            folder: "\(run.folder.path)/\(name)", communicator: communicator)
        }
        return try trainer.run()
      }
      #expect(outcomes.count == processes)
      #expect(outcomes.allSatisfy { $0 == .finished })
    }

    private let files = ["model.safetensors", "training/optimizer.safetensors"]

    @Test(
      "any number of processes gives the bytes of one",
      arguments: [OptimizerOptions.Kind.adamw, .muon], [2, 3, 4])
    func sameBytes(kind: OptimizerOptions.Kind, processes: Int) throws {
      var run = try SmallRun(kind == .muon ? .muon() : .adamW())
      defer { run.folder.remove() }
      run.options.microBatches = 4
      _ = try run.trainer("alone").run()
      try train(run, "together", processes: processes)
      for file in files {
        #expect(try run.bytes(file, of: "alone") == run.bytes(file, of: "together"), "\(file)")
      }
      #expect(try run.log(of: "alone") == run.log(of: "together"))
    }

    @Test("ramps and an average are the same on any number of processes", arguments: [2, 4])
    func recipe(processes: Int) throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.sequences = 16
      run.options.microBatches = 4
      run.options.batchRamp = BatchRamp(Ramp(doublings: 2))
      run.options.contextRamp = Ramp(doublings: 1)
      run.options.average = 0.3
      _ = try run.trainer("alone").run()
      try train(run, "together", processes: processes)
      for file in files {
        #expect(try run.bytes(file, of: "alone") == run.bytes(file, of: "together"), "\(file)")
      }
      #expect(try run.log(of: "alone") == run.log(of: "together"))
    }

    @Test("micro-batches of unequal size, and more of them than processes, give the bytes of one")
    func unequal() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.sequences = 11
      run.options.microBatches = 8
      _ = try run.trainer("alone").run()
      for processes in [2, 3, 5] {
        let name = "together\(processes)"
        try train(run, name, processes: processes)
        for file in files {
          #expect(try run.bytes(file, of: "alone") == run.bytes(file, of: name), "\(file)")
        }
      }
    }

    @Test(
      "a run stopped on some processes and resumed on others gives the bytes of one",
      arguments: [(4, 1), (4, 3), (1, 2), (3, 4)])
    func resume(before: Int, after: Int) throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.microBatches = 4
      _ = try run.trainer("whole").run()
      // Neither the schedule nor an evaluation depends on the horizon here.
      try train(run, "parts", processes: before) {
        $0.horizon = .steps(5)
        $0.evaluateEvery = nil
      }
      var whole = run
      whole.options.evaluateEvery = nil
      whole.options.schedule = LearningRateSchedule(.constant, warmupSteps: 2)
      _ = try whole.trainer("constant").run()
      try train(whole, "halves", processes: before) { $0.horizon = .steps(5) }
      try train(whole, "halves", processes: after, resuming: true) { $0.horizon = .steps(8) }
      for file in files {
        #expect(try run.bytes(file, of: "constant") == run.bytes(file, of: "halves"), "\(file)")
      }
    }

    @Test("early stopping stops every process and leaves the best model")
    func earlyStopping() throws {
      var run = try SmallRun(.adamW(learningRate: 0.02), text: String(SmallRun.text.prefix(200)))
      defer { run.folder.remove() }
      run.options.data.validation = [
        try run.folder.write(String(SmallRun.text.suffix(700)).uppercased(), to: "other.txt")
      ]
      run.options.evaluateEvery = 2
      run.options.microBatches = 2
      run.options.horizon = .steps(400)
      run.options.earlyStopping = EarlyStopping.Rule(patience: 3, ceiling: 0.5)
      let alone = try run.trainer("alone").run()
      let options = run.options
      let outcomes = try ThreadCommunicator.run(2) { [run] communicator in
        try Trainer(
          Transformer(run.configuration, seed: 1), tokenizer: run.tokenizer, options: options,
          folder: "\(run.folder.path)/together", communicator: communicator
        ).run()
      }
      #expect(outcomes == [alone, alone])
      #expect(
        try run.bytes("model.safetensors", of: "alone")
          == run.bytes("model.safetensors", of: "together"))
    }

    @Test(
      "processes with different weights, options or corpora are told apart before the first step")
    func disagreement() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.microBatches = 4
      let other = try run.folder.write(
        "Another text, long enough to train on, and not the same.",
        to: "other.txt")
      func problem(_ spoil: @escaping (inout TrainingOptions, inout UInt64) -> Void) -> String {
        do {
          _ = try ThreadCommunicator.run(3) { [run] communicator in
            var options = run.options
            var seed: UInt64 = 1
            if communicator.rank == 2 { spoil(&options, &seed) }
            return try Trainer(
              Transformer(run.configuration, seed: seed), tokenizer: run.tokenizer,
              options: options, folder: run.model, communicator: communicator
            ).state
          }
          return "none"
        } catch { return "\(error)" }
      }
      #expect(problem { _, seed in seed = 2 }.contains("another set of weights than process 0"))
      #expect(problem { options, _ in options.data.corpus = [other] }.contains("another corpus"))
      #expect(problem { options, _ in options.clip = 3 }.contains("another set of options"))
      #expect(problem { _, _ in } == "none")
      #expect(!FileManager.default.fileExists(atPath: run.model))
    }

    @Test("more processes than micro-batches are refused")
    func tooMany() throws {
      let run = try SmallRun()
      defer { run.folder.remove() }
      #expect(
        throws: TrainingError.tooManyProcesses(processes: 2, microBatches: 1, sequences: 4)
      ) { try train(run, "model", processes: 2) }
    }

    @Test("any number of threads gives the bytes of one", arguments: [2, 3, 5])
    func threads(count: Int) throws {
      var run = try SmallRun()
      defer {
        run.folder.remove()
        Workers.configure(count: Processor.cores)
      }
      run.configuration.layers = 2
      run.configuration.width = 128
      run.configuration.feedForwardWidth = 512
      run.configuration.headWidth = 64
      run.options.sequences = 32
      run.options.horizon = .steps(3)
      for (name, threads) in [("one", 1), ("several", count)] {
        Workers.configure(count: threads)
        _ = try run.trainer(name).run()
      }
      for file in files {
        #expect(try run.bytes(file, of: "one") == run.bytes(file, of: "several"), "\(file)")
      }
    }
  }
}
