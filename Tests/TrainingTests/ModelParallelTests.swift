import Distributed
import FoundationEssentials
import Models
import TestSupport
import Testing
import Tokenizers
import Training

/// Processes that divide a model, rehearsed as threads.
struct Division: CustomTestStringConvertible, Sendable {
  var tensors = 1
  var stages = 1
  var data = 1

  var processes: Int { tensors * stages * data }
  var testDescription: String { "tensor \(tensors), pipeline \(stages), data \(data)" }

  static let all = [
    Division(tensors: 2), Division(tensors: 4), Division(stages: 2), Division(stages: 3),
    Division(tensors: 2, stages: 2), Division(stages: 2, data: 2), Division(tensors: 2, data: 2),
    Division(tensors: 2, stages: 2, data: 2),
  ]
}

@Suite("Gradients of divided models") struct DividedGradientTests {
  private func shape(_ family: TransformerConfiguration.Family) -> TransformerConfiguration {
    var shape = TransformerConfiguration(
      family: family, vocabularySize: 101, contextLength: 12, layers: 5, width: 32, heads: 4,
      feedForwardWidth: 96)
    shape.attentionBias = shape.attentionBias || family == .llama
    return shape
  }

  private func trial(
    _ family: TransformerConfiguration.Family, _ division: Division,
    adjust: (inout TransformerConfiguration, inout TrainingOptions) -> Void = { _, _ in }
  ) throws -> [Float] {
    var options = TrainingOptions(
      data: DataOptions(corpus: []), optimizer: .muon(),
      schedule: LearningRateSchedule(.constant, warmupSteps: 0), horizon: .steps(1), context: 12,
      sequences: 8, microBatches: 4, seed: 3)
    var shape = shape(family)
    adjust(&shape, &options)
    let count = UInt32(options.sequences * options.context)
    let tokens = (0...count).map { Token($0 &* 2_654_435_761 >> 7 % 101) }
    let (configuration, settings) = (shape, options)
    let found = try ThreadCommunicator.run(division.processes) { communicator in
      let trial = try ParallelTrial(
        configuration, settings, inputs: Array(tokens.dropLast()),
        targets: Array(tokens.dropFirst()), communicator: communicator, tensors: division.tensors,
        stages: division.stages)
      // Untouched zero matrices would hide what lies behind them.
      for _ in 0..<2 { _ = trial.step() }
      return trial.wholeGradients() ?? []
    }
    return found[0]
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
      difference += Double((x - y) * (x - y))
      size += Double(y * y)
    }
    return (difference / size).squareRoot()
  }

  @Test(
    "after two steps the gradients are those of one process",
    arguments: TransformerConfiguration.Family.allCases, Division.all)
  func sameGradients(family: TransformerConfiguration.Family, division: Division) throws {
    let alone = try trial(family, Division())
    let together = try trial(family, division)
    #expect(together.count == alone.count)
    #expect(distance(together, alone) < 1e-5)
    if division.tensors == 1, family == .nanochat { #expect(together == alone) }
  }

  @Test("grouped key-value heads, recomputed blocks and dropout divide as well")
  func variations() throws {
    for division in [Division(tensors: 2), Division(stages: 2), Division(tensors: 2, stages: 2)] {
      let adjust = { (shape: inout TransformerConfiguration, options: inout TrainingOptions) in
        shape.keyValueHeads = 2
        options.recomputesBlocks = true
      }
      let alone = try trial(.qwen3, Division(), adjust: adjust)
      #expect(distance(try trial(.qwen3, division, adjust: adjust), alone) < 1e-5)
    }
  }
}

extension WholeRuns {
  @Suite("Runs of divided models") struct ModelParallelRunTests {
    private func run(_ optimizer: OptimizerOptions) throws -> SmallRun {
      var run = try SmallRun(optimizer)
      run.configuration.layers = 3
      run.configuration.heads = 4
      run.configuration.keyValueHeads = 4
      run.configuration.headWidth = 8
      run.options.microBatches = 4
      run.options.schedule = LearningRateSchedule(.constant, warmupSteps: 2)
      run.options.dropout = optimizer.kind == .adamw ? 0.1 : 0
      return run
    }

    private func train(
      _ run: SmallRun, _ name: String, _ division: Division, resuming: Bool = false,
      steps: Int = 8
    ) throws {
      let outcomes = try ThreadCommunicator.run(division.processes) { communicator in
        let folder = "\(run.folder.path)/\(name)"
        if resuming {
          return try Trainer(
            resuming: folder, communicator: communicator, tensors: division.tensors,
            stages: division.stages
          ) { $0.horizon = .steps(steps) }.run()
        }
        var options = run.options
        options.horizon = .steps(steps)
        return try Trainer(
          Transformer(run.configuration, seed: 1), tokenizer: run.tokenizer, options: options,
          folder: folder, communicator: communicator, tensors: division.tensors,
          stages: division.stages
        ).run()
      }
      #expect(outcomes.allSatisfy { $0 == .finished })
    }

    private func losses(_ run: SmallRun, _ name: String) throws -> [Double] {
      try run.log(of: name).map {
        switch $0 {
        case .step(let record): record.loss ?? .nan
        case .evaluation(let record): record.loss
        }
      }
    }

    private func expectSame(_ run: SmallRun, _ name: String, as other: String) throws {
      let (found, wanted) = (try losses(run, name), try losses(run, other))
      #expect(found.count == wanted.count)
      for (a, b) in zip(found, wanted) { #expect(abs(a - b) < 1e-5 * b) }
    }

    @Test(
      "losses are those of one process", arguments: [OptimizerOptions.Kind.adamw, .muon],
      [
        Division(tensors: 2), Division(stages: 3), Division(tensors: 2, stages: 2),
        Division(tensors: 2, data: 2),
      ])
    func sameLosses(kind: OptimizerOptions.Kind, division: Division) throws {
      let run = try run(kind == .muon ? .muon() : .adamW())
      defer { run.folder.remove() }
      try train(run, "alone", Division())
      try train(run, "together", division)
      try expectSame(run, "together", as: "alone")
      if division.tensors == 1, kind == .muon {
        for file in ["model.safetensors", "training/optimizer.safetensors"] {
          #expect(try run.bytes(file, of: "together") == run.bytes(file, of: "alone"), "\(file)")
        }
      }
    }

    @Test(
      "a run stopped in one layout goes on in another",
      arguments: [
        (Division(tensors: 2, stages: 2), Division()),
        (Division(tensors: 4), Division(data: 3)), (Division(data: 2), Division(stages: 2)),
        (Division(), Division(tensors: 2, data: 2)),
      ])
    func resume(before: Division, after: Division) throws {
      for optimizer in [OptimizerOptions.muon(), .adamW()] {
        let run = try run(optimizer)
        defer { run.folder.remove() }
        try train(run, "whole", Division())
        try train(run, "parts", before, steps: 4)
        try train(run, "parts", after, resuming: true)
        let (found, wanted) = (try losses(run, "parts"), try losses(run, "whole"))
        #expect(found.last.map { abs($0 - (wanted.last ?? 0)) < 1e-5 * $0 } == true)
      }
    }

    @Test("what cannot be divided is refused with a hint")
    func refusals() throws {
      let run = try run(.muon())
      defer { run.folder.remove() }
      func problem(_ processes: Int, _ tensors: Int, _ stages: Int) -> TrainingError? {
        do {
          _ = try ThreadCommunicator.run(processes) { communicator in
            try Trainer(
              Transformer(run.configuration, seed: 1), tokenizer: run.tokenizer,
              options: run.options, folder: run.model, communicator: communicator,
              tensors: tensors, stages: stages
            ).state
          }
          return nil
        } catch { return error as? TrainingError }
      }
      #expect(problem(3, 3, 1)?.description == "3 processes cannot divide 4 heads equally")
      #expect(problem(3, 3, 1)?.hint?.contains("--tensor-parallel 1") == true)
      #expect(problem(4, 1, 4)?.description == "3 blocks are too few for 4 stages")
      #expect(problem(3, 2, 1)?.description.contains("3 processes cannot be divided") == true)
      #expect(problem(4, 2, 2) == nil)
    }
  }
}
