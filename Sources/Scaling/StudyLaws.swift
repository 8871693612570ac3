/// Which runs of a study a law is fitted to, and what it says about the size that is held out.

import Glibc
import Inference

extension StudyReport {
  /// The variable that a study's laws are functions of.
  static func variable(_ plan: StudyPlan) -> ScalingVariable {
    switch plan.variation {
    case .tokens, .both: .tokens
    case .parameters: .parameters
    case .compute: .compute
    }
  }

  static func forms(_ plan: StudyPlan) -> [LawForm] {
    let variable = variable(plan)
    return plan.variation == .both ? [.joint] : [.pure(variable), .withOffset(variable)]
  }

  /// Runs that differ by their seed alone, the smallest first; those of `roles`.
  static func groups(_ points: [StudyPoint], _ roles: Set<StudyRun.Role>, _ plan: StudyPlan)
    -> [[LossSample]]
  {
    if plan.variation == .compute { return frontier(points, roles, plan) }
    var groups: [StudyRun: [StudyPoint]] = [:]
    for point in points where roles.contains(point.run.role) && !point.isCensored {
      let key = StudyRun(.point, point.run.model, tokens: point.run.tokens, seed: 0)
      groups[key, default: []].append(point)
    }
    return groups.values
      .sorted { ($0[0].run.tokens, $0[0].parameters) < ($1[0].run.tokens, $1[0].parameters) }
      .map { $0.map(\.sample) }
  }

  /// For every budget and seed, the best of the models that spent it.
  private static func frontier(
    _ points: [StudyPoint], _ roles: Set<StudyRun.Role>, _ plan: StudyPlan
  ) -> [[LossSample]] {
    let known = Dictionary(grouping: points.filter { roles.contains($0.run.role) }) {
      plan.budget(of: $0.run)
    }
    return known.sorted { $0.key < $1.key }.map { budget, runs in
      Dictionary(grouping: runs, by: \.run.seed).sorted { $0.key < $1.key }.compactMap { _, runs in
        runs.min { $0.testLoss < $1.testLoss }.map {
          LossSample([.compute: budget], nats: $0.clusterNats, counts: $0.clusterTokens)
        }
      }
    }
  }

  /// What the smaller sizes say about the mean test loss of the held-out one.
  static func prediction(_ points: [StudyPoint], plan: StudyPlan, for run: StudyRun)
    -> Prediction?
  {
    let groups = groups(points, [.point], plan)
    let bootstraps = forms(plan).compactMap {
      Bootstrap(groups, form: $0, resamplesClusters: false)
    }
    guard !bootstraps.isEmpty else { return nil }
    return Prediction(
      bootstraps,
      at: [
        .tokens: Double(run.tokens), .parameters: Double(plan.parameters(run.model)),
        .compute: plan.budget(of: run),
      ], seeds: plan.seeds)
  }

  /// The interval of a law of one variable, a little beyond the sizes on both sides.
  static func band(
    of bootstrap: Bootstrap, _ groups: [[LossSample]], _ variable: ScalingVariable
  ) -> [[Double]] {
    let sizes = groups.compactMap { $0.first?.values[variable] }
    guard let low = sizes.min(), let high = sizes.max(), low < high else { return [] }
    return (0...24).map { step in
      let place = low / 1.3 * pow(1.69 * high / low, Double(step) / 24)
      let interval = bootstrap.interval { $0.loss(at: place) }
      return [place, interval.low, interval.high]
    }
  }
}
