/// The picture of a study: losses against what was varied, both in logarithms, and the law.

import Glibc
import Inference

extension StudyReport {
  /// The chart, or nil while there are fewer than two sizes.
  public func chart() -> Chart? {
    let varied = StudyPlan.Variation(rawValue: variation) ?? .tokens
    let value = { (point: Point) -> Double in
      switch varied {
      case .tokens, .both: Double(point.tokens)
      case .parameters: Double(point.parameters)
      // Budgets are met to a step.
      case .compute: pow(10, (log10(point.flops) * 50).rounded() / 50)
      }
    }
    func means(_ role: StudyRun.Role) -> [Chart.Point] {
      let runs = points.filter { $0.role == role.rawValue && !$0.censored }
      return Dictionary(grouping: runs, by: value).sorted { $0.key < $1.key }
        .map { x, runs in
          // Of a budget, the best model of every seed counts.
          let losses =
            varied == .compute
            ? Dictionary(grouping: runs, by: \.seed).values.compactMap { $0.map(\.testLoss).min() }
            : runs.map(\.testLoss)
          let mean = losses.reduce(0, +) / Double(losses.count)
          return Chart.Point(
            x: x, y: mean, low: losses.min() ?? mean, high: losses.max() ?? mean)
        }
    }
    let known = means(.point)
    let heldOutRuns = means(.heldOut)
    let all = known + heldOutRuns
    guard let first = all.first, let last = all.last, first.x < last.x else { return nil }
    let (low, high) = (first.x / 1.3, last.x * 1.3)
    let places = (0...60).map { low * pow(high / low, Double($0) / 60) }
    var series: [Chart.Series] = []
    if let heldOut, !heldOutRuns.isEmpty || varied != .compute {
      let x =
        varied == .compute
        ? heldOutRuns.last?.x ?? 0
        : Double(varied == .parameters ? heldOut.parameters : heldOut.tokens)
      series.append(
        .init(
          "predicted before it was trained, 95%", .band, color: 1,
          [0.985, 1.015].map {
            Chart.Point(
              x: x * $0, y: heldOut.predicted, low: heldOut.predictedCI95[0],
              high: heldOut.predictedCI95[1])
          }))
    }
    if !band.isEmpty {
      series.append(
        .init(
          "95% of the fit", .band, color: 0,
          band.map { Chart.Point(x: $0[0], y: ($0[1] + $0[2]) / 2, low: $0[1], high: $0[2]) }))
    }
    if let fit {
      let name =
        fit.offset > 0
        ? "L = \(Self.short(fit.offset)) + \(Self.short(fit.scale)) x^-\(Self.short(fit.alpha))"
        : "L = \(Self.short(fit.scale)) x^-\(Self.short(fit.alpha))"
      series.append(
        .init(name, .line, color: 0, places.map { Chart.Point(x: $0, y: fit.loss(at: $0)) }))
    }
    // Through the middle of the points, the slope that Kaplan et al. found on web text.
    let middle = all[all.count / 2]
    if varied == .tokens {
      series.append(
        .init(
          "slope 0.095 (arXiv 2001.08361)", .dashes, color: 5,
          places.map { Chart.Point(x: $0, y: middle.y * pow($0 / middle.x, -0.095)) }))
    }
    series.append(.init("test loss, all seeds", .dots, color: 0, known))
    if !heldOutRuns.isEmpty {
      series.append(.init("held out from the fit", .rings, color: 1, heldOutRuns))
    }
    let ends = series.filter { $0.look != .dashes }.flatMap {
      $0.points.flatMap { [$0.low, $0.high] }
    }
    guard let lowest = ends.min(), let highest = ends.max() else { return nil }
    return Chart(
      title: "Test loss against \(Self.axis(varied))",
      x: .init(
        varied == .tokens ? "training tokens, repetitions not counted" : Self.axis(varied),
        isLogarithmic: true, low: low, high: high),
      y: .init(
        "test loss, nats per token", isLogarithmic: true, low: lowest * 0.97, high: highest * 1.05),
      series: series.map { part in
        var part = part
        part.points.removeAll { $0.y < lowest * 0.97 || $0.y > highest * 1.05 }
        return part
      })
  }

  private static func axis(_ variation: StudyPlan.Variation) -> String {
    switch variation {
    case .tokens, .both: "training tokens"
    case .parameters: "parameters"
    case .compute: "FLOPs of training"
    }
  }

  /// Three significant digits.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    let digits = max(0, 2 - Int(log10(abs(value)).rounded(.down)))
    let scale = pow(10, Double(digits))
    let rounded = (value * scale).rounded() / scale
    return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
  }
}
