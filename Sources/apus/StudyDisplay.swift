/// What a person sees while a study runs.

import Scaling
import Training

/// Shows the runs of a study.
final class StudyDisplay {
  private let messages: OutputOptions
  private var progress: Progress?
  private var label = ""

  /// A display that says what `messages` allows.
  init(_ messages: OutputOptions) { self.messages = messages }

  /// Shows an event.
  func show(_ event: ScalingStudy.Event) {
    switch event {
    case .data(let data):
      messages.say(
        "\(Format.plural(data.documents, "document")), "
          + "\(Format.plural(data.trainingPassages, "passage")) to draw from, "
          + "\(Format.plural(data.nearDuplicates, "near-duplicate")) of held-out text left out, "
          + "\(Format.count(data.validationTokens)) tokens to validate on, "
          + "\(Format.count(data.testTokens)) to test on")
    case .start(let run, let number, let total):
      label = "run \(number) of \(total)"
      progress = Progress("\(label), \(name(run))", unit: .tokens, options: messages)
    case .training(_, let event):
      guard case .step(let step) = event else { return }
      progress?.update(
        done: Double(step.record.tokens), total: nil, note: "epoch \(step.epoch + 1)",
        rate: step.tokensPerSecond)
    case .point(let point, let isNew):
      finish()
      messages.say(
        "\(name(point.run))  test \(Format.fixed(point.testLoss, 4)) nats a token, "
          + "\(Format.fixed(point.bitsPerByte, 4)) bits per byte, "
          + "training \(Format.fixed(point.trainLoss, 4)); best after "
          + "\(Format.fixed(point.epochs * Double(point.bestStep) / Double(max(1, point.steps)), 1)) "
          + "of \(Format.fixed(point.epochs, 1)) epochs, "
          + (isNew ? Format.time(point.seconds) : "kept from before")
          + (point.isCensored ? "  (stopped by the limit of epochs: not fitted)" : ""))
    case .prediction(let prediction, let run):
      finish()
      messages.say(
        Style.standardError.strong(
          "prediction for \(Format.count(run.tokens)) tokens, before they are trained on: "
            + "\(Format.fixed(prediction.loss, 4)) nats a token, 95% "
            + "\(Format.fixed(prediction.low, 4)) to \(Format.fixed(prediction.high, 4))"))
    }
  }

  /// Removes the progress line.
  func finish() { progress?.clear() }

  private func name(_ run: StudyRun) -> String {
    let kind =
      switch run.role {
      case .point: ""
      case .heldOut: "held out, "
      case .doubled: "twice the model, "
      case .fresh: "fresh text, "
      case .shuffled: "shuffled words, "
      }
    return "\(kind)\(Format.count(run.tokens)) tokens, seed \(run.seed)"
  }
}
