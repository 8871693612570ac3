/// From the options of `apus scaling` to a plan, and the words in which it is shown.

import Corpora
import Glibc
import Machine
import Models
import Scaling
import Tokenizers
import Training

/// What a study starts from.
struct StudyStart {
  /// The plan.
  private(set) var plan: StudyPlan
  private let command: ScalingStudyCommand
  private let texts: Corpus
  private let given: Tokenizer?
  private let speed: Double

  init(_ command: ScalingStudyCommand, _ texts: Corpus) throws {
    self.command = command
    self.texts = texts
    let design = command.design
    let seconds = design.time?.seconds ?? 600
    let shape = StudyDesign.shape(seconds: seconds)
    let kept = "\(command.output)/tokenizer.json"
    given = try (design.tokenizer ?? (access(kept, F_OK) == 0 ? kept : nil)).map(
      TokenizerOptions.load)
    var model = shape.model
    if let width = design.width {
      model.width = width
      model.heads = max(1, width / 32)
    }
    if let layers = design.layers { model.layers = layers }
    if let heads = design.heads { model.heads = heads }
    let models = (design.widths?.values ?? [model.width]).map { width in
      StudyModel(
        layers: model.layers, width: width,
        heads: width == model.width ? model.heads : design.heads ?? max(1, width / 32))
    }
    let context = design.context ?? shape.context
    var plan = StudyPlan(
      corpus: command.corpus.corpus, sizes: design.sizes?.values ?? [], models: models,
      vocabularySize: given?.vocabularySize ?? design.vocabSize?.value ?? shape.vocabularySize,
      context: context,
      sequences: design.batchTokens.map { max(1, $0.value / context) } ?? shape.sequences)
    plan.variation = design.vary
    plan.validation = design.validation
    plan.test = design.test
    plan.seeds = design.seeds
    plan.family = design.family.rawValue
    plan.dropout = design.dropout
    plan.learningRate =
      design.learningRate ?? StudyDesign.learningRate(tokensPerStep: plan.tokensPerStep)
    plan.passageBytes = StudyDesign.passageBytes(context: context)
    plan.stopping = EarlyStopping.Rule(patience: design.patience)
    plan.hasControls = design.controls
    if let tokens = design.validationTokens { plan.validationTokens = tokens.value }
    if let tokens = design.testTokens { plan.testTokens = tokens.value }
    for model in models { try plan.configuration(model).check() }
    // A time would choose other sizes whenever the machine is a little faster: the first choice holds.
    if design.sizes == nil, let kept = try ScalingStudy.plan(in: command.output),
      kept.models == plan.models, kept.tokensPerStep == plan.tokensPerStep
    {
      plan.sizes = kept.sizes
    }
    speed = StudyDesign.measuredSpeed(of: plan)
    if plan.sizes.isEmpty {
      let bytes = try textBytes(of: texts) ?? 0
      // Four bytes a token, and a tenth held out.
      plan.sizes = StudyDesign.sizes(
        for: plan, seconds: 0.9 * seconds, speed: speed, available: bytes / 5)
    }
    self.plan = plan
    if let problem = plan.problem {
      throw Failure(
        problem, status: .usage,
        hint: "a longer --time, or other --sizes; --dry-run shows what comes of them")
    }
  }

  /// The tokenizer that was named, or the study's own, or a new one.
  func tokenizer() throws -> Tokenizer {
    if let given { return given }
    let rules = try BPEOptions.parse([])
    return try rules.train(
      on: texts, split: .all, vocabularySize: plan.vocabularySize, threads: command.threads.count,
      messages: command.messages
    ).tokenizer
  }

  /// Says what will be done.
  func show() {
    let messages = command.messages
    let runs = plan.runs
    let parameters = plan.models.map { Format.count(plan.parameters($0)) }
    messages.say("study of \(plan.corpus.joined(separator: ", "))")
    let rows = [
      (
        "model",
        "\(plan.family), \(plan.models.map { "\($0.layers) × \($0.width)" }.joined(separator: ", ")), "
          + "\(parameters.joined(separator: ", ")) parameters, vocabulary \(Format.grouped(plan.vocabularySize))"
      ),
      (
        "sizes",
        plan.sizes.map { Format.count($0) }.joined(separator: ", ") + " tokens, the last held out"
      ),
      ("seeds", "\(plan.seeds): subset, initial weights, order"),
      (
        "step",
        "\(plan.tokensPerStep) tokens, AdamW at \(plan.learningRate), constant, dropout \(plan.dropout)"
      ),
      (
        "stop",
        "validation every quarter of an epoch (at least 50 steps); after \(plan.stopping.patience) "
          + "without a gain of \(plan.stopping.threshold) nats and one paired standard error"
      ),
      (
        "runs",
        "\(runs.count), \(plan.hasControls && plan.variation == .tokens ? "with" : "without") controls; about "
          + "\(Format.time(StudyDesign.expectedSeconds(of: plan, speed: speed))) at "
          + "\(Format.grouped(Int(speed))) tokens/s on \(Format.plural(command.threads.count, "thread"))"
      ),
    ]
    for (name, value) in rows {
      messages.say("  \(name)" + String(repeating: " ", count: 7 - name.count) + value)
    }
  }
}
