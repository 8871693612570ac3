/// What a run leaves on disk, and the choice between the last model, the best, and the average.

import Autograd
import Models

extension Trainer {
  /// Puts the average of the weights in their place if it does better.
  func consider(
    _ average: WeightAverage, _ log: RunLog?, _ observe: (TrainingEvent) -> Void
  ) throws {
    guard let validation = data.validation, state.updates > 0 else { return }
    let last = evaluation?.loss ?? measure(on: validation).loss
    average.exchange()
    let result = measure(on: validation)
    let best = state.stoppedEarly ? state.stopping.bestLoss ?? last : last
    state.modelIsAverage = result.loss < best
    observe(.average(result, isKept: state.modelIsAverage))
    guard state.modelIsAverage else { return average.exchange() }
    evaluation = result
    savedStep = nil
    try log?.append(
      .evaluation(
        EvaluationRecord(step: state.step, loss: result.loss, bitsPerByte: result.bitsPerByte)))
  }

  /// Puts the best model's parameters in place of the last one's.
  func takeBest() throws {
    // The first process wrote it, perhaps a moment ago.
    team.communicator.meet()
    var (best, _) = try ModelFolder.loadTransformer(checkpoint.best)
    if team.layout.dividesModel { best = best.divided(transformer.part) }
    for (target, source) in zip(transformer.parameters.parameters, best.parameters.parameters) {
      target.value.update(from: source.value, count: source.count)
    }
  }

  func save(_ log: RunLog?, _ observe: (TrainingEvent) -> Void) throws {
    team.gather(optimizer.state)
    let (model, optimizer, average) = (wholeModel(), wholeOptimizer(), wholeAverage())
    if team.isFirst, let model {
      try log?.synchronize()
      state.logBytes = log?.bytes ?? 0
      try checkpoint.write(model, tokenizer, optimizer, average: average, state)
    }
    savedStep = state.step
    observe(.saved(step: state.step))
  }

  /// The model with all its parts, in the first process; every process calls this.
  func wholeModel() -> Transformer? {
    if team.layout.dividesModel { return team.whole.parameters(of: transformer) }
    return team.isFirst ? transformer : nil
  }

  /// The optimizer with the state of all parts, in the first process; every process calls this.
  private func wholeOptimizer() -> any Optimizer {
    guard team.layout.dividesModel else { return optimizer }
    // Arrays take memory when they are written to, which happens in the first process only.
    let whole = makeOptimizer(
      of: Transformer(transformer.configuration, seed: nil), state.options, owned: [])
    team.whole.state(optimizer.state, into: whole.state)
    return whole
  }

  /// As `wholeOptimizer`, of the average of the weights if there is one.
  private func wholeAverage() -> WeightAverage? {
    guard team.layout.dividesModel, let average, let share = state.options.average else {
      return average
    }
    let whole = WeightAverage(
      Transformer(transformer.configuration, seed: nil).parameters, share: share)
    team.whole.state(average.state, into: whole.state)
    return whole
  }
}
