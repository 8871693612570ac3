/// `apus train`: a model from a corpus, or further steps of one that was interrupted.

import ArgumentParser
import Corpora
import Distributed
import Glibc
import Machine
import Models
import Tokenizers
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model on a corpus.",
    discussion: """
      EXAMPLES
        apus train corpora/tales.jsonl.zst -o tales --time 2m
        apus train books/ -o books --tokenizer books-16k.json --depth 6 --tokens 50M
        apus train --resume books
        mpirun -n 4 apus train books/ -o books --tokenizer books-16k.json
        mpirun -n 4 apus train --resume books --tensor-parallel 2 --pipeline-parallel 2

      One dial, --depth, decides width, heads, batch, learning rate and length; every number can \
      be given by itself, and the plan is printed before it is carried out. Without --tokenizer \
      one is trained on the corpus first. Ctrl-C finishes the step and saves. The folder opens in \
      Hugging Face transformers; training/metrics.jsonl inside it is the log of the run. Any number \
      of threads and processes that divide the batch gives the same bytes; processes can divide the \
      model too: docs/parallel.md.
      """)

  @OptionGroup var corpus: CorpusOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The folder of the model.", valueName: "model"))
  var output: String?

  @Option(name: .long, help: ArgumentHelp("Go on with an interrupted run.", valueName: "model"))
  var resume: String?

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp("Start from the weights and tokenizer of a model.", valueName: "model"))
  var initialModel: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The tokenizer (default: one is trained first).", valueName: "file"))
  var tokenizer: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Tokens of the tokenizer that is trained first.", valueName: "n"))
  var vocabSize: Count?

  @OptionGroup(title: "Model") var shape: ShapeOptions
  @OptionGroup(title: "Model switches") var switches: SwitchOptions
  @OptionGroup(title: "Length") var length: LengthOptions
  @OptionGroup(title: "Optimizer") var step: StepOptions
  @OptionGroup(title: "Recipe") var recipe: RecipeOptions
  @OptionGroup(title: "Watching and saving") var watch: WatchOptions
  @OptionGroup(title: "Several processes") var layout: LayoutOptions

  @Option(name: .long, help: "buffer shuffles windows among millions of tokens; none keeps order.")
  var shuffle = ShuffleKind.buffer

  @Option(name: .long, help: "The seed of all that is random.")
  var seed: UInt64 = 42

  @OptionGroup var precision: PrecisionOption

  @Flag(
    name: .long,
    help: "Keep only what stands between blocks, and compute the rest twice: less memory, slower.")
  var recompute = false

  @Flag(name: .long, help: "Print the plan and stop.")
  var dryRun = false

  @OptionGroup var replace: ReplaceOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  /// The order of training windows.
  enum ShuffleKind: String, ExpressibleByArgument, CaseIterable {
    case none
    case buffer
  }

  func validate() throws {
    if resume != nil {
      if output != nil { throw ValidationError("--resume and -o exclude each other") }
      if !corpus.corpus.isEmpty {
        throw ValidationError("--resume goes on with the corpus that the run was started with")
      }
      if initialModel != nil { throw ValidationError("--resume and --init exclude each other") }
      if tokenizer != nil || vocabSize != nil || !shape.isEmpty || !step.isEmpty || !recipe.isEmpty
        || !switches.isEmpty
        || !watch.validation.isEmpty || recompute || watch.validationFraction != nil
      {
        throw ValidationError(
          "--resume goes on as the run was started; only its length, its evaluations and its "
            + "checkpoints can change")
      }
    }
    if initialModel != nil {
      if tokenizer != nil { throw ValidationError("--init brings its own tokenizer") }
      var others = shape
      others.context = nil
      if !others.isEmpty || !switches.isEmpty {
        throw ValidationError("--init decides the shape of the model")
      }
    }
  }

  /// The processes that train together.
  var processes: any Communicator { Cooperation.current.communicator }

  func run() throws {
    _ = try resume == nil ? Cooperation.join(reading: corpus.corpus) : Cooperation.join()
    if let resume {
      try resumeRun(in: resume)
    } else if let output {
      try startRun(in: output)
    } else {
      throw Failure(
        "it is not said where the model goes", status: .usage,
        hint: "-o MODEL names its folder")
    }
  }

  private func startRun(in folder: String) throws {
    if !replace.force, access(folder, F_OK) == 0 {
      throw Failure(
        "\(folder) exists", status: .cannotCreate,
        hint: "apus train --resume \(folder) goes on with it, --force replaces it")
    }
    threads.apply()
    let texts = try corpus.open(for: Self.self)
    let start = try TrainStart(self, texts)
    var plan = start.plan
    try show(plan, start: start, folder: folder)
    if dryRun { return }
    Interruption.observe()
    let tokenizer: Tokenizer
    if let given = start.tokenizer {
      tokenizer = given
    } else {
      tokenizer = try sharedTokenizer(on: texts, for: plan)
      if tokenizer.vocabularySize != plan.configuration.vocabularySize {
        plan = start.plan(vocabularySize: tokenizer.vocabularySize)
      }
    }
    let transformer =
      start.transformer
      ?? Transformer(plan.configuration, seed: seed, zeroProjections: plan.zeroProjections)
    let trainer = try Trainer(
      transformer, tokenizer: tokenizer, options: try start.options(for: plan), folder: folder,
      communicator: processes, tensors: layout.tensorParallel, stages: layout.pipelineParallel)
    try TrainDisplay(messages).run(trainer)
  }

  private func resumeRun(in folder: String) throws {
    threads.apply()
    let precision = try precision.asked()
    let trainer = try Trainer(
      resuming: folder, communicator: processes, tensors: layout.tensorParallel,
      stages: layout.pipelineParallel
    ) { options in
      if let precision { options.precision = precision }
      if let horizon = length.horizon { options.horizon = horizon }
      if let interval = watch.evaluateEvery { options.evaluateEvery = interval.steps }
      if let interval = watch.saveEvery { options.saveEvery = interval.steps }
      if let keep = watch.keep { options.keep = keep }
      if watch.earlyStopping {
        options.earlyStopping = EarlyStopping.Rule(patience: watch.patience ?? 8)
      }
    }
    let state = trainer.state
    let parameters = trainer.transformer.parameterCount
    let done = "\(Format.plural(state.step, "step")) and \(Format.count(state.tokens)) tokens done"
    messages.say(
      "\(folder): \(Format.count(parameters)) parameters, \(done), seed \(state.options.seed)")
    if state.progress >= 1 {
      messages.say("the run is complete: nothing was changed")
      messages.suggest("apus train --resume \(folder) --steps \(2 * state.step)   (a longer run)")
      return
    }
    if dryRun { return }
    Interruption.observe()
    try TrainDisplay(messages).run(trainer)
  }

  private func show(_ plan: TrainingPlan, start: TrainStart, folder: String) throws {
    let width = plan.items.map(\.name.count).max() ?? 0
    let values = plan.items.map(\.value.count).max() ?? 0
    for item in plan.items where start.transformer == nil || !item.isShape {
      let name = item.name + String(repeating: " ", count: width - item.name.count)
      let value = item.value + String(repeating: " ", count: values - item.value.count)
      messages.say("  \(name)  \(value)  \(item.reason)")
    }
    let options = try start.options(for: plan)
    let memory =
      MemoryEstimate(
        plan.configuration, options, processes: processes.size, corpusBytes: plan.corpusBytes
      ).bytes
      + MemoryEstimate.readingBytes(
        options.data, vocabularySize: plan.configuration.vocabularySize,
        corpusBytes: plan.corpusBytes)
    let summary = [
      "\(Format.count(plan.parameterCount)) parameters",
      "\(Format.count(plan.expectedTokens)) tokens in \(Format.plural(plan.expectedSteps, "step"))",
      Format.bytes(memory),
      "about \(Format.time(plan.expectedSeconds)) on "
        + (processes.size > 1 ? "\(processes.size) × " : "")
        + Format.plural(threads.count, "thread"),
      "seed \(seed)",
    ]
    messages.say(summary.joined(separator: ", "))
    if start.transformer == nil, let expected = plan.expectedLoss {
      messages.say(
        "expected to reach \(Format.fixed(expected.bitsPerByte, 2)) bits per byte on held-out English "
          + "prose (nine runs in ten: \(Format.fixed(expected.interval.lowerBound, 2)) to "
          + "\(Format.fixed(expected.interval.upperBound, 2)))")
    }
    if plan.readings > 2 * Double(TrainingPlan.enoughReadings) {
      messages.warn(
        "the text will be read \(Int(plan.readings.rounded())) times, which in trials on 128 kB was no better "
          + "than \(TrainingPlan.enoughReadings)", hint: "more text, or a shorter run")
    }
    if plan.configuration.leavesFamily {
      messages.say(
        "the model departs from \(plan.configuration.family.rawValue): apus alone will open it")
    }
    if let free = MachineSpeed.availableMemory, memory > free {
      messages.warn(
        "the run needs more memory than the \(Format.bytes(free)) that are free",
        hint: recompute
          ? "a smaller --depth, --width or --context needs less"
          : "--recompute needs less, and a smaller --depth, --width or --context")
    }
  }

  /// Trained by the first process for all.
  private func sharedTokenizer(on texts: Corpus, for plan: TrainingPlan) throws -> Tokenizer {
    if processes.size == 1 { return try trainTokenizer(on: texts, for: plan) }
    let own = processes.rank == 0 ? try trainTokenizer(on: texts, for: plan).json() : []
    return try Tokenizer(json: processes.handOut(own))
  }

  private func trainTokenizer(on texts: Corpus, for plan: TrainingPlan) throws -> Tokenizer {
    let size = plan.configuration.vocabularySize
    messages.say(
      "no --tokenizer: training one of \(Format.grouped(size)) tokens on the corpus first")
    let rules = try BPEOptions.parse([])
    let fraction = plan.validationFraction ?? 0
    let split = fraction > 0 ? Split.training(validationFraction: fraction) : .all
    do {
      return try rules.train(
        on: texts, split: split, vocabularySize: size, threads: threads.count, messages: messages
      ).tokenizer
    } catch CorpusError.emptyPart {
      return try rules.train(
        on: texts, split: .all, vocabularySize: size, threads: threads.count, messages: messages
      ).tokenizer
    }
  }
}
