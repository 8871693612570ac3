/// The first weights of a run, from counts of the text that it will train on.

import Corpora
import Glibc
import Machine
import Models

extension TransformerConfiguration {
  /// Whether such a model, before its blocks add anything, is a function of the last token that a
  /// `BigramFit` computes: the norm before the head has no more to do than its name says, and the head is
  /// the model's own. `gpt2` takes means off, and adds positions.
  public var canStartFromCounts: Bool {
    family != .gpt2 && !tiedHead && vocabularySize <= 1 << 16
  }
}

extension Trainer {
  /// Fits embedding and head to the pairs of tokens in the first block of the corpus.
  ///
  /// All of it depends on the corpus and the seed alone, and takes the place of whatever the two were
  /// before: a run that is stopped before its first step starts like this again. Its time counts as
  /// training. Every process computes the whole and keeps its part.
  func startFromCounts(_ fit: CountFit, _ observe: (TrainingEvent) -> Void) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let configuration = transformer.configuration
    let block = try data.firstBlock(ahead: loader)
    let counts = BigramCounts(
      vocabularySize: configuration.vocabularySize, count: block.count
    ) { block.copy($0, to: &$1) }
    sampler = state.options.sampledTokens.map {
      makeSampler(of: $0, occurrences: counts.occurrences)
    }
    let model = BigramFit(
      counts, fit, width: configuration.width, softCap: configuration.softCap,
      seed: state.options.seed, precision: state.options.precision)
    let nats = model.run { [team] in !(team.isAlone && Interruption.isRequested) }
    let shard = transformer.part.shard
    for (name, values) in [("embedding.weight", model.embedding), ("head.weight", model.head)] {
      guard let target = transformer.parameters[name],
        let whole = configuration.declarations.first(where: { $0.name == name })
      else { continue }
      shard.slicing(of: whole, configuration).cut(values, into: target.value, of: shard.tensor)
    }
    // Processors of different kinds may round differently: one result for all.
    team.handOutParameters()
    state.seconds = team.agree(onSeconds: (clock.now - start) / .seconds(1))
    state.startSeconds = state.seconds
    observe(.startedFromCounts(pairs: counts.total, loss: nats, seconds: state.seconds))
  }
}
