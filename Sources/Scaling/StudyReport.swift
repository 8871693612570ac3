/// What a study says: laws with intervals, the held-out test, and the controls.

import FoundationEssentials
import Glibc
import Inference

/// The report of a study: `study.json`.
///
/// Losses are in nats per token; with one tokenizer and one test set, bits per byte are `bitsPerByte`
/// times that, so exponents are the same in both.
public struct StudyReport: Sendable, Codable, Equatable {
  /// A fitted law, with intervals.
  public struct Fit: Sendable, Codable, Equatable {
    /// "power" or "power_with_offset", or "joint".
    public var form: String
    /// The exponent of the variable (of tokens in a joint law).
    public var alpha: Double
    /// Its 95% interval.
    public var alphaCI95: [Double]
    /// The coefficient: L = offset + scale · x^-alpha.
    public var scale: Double
    /// Its 95% interval.
    public var scaleCI95: [Double]
    /// The loss that is left when nothing is scarce; 0 in a pure power law.
    public var offset: Double
    /// Its 95% interval.
    public var offsetCI95: [Double]
    /// Akaike's corrected criterion.
    public var aicc: Double?
    /// The share of the variance of ln L that the law explains.
    public var rSquared: Double
    /// The exponent of parameters in a joint law, and its interval.
    public var alphaParameters: Double?
    /// Its 95% interval.
    public var alphaParametersCI95: [Double]?

    enum CodingKeys: String, CodingKey {
      case form, alpha, scale, offset, aicc
      case alphaCI95 = "alpha_ci95"
      case scaleCI95 = "scale_ci95"
      case offsetCI95 = "offset_ci95"
      case rSquared = "r_squared"
      case alphaParameters = "alpha_parameters"
      case alphaParametersCI95 = "alpha_parameters_ci95"
    }
  }

  /// A run in the report.
  public struct Point: Sendable, Codable, Equatable {
    /// What the run was for.
    public var role: String
    /// Tokens of its training set.
    public var tokens: Int
    /// Learnt values.
    public var parameters: Int
    /// Its seed.
    public var seed: Int
    /// Nats per token.
    public var trainLoss: Double
    /// Nats per token.
    public var validationLoss: Double
    /// Nats per token.
    public var testLoss: Double
    /// Of the test set.
    public var bitsPerByte: Double
    /// Steps in all.
    public var steps: Int
    /// Steps to the best model.
    public var bestStep: Int
    /// Passes through the training set.
    public var epochs: Double
    /// Of training.
    public var flops: Double
    /// Of training.
    public var seconds: Double
    /// Stopped by the limit of epochs, not by the rule.
    public var censored: Bool

    enum CodingKeys: String, CodingKey {
      case role, tokens, parameters, seed, steps, epochs, flops, seconds, censored
      case trainLoss = "train_loss"
      case validationLoss = "validation_loss"
      case testLoss = "test_loss"
      case bitsPerByte = "bits_per_byte"
      case bestStep = "best_step"
    }
  }

  /// The size that was predicted before it was trained.
  public struct HeldOut: Sendable, Codable, Equatable {
    /// Tokens of its training set.
    public var tokens: Int
    /// Learnt values.
    public var parameters: Int
    /// The mean test loss that was expected.
    public var predicted: Double
    /// Its 95% interval.
    public var predictedCI95: [Double]
    /// The mean test loss that was measured.
    public var measured: Double?
    /// Whether it lies inside.
    public var inside: Bool?

    enum CodingKeys: String, CodingKey {
      case tokens, parameters, predicted, measured, inside
      case predictedCI95 = "predicted_ci95"
    }
  }

  /// Whether the curve is the data's or the model's, and whether there was anything to learn.
  public struct Controls: Sendable, Codable, Equatable {
    /// Test loss with a model of twice the size, and of the study's, at the same tokens.
    public var doubledLoss: Double?
    /// The study's own at that size.
    public var singleLoss: Double?
    /// Whether the larger model is better by more than two standard errors of the seeds.
    public var modelLimited: Bool?
    /// L(N, ∞): test loss of the same model on text that never repeats; nil also where the corpus
    /// was too short for as many steps.
    public var freshLoss: Double?
    /// On shuffled words: the training loss at the end.
    public var shuffledTrainLoss: Double?
    /// On shuffled words: the test loss (on shuffled words) at the end.
    public var shuffledTestLoss: Double?

    enum CodingKeys: String, CodingKey {
      case doubledLoss = "doubled_loss"
      case singleLoss = "single_loss"
      case modelLimited = "model_limited"
      case freshLoss = "fresh_loss"
      case shuffledTrainLoss = "shuffled_train_loss"
      case shuffledTestLoss = "shuffled_test_loss"
    }
  }

  /// The version of this form.
  public var format = 1
  /// "tokens", "parameters", "compute" or "both".
  public var variation: String
  /// Every finished run.
  public var points: [Point]
  /// The law that fits better, of all sizes; nil while there are too few.
  public var fit: Fit?
  /// All laws that were fitted.
  public var fits: [Fit] = []
  /// How much more likely the better form is, by Akaike's weights: 0.5…1.
  public var evidence: Double?
  /// The better law's 95% interval along its variable: rows of the variable, low and high.
  public var band: [[Double]] = []
  /// Between neighbouring sizes: −Δ ln L / Δ ln x.
  public var localSlopes: [Double] = []
  /// The held-out test.
  public var heldOut: HeldOut?
  /// The controls.
  public var controls: Controls
  /// Bits per byte for one nat per token, on the test set.
  public var bitsPerByte: Double

  enum CodingKeys: String, CodingKey {
    case format, variation, points, fit, fits, evidence, band, controls
    case localSlopes = "local_slopes"
    case heldOut = "held_out"
    case bitsPerByte = "bits_per_byte_per_nat"
  }

  /// The report on what is finished.
  public init(_ plan: StudyPlan, points all: [StudyPoint], prediction: Prediction?) {
    variation = plan.variation.rawValue
    points = all.map(Point.init)
    let nats = all.first.map { $0.testLoss } ?? 0
    bitsPerByte = nats > 0 ? (all.first?.bitsPerByte ?? 0) / nats : 0
    controls = Controls(all)
    let groups = Self.groups(all, [.point, .heldOut], plan)
    let variable = Self.variable(plan)
    let bootstraps = Self.forms(plan).compactMap { Bootstrap(groups, form: $0) }
    fits = bootstraps.map { Fit($0, variable: variable) }
    if let best = bootstraps.indices.min(by: {
      bootstraps[$0].fit.criterion < bootstraps[$1].fit.criterion
    }) {
      fit = fits[best]
      if plan.variation != .both { band = Self.band(of: bootstraps[best], groups, variable) }
      evidence =
        bootstraps.count > 1 ? Prediction.weights(bootstraps.map(\.fit.criterion)).max() : nil
    }
    if plan.variation != .both {
      let means = groups.map { group in
        (
          log(group[0].values[variable] ?? 1),
          log(group.reduce(0) { $0 + $1.loss } / Double(group.count))
        )
      }
      localSlopes = zip(means, means.dropFirst()).map { -($1.1 - $0.1) / ($1.0 - $0.0) }
    }
    if let prediction, let last = plan.runs.last(where: { $0.role == .heldOut }) {
      let measured = Self.groups(all, [.heldOut], plan).last ?? []
      let mean =
        measured.count == plan.seeds
        ? measured.reduce(0) { $0 + $1.loss } / Double(measured.count) : nil
      heldOut = HeldOut(
        tokens: last.tokens, parameters: plan.parameters(last.model),
        predicted: prediction.loss, predictedCI95: [prediction.low, prediction.high],
        measured: mean, inside: mean.map(prediction.contains))
    }
  }

  /// The report as JSON.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}

extension StudyReport.Fit {
  init(_ bootstrap: Bootstrap, variable: ScalingVariable) {
    let law = bootstrap.fit.law
    let isJoint = law.terms.count > 1
    func ends(_ number: (ScalingLaw) -> Double) -> [Double] {
      let interval = bootstrap.interval(number)
      return [interval.low, interval.high]
    }
    func term(of law: ScalingLaw) -> ScalingLaw.Term {
      law.terms.first { $0.variable == variable } ?? law.terms[0]
    }
    form = isJoint ? "joint" : bootstrap.fit.form.hasOffset ? "power_with_offset" : "power"
    alpha = term(of: law).exponent
    alphaCI95 = ends { term(of: $0).exponent }
    scale = term(of: law).coefficient
    scaleCI95 = ends { term(of: $0).coefficient }
    offset = law.offset
    offsetCI95 = ends(\.offset)
    aicc = bootstrap.fit.criterion.isFinite ? bootstrap.fit.criterion : nil
    rSquared = bootstrap.fit.rSquared
    if isJoint {
      alphaParameters = law.terms.first { $0.variable == .parameters }?.exponent
      alphaParametersCI95 = ends { law in
        law.terms.first { $0.variable == .parameters }?.exponent ?? .nan
      }
    }
  }

  /// The law as a function of its variable.
  public func loss(at value: Double) -> Double { offset + scale * pow(value, -alpha) }
}

extension StudyReport.Point {
  init(_ point: StudyPoint) {
    role = point.run.role.rawValue
    tokens = point.run.tokens
    parameters = point.parameters
    seed = point.run.seed
    trainLoss = point.trainLoss
    validationLoss = point.validationLoss
    testLoss = point.testLoss
    bitsPerByte = point.bitsPerByte
    steps = point.steps
    bestStep = point.bestStep
    epochs = point.epochs
    flops = point.flops
    seconds = point.seconds
    censored = point.isCensored
  }
}

extension StudyReport.Controls {
  init(_ points: [StudyPoint]) {
    func first(_ role: StudyRun.Role) -> StudyPoint? { points.first { $0.run.role == role } }
    if let fresh = first(.fresh) {
      // As many steps as its counterpart took to its best model, or it says nothing about more text.
      let counterpart = points.first {
        $0.run.role == .point && $0.run.tokens == fresh.run.tokens && $0.run.seed == fresh.run.seed
      }
      freshLoss = fresh.steps >= counterpart?.bestStep ?? 0 ? fresh.testLoss : nil
    }
    shuffledTrainLoss = first(.shuffled)?.trainLoss
    shuffledTestLoss = first(.shuffled)?.testLoss
    let doubled = points.filter { $0.run.role == .doubled }
    if let tokens = doubled.first?.run.tokens {
      let larger = doubled.map(\.testLoss)
      let single = points.filter { $0.run.role == .point && $0.run.tokens == tokens }
        .map(\.testLoss)
      let mean = { (values: [Double]) in values.reduce(0, +) / Double(values.count) }
      doubledLoss = mean(larger)
      if !single.isEmpty {
        singleLoss = mean(single)
        let center = mean(single)
        let variance =
          single.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(max(1, single.count - 1))
        let error = (variance * (1 / Double(single.count) + 1 / Double(larger.count))).squareRoot()
        modelLimited = center - mean(larger) > max(2 * error, 0.002)
      }
    }
  }
}
