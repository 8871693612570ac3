/// What a person sees of a run: progress, evaluations, the end, and how to go on.

import Machine
import Models
import Training

/// Carries out a run and shows it.
final class TrainDisplay {
  private let messages: OutputOptions
  private let reading: Progress
  private let progress: Progress
  private var loss: Double?

  /// A display that says what `messages` allows.
  init(_ messages: OutputOptions) {
    self.messages = messages
    reading = Progress("reading", unit: .tokens, options: messages)
    progress = Progress("training", unit: .tokens, options: messages)
  }

  /// Trains to the end of the run; throws `Failure` 130 if the user ended it before.
  func run(_ trainer: Trainer) throws {
    let outcome = try trainer.run { event in show(event) }
    progress.clear()
    let state = trainer.state
    let done =
      "\(Format.plural(state.step, "step")), \(Format.count(state.tokens)) tokens, "
      + Format.time(state.seconds)
    switch outcome {
    case .interrupted:
      messages.say("saved \(trainer.folder) after \(done)")
      throw Failure(
        "interrupted", status: .interrupted,
        hint: "resume with: apus train --resume \(trainer.folder)")
    case .finished: messages.say("finished after \(done)")
    case .stoppedEarly(let step):
      messages.say("stopped early after \(done); the best model is that of step \(step)")
    }
    if state.skippedSteps > 0 {
      messages.warn(
        "\(Format.plural(state.skippedSteps, "step")) had numbers that were none and were skipped",
        hint: "a lower --learning-rate or a longer --warm-up may help")
    }
    let size = trainer.transformer.parameterCount * 4
    messages.say("wrote \(trainer.folder) (\(Format.bytes(size)) of weights)")
    messages.suggest("apus sample \(trainer.folder) \"Once upon a time\"")
  }

  private func show(_ event: TrainingEvent) {
    switch event {
    case .reading(let tokens, let total):
      reading.update(done: Double(tokens), total: Double(total))
    case .startedFromCounts(let pairs, let loss, let seconds):
      reading.clear()
      messages.say(
        "started from the counts of \(Format.count(pairs)) pairs of tokens: "
          + "\(Format.fixed(loss, 4)) nats a token after \(Format.time(seconds))")
    case .step(let step):
      reading.clear()
      if let latest = step.record.loss { loss = (loss ?? latest) * 0.95 + latest * 0.05 }
      progress.update(
        done: Double(step.record.tokens), total: nil, share: step.share,
        note: note(for: step), rate: step.tokensPerSecond, secondsLeft: step.secondsLeft)
    case .skipped(let step):
      progress.clear()
      messages.warn("step \(step): the loss or its gradients were no numbers; skipped")
    case .evaluation(let result, let step, let isBest):
      progress.clear()
      messages.say(
        "step \(step)  validation loss \(Format.fixed(result.loss, 4)) nats a token, "
          + "\(Format.fixed(result.bitsPerByte, 4)) bits per byte\(isBest ? "" : "  (not the best)")"
      )
    case .average(let result, let isKept):
      progress.clear()
      messages.say(
        "the average of the weights has \(Format.fixed(result.bitsPerByte, 4)) bits per byte and "
          + (isKept ? "is the model" : "is not better"))
    case .saved: break
    case .note(let text):
      progress.clear()
      messages.say(Style.standardError.warning("note:") + " " + text)
    }
  }

  private func note(for step: TrainingProgress) -> String {
    var parts = ["step \(step.record.step)"]
    if let loss { parts.append("loss \(Format.fixed(loss, 3))") }
    if step.epoch > 0 { parts.append("epoch \(step.epoch + 1)") }
    if step.waitShare > 0.05 { parts.append("\(Int(step.waitShare * 100))% waiting for data") }
    return parts.joined(separator: "  ")
  }
}
