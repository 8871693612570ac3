import FoundationEssentials
import Glibc
import Machine
import Models
import TestSupport
import Testing
import Tokenizers
import Training

extension WholeRuns {
  @Suite("Runs that start from counts") struct StartFromCountsTests {
    private func run(_ steps: Int = 8) throws -> SmallRun {
      var run = try SmallRun()
      run.options.start = CountFit(steps: 60, rows: 64, embeddingRate: 0.1, headRate: 0.05)
      run.options.horizon = .steps(steps)
      return run
    }

    /// The pairs of the small text.
    private func counts(_ run: SmallRun) throws -> BigramCounts {
      let tokens = run.tokenizer.encode(SmallRun.text)
      return BigramCounts(vocabularySize: 257, count: tokens.count) { $1 += tokens[$0] }
    }

    @Test("a fit comes near the least loss that one token of context allows")
    func entropy() throws {
      let run = try run()
      defer { run.folder.remove() }
      let counts = try counts(run)
      let fit = BigramFit(
        counts, CountFit(steps: 300, rows: 64, embeddingRate: 0.1, headRate: 0.05), width: 32,
        softCap: 15, seed: 1)
      let loss = fit.run()
      #expect(loss > counts.entropy - 0.02)
      #expect(loss < counts.entropy + 0.1)
      for token in 0..<257 {
        let squares = (0..<32).reduce(Float(0)) {
          $0 + fit.embedding[token * 32 + $1] * fit.embedding[token * 32 + $1]
        }
        #expect(abs(squares / 32 - 1) < 1e-4)
      }
    }

    @Test("a fit that looks at drawn columns ends where one that looks at all does")
    func columns() throws {
      let run = try run()
      defer { run.folder.remove() }
      let counts = try counts(run)
      let losses = [nil, 60].map { columns -> Double in
        let fit = BigramFit(
          counts,
          CountFit(
            steps: columns == nil ? 300 : 1_200, rows: 64, columns: columns, embeddingRate: 0.1,
            headRate: 0.05), width: 32, softCap: 15, seed: 1)
        _ = fit.run()
        return exactLoss(fit, counts)
      }
      #expect(losses[0] < counts.entropy + 0.1)
      #expect(abs(losses[1] - losses[0]) < 0.1, "\(losses)")
    }

    @Test("a fit that looks at drawn columns begins with the frequencies of tokens")
    func frequencies() throws {
      let run = try run()
      defer { run.folder.remove() }
      let counts = try counts(run)
      // Of a token that never came, as if it had come once.
      let total = Double(counts.total)
      let entropy = counts.frequencies.reduce(0.0) {
        $0 - Double($1) / total * log(Double($1 + 1) / (total + 257))
      }
      let start = BigramFit(
        counts, CountFit(steps: 0, rows: 64, columns: 60), width: 1_024, softCap: 15, seed: 1)
      _ = start.run()
      let loss = exactLoss(start, counts, width: 1_024)
      #expect(abs(loss - entropy) < 0.05, "\(loss), \(entropy)")
      #expect(entropy < log(257) - 1)
    }

    /// Nats a token of all pairs, every token of the vocabulary counted.
    private func exactLoss(_ fit: BigramFit, _ counts: BigramCounts, width: Int = 32) -> Double {
      var nats = 0.0
      for first in 0..<257 where counts.frequencies[first] > 0 {
        let logits = (0..<257).map { second -> Double in
          let product = (0..<width).reduce(0.0) {
            $0 + Double(fit.embedding[first * width + $1] * fit.head[second * width + $1])
          }
          return 15 * tanh(product / 15)
        }
        let normalizer = log(logits.reduce(0) { $0 + exp($1) })
        for second in 0..<257 {
          let count = counts.count(of: Token(second), after: Token(first))
          nats += Double(count) * (normalizer - logits[second])
        }
      }
      return nats / Double(counts.total)
    }

    @Test(
      "the untrained network predicts what was fitted",
      arguments: [TransformerConfiguration.Family.nanochat, .llama, .qwen3])
    func network(family: TransformerConfiguration.Family) throws {
      var run = try run(1)
      defer { run.folder.remove() }
      run.configuration = TransformerConfiguration(
        family: family, vocabularySize: 257, contextLength: 16, layers: 1, width: 32, heads: 2)
      run.configuration.tiedHead = false
      run.options.optimizer = .muon(learningRate: 1e-12)
      run.options.start?.steps = 300
      run.options.data.shuffle = .buffer()
      run.options.data.validation = run.options.data.corpus
      run.options.data.validationTokens = 4_096
      let trainer = try Trainer(
        Transformer(run.configuration, seed: 1, zeroProjections: true), tokenizer: run.tokenizer,
        options: run.options, folder: run.model)
      var fitted: Double?
      _ = try trainer.run {
        if case .startedFromCounts(_, let loss, _) = $0 { fitted = loss }
      }
      let loss = try #require(trainer.evaluation?.loss)
      #expect(abs(loss - (try #require(fitted))) < 0.1)
      #expect(trainer.state.seconds > 0)
    }

    @Test("any number of threads gives the same bits")
    func threads() throws {
      let run = try run()
      defer { run.folder.remove() }
      let counts = try counts(run)
      let before = Workers.shared.count
      defer { Workers.configure(count: before) }
      for columns in [nil, 40] {
        let results = [1, 2, 3].map { threads -> [Float] in
          Workers.configure(count: threads)
          let fit = BigramFit(
            counts, CountFit(steps: 20, rows: 50, columns: columns), width: 32, softCap: 15,
            seed: 5)
          _ = fit.run()
          return (0..<257 * 32).map { fit.embedding[$0] } + (0..<257 * 32).map { fit.head[$0] }
        }
        #expect(results[0] == results[1] && results[0] == results[2])
      }
    }

    @Test("any number of threads counts the same")
    func countingThreads() {
      var random = RandomSource(seed: 4)
      let tokens = (0..<300_000).map { _ in
        Token(min(random.next(below: 997), random.next(below: 997)))
      }
      let before = Workers.shared.count
      defer { Workers.configure(count: before) }
      let counts = [1, 2, 3, 7].map { threads in
        Workers.configure(count: threads)
        return BigramCounts(vocabularySize: 997, count: tokens.count) { $1 += tokens[$0] }
      }
      for other in counts.dropFirst() { #expect(other == counts[0]) }
    }

    @Test("a run that is stopped before its first step, or later, and resumed gives the same bytes")
    func resume() throws {
      let run = try run()
      defer { run.folder.remove() }
      #expect(try run.trainer("whole").run() == .finished)
      for stop in [0, 3] {
        let name = "stopped\(stop)"
        let outcome = try run.trainer(name).run {
          switch $0 {
          case .startedFromCounts where stop == 0: Interruption.simulate(true)
          case .step(let progress) where progress.record.step == stop:
            Interruption.simulate(true)
          default: break
          }
        }
        Interruption.simulate(false)
        #expect(outcome == .interrupted)
        #expect(try Trainer(resuming: "\(run.folder.path)/\(name)").run() == .finished)
        for file in ["model.safetensors", "training/optimizer.safetensors"] {
          #expect(try run.bytes(file, of: "whole") == run.bytes(file, of: name), "\(file)")
        }
      }
    }

    @Test("rates fall over the seconds that the start leaves, from their whole height")
    func clock() throws {
      var run = try run()
      defer { run.folder.remove() }
      run.options.horizon = .seconds(600)
      run.options.schedule = LearningRateSchedule(.linear, warmupSteps: 0, finalShare: 0)
      var rates: [Double] = []
      _ = try run.trainer("timed").run {
        guard case .step(let progress) = $0 else { return }
        rates.append(progress.record.learningRate)
        if rates.count == 2 { Interruption.simulate(true) }
      }
      Interruption.simulate(false)
      let state = try TrainingState.read(from: "\(run.folder.path)/timed")
      let before = try #require(state.startSeconds)
      let rate = run.options.optimizer.learningRate
      #expect(before > 0 && before < state.seconds)
      #expect(rates[0] == rate)
      #expect(rates[1] < rate)
      #expect(abs(state.progress - (state.seconds - before) / (600 - before)) < 1e-12)
    }

    @Test("processes that divide the batch or the model start as one does")
    func processes() throws {
      var run = try run(1)
      defer { run.folder.remove() }
      run.options.microBatches = 2
      _ = try run.trainer("alone").run()
      for (name, tensors) in [("batch", 1), ("layers", 2)] {
        _ = try ThreadCommunicator.run(2) { [run] communicator in
          try Trainer(
            Transformer(run.configuration, seed: 1), tokenizer: run.tokenizer,
            options: run.options, folder: "\(run.folder.path)/\(name)",
            communicator: communicator, tensors: tensors
          ).run()
        }
      }
      #expect(
        try run.bytes("model.safetensors", of: "alone")
          == run.bytes("model.safetensors", of: "batch"))
      // The parameters live as long as their models.
      let models = try ["alone", "layers"].map {
        try ModelFolder.loadTransformer("\(run.folder.path)/\($0)").transformer
      }
      let values = try models.map { model in
        let head = try #require(model.parameters["head.weight"])
        return (0..<head.count).map { head.value[$0] }
      }
      #expect(zip(values[0], values[1]).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    @Test("text that keeps its order is counted in larger blocks than it is read in")
    func ordered() throws {
      var run = try run(1)
      defer { run.folder.remove() }
      run.options.data.shuffle = .none
      var pairs = 0
      _ = try run.trainer().run {
        if case .startedFromCounts(let count, _, _) = $0 { pairs = count }
      }
      #expect(pairs == run.tokenizer.encode(SmallRun.text).count)
    }
  }
}
