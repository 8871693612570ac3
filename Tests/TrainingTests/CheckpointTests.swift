import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Training

extension WholeRuns {
  @Suite("Checkpoints") struct CheckpointTests {
    private let manager = FileManager.default

    /// A folder with the checkpoint after step 2, and one with that after step 4.
    private func twoCheckpoints() throws -> (SmallRun, String, String) {
      var run = try SmallRun()
      run.options.horizon = .steps(2)
      run.options.schedule = LearningRateSchedule(.constant, warmupSteps: 0)
      _ = try run.trainer("old").run()
      let new = "\(run.folder.path)/new"
      try manager.copyItem(atPath: "\(run.folder.path)/old", toPath: new)
      _ = try Trainer(resuming: new) { $0.horizon = .steps(4) }.run()
      return (run, "\(run.folder.path)/old", new)
    }

    @Test("a checkpoint that was not complete is dropped, and the old one goes on")
    func incomplete() throws {
      let (run, old, new) = try twoCheckpoints()
      defer { run.folder.remove() }
      let partial = "\(old)/training/next.partial"
      try manager.createDirectory(atPath: partial, withIntermediateDirectories: true)
      try manager.copyItem(
        atPath: "\(new)/model.safetensors", toPath: "\(partial)/model.safetensors")
      let trainer = try Trainer(resuming: old)
      #expect(trainer.state.step == 2)
      #expect(!manager.fileExists(atPath: partial))
    }

    @Test("a complete checkpoint is put in place, however many of its files already are")
    func interruptedMove() throws {
      let (run, old, new) = try twoCheckpoints()
      defer { run.folder.remove() }
      let files = [
        "training/optimizer.safetensors", "training/state.json", "config.json",
        "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
      ]
      for moved in 0...files.count {
        let folder = "\(run.folder.path)/crashed-\(moved)"
        try manager.copyItem(atPath: old, toPath: folder)
        let next = "\(folder)/training/next"
        try manager.createDirectory(atPath: "\(next)/training", withIntermediateDirectories: true)
        for (index, file) in files.enumerated() {
          let target = index < moved ? "\(folder)/\(file)" : "\(next)/\(file)"
          try? manager.removeItem(atPath: target)
          try manager.copyItem(atPath: "\(new)/\(file)", toPath: target)
        }
        let trainer = try Trainer(resuming: folder)
        #expect(trainer.state.step == 4)
        #expect(!manager.fileExists(atPath: next))
        #expect(
          try run.bytes("model.safetensors", of: "crashed-\(moved)")
            == run.bytes("model.safetensors", of: "new"))
      }
    }

    @Test("the latest checkpoints are kept, and each can be resumed")
    func keep() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.saveEvery = 2
      run.options.keep = 2
      run.options.horizon = .steps(7)
      _ = try run.trainer().run()
      let steps = "\(run.model)/training/steps"
      #expect(try manager.contentsOfDirectory(atPath: steps).sorted() == ["6", "7"])
      let earlier = try Trainer(resuming: "\(steps)/6")
      #expect(earlier.state.step == 6)
      _ = try earlier.run()
      #expect(
        try run.bytes("model.safetensors")
          == run.bytes("model.safetensors", of: "model/training/steps/6"))
      #expect(
        try run.bytes("model.safetensors")
          == run.bytes("model.safetensors", of: "model/training/steps/7"))
    }

    @Test("files of others in the folder survive")
    func strangers() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.horizon = .steps(1)
      _ = try run.trainer().run()
      try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(run.model)/README.md"))
      _ = try Trainer(resuming: run.model) { $0.horizon = .steps(2) }.run()
      #expect(try run.bytes("README.md") == Data("mine".utf8))
    }

    @Test("a new run in an old folder forgets the old run's log and checkpoints")
    func overwrite() throws {
      var run = try SmallRun()
      defer { run.folder.remove() }
      run.options.keep = 1
      _ = try run.trainer().run()
      run.options.horizon = .steps(2)
      run.options.keep = 0
      _ = try run.trainer(seed: 5).run()
      #expect(try run.log().count == 3)
      #expect(!manager.fileExists(atPath: "\(run.model)/training/steps"))
    }

    @Test("what does not belong together is refused, with a hint")
    func mismatches() throws {
      let (run, old, new) = try twoCheckpoints()
      defer { run.folder.remove() }
      func refusal(_ change: (String) throws -> Void) throws -> TrainingError? {
        let folder = "\(run.folder.path)/changed"
        try? manager.removeItem(atPath: folder)
        try manager.copyItem(atPath: old, toPath: folder)
        try change(folder)
        return #expect(throws: TrainingError.self) { try Trainer(resuming: folder) }
      }
      let noRun = try refusal { try manager.removeItem(atPath: "\($0)/training") }
      #expect(noRun?.hint?.contains("--init") == true)
      for file in ["model.safetensors", "training/optimizer.safetensors"] {
        let mixed = try refusal {
          try manager.removeItem(atPath: "\($0)/\(file)")
          try manager.copyItem(atPath: "\(new)/\(file)", toPath: "\($0)/\(file)")
        }
        guard case .badFile(let path, _)? = mixed else {
          Issue.record("\(file): \(String(describing: mixed))")
          continue
        }
        #expect(path.hasSuffix(file))
      }
      let torn = try refusal {
        try Data("{\"format\":".utf8)
          .write(to: URL(fileURLWithPath: "\($0)/training/state.json"))
      }
      #expect(torn?.description.contains("state.json") == true)
      let tokenizer = try refusal {
        let text = byteTokenizerJSON.replacing(
          "\"ignore_merges\":false", with: "\"ignore_merges\":true")
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\($0)/tokenizer.json"))
      }
      #expect(tokenizer == .tokenizerChanged(path: "\(run.folder.path)/changed"))
      let corpus = try refusal { _ in
        _ = try run.folder.write("Another text altogether, and shorter.", to: "corpus.txt")
      }
      guard case .corpusChanged? = corpus else {
        Issue.record("\(String(describing: corpus))")
        return
      }
    }
  }
}
