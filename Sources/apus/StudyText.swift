/// A study's report in words: table, chart, and one line that says it all.

import Scaling

/// The report as text.
struct StudyText {
  private let report: StudyReport
  private let columns: Int

  /// The report for `columns` columns.
  init(_ report: StudyReport, columns: Int) {
    self.report = report
    self.columns = columns
  }

  /// Everything.
  var text: String {
    var lines = table
    if let chart = report.chart() { lines += ["", ChartText(chart, columns: columns).text] }
    lines += [""] + laws + controls + ["", verdict]
    return lines.joined(separator: "\n")
  }

  /// α, the choice between the forms, and the held-out test in one line.
  var verdict: String {
    guard let fit = report.fit else { return "too few sizes are finished for a law" }
    let half = (fit.alphaCI95[1] - fit.alphaCI95[0]) / 2
    var parts = [
      "alpha = \(Format.fixed(fit.alpha, 4)) ± \(Format.fixed(half, 4)) (95% "
        + "\(Format.fixed(fit.alphaCI95[0], 4)) to \(Format.fixed(fit.alphaCI95[1], 4)))"
    ]
    if let evidence = report.evidence {
      let form = fit.form == "power" ? "a pure power law" : "a power law with a floor"
      parts.append(
        evidence < 0.9
          ? "the sizes cannot tell a floor from none (weight \(Format.fixed(evidence, 2)))"
          : "\(form) (weight \(Format.fixed(evidence, 2)))")
    }
    if let heldOut = report.heldOut {
      let interval =
        "\(Format.fixed(heldOut.predicted, 3)) [\(Format.fixed(heldOut.predictedCI95[0], 3)), "
        + "\(Format.fixed(heldOut.predictedCI95[1], 3))]"
      if let measured = heldOut.measured, let inside = heldOut.inside {
        parts.append(
          "\(Format.count(heldOut.tokens)) tokens: predicted \(interval), measured "
            + "\(Format.fixed(measured, 3)), \(inside ? "inside" : "outside")")
      } else {
        parts.append("\(Format.count(heldOut.tokens)) tokens: predicted \(interval)")
      }
    }
    return parts.joined(separator: "; ")
  }

  private var table: [String] {
    let header = [
      "role", "tokens", "parameters", "seed", "train", "validation", "test", "bits/byte", "epochs",
      "steps", "seconds",
    ]
    var rows = [header]
    for point in report.points {
      rows.append([
        point.role + (point.censored ? "*" : ""), Format.count(point.tokens),
        Format.count(point.parameters), "\(point.seed)", Format.fixed(point.trainLoss, 4),
        Format.fixed(point.validationLoss, 4), Format.fixed(point.testLoss, 4),
        Format.fixed(point.bitsPerByte, 4), Format.fixed(point.epochs, 1), "\(point.steps)",
        Format.fixed(point.seconds, 0),
      ])
    }
    let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      row.enumerated().map { Format.padded($0.element, widths[$0.offset]) }.joined(separator: "  ")
    }
    if report.points.contains(where: \.censored) {
      lines.append("* stopped by the limit of epochs, so its loss is not final: not fitted")
    }
    return lines
  }

  private var laws: [String] {
    report.fits.map { fit in
      let name =
        switch fit.form {
        case "power": "power law        "
        case "joint": "L(N, D)          "
        default: "power law + floor"
        }
      var line =
        "\(name)  alpha \(Format.fixed(fit.alpha, 4)) [\(Format.fixed(fit.alphaCI95[0], 4)), "
        + "\(Format.fixed(fit.alphaCI95[1], 4))]"
      if let exponent = fit.alphaParameters, let ends = fit.alphaParametersCI95 {
        line +=
          ", of parameters \(Format.fixed(exponent, 4)) [\(Format.fixed(ends[0], 4)), "
          + "\(Format.fixed(ends[1], 4))]"
      }
      if fit.form != "power" {
        line +=
          ", floor \(Format.fixed(fit.offset, 3)) [\(Format.fixed(fit.offsetCI95[0], 3)), "
          + "\(Format.fixed(fit.offsetCI95[1], 3))]"
      }
      line += ", R² \(Format.fixed(fit.rSquared, 4))"
      if let criterion = fit.aicc { line += ", AICc \(Format.fixed(criterion, 1))" }
      return line
    } + slopes
  }

  private var slopes: [String] {
    guard !report.localSlopes.isEmpty else { return [] }
    return [
      "local slopes       "
        + report.localSlopes.map { Format.fixed($0, 3) }.joined(separator: ", ")
        + "  (between neighbouring sizes)"
    ]
  }

  private var controls: [String] {
    let found = report.controls
    var lines: [String] = []
    if let doubled = found.doubledLoss, let single = found.singleLoss,
      let isLimited = found.modelLimited
    {
      lines.append(
        "twice the model    test \(Format.fixed(doubled, 4)) instead of \(Format.fixed(single, 4)): "
          + (isLimited
            ? "the model limits the largest sizes" : "the data limit the loss, not the model"))
    }
    if let fresh = found.freshLoss {
      var text = "never repeated     test \(Format.fixed(fresh, 4)), so δL = L(D) / L(∞) − 1 is "
      let sizes = Dictionary(grouping: report.points.filter { $0.role == "point" }, by: \.tokens)
      text += sizes.sorted { $0.key < $1.key }.map { size, runs in
        let mean = runs.reduce(0) { $0 + $1.testLoss } / Double(runs.count)
        return "\(Format.fixed(mean / fresh - 1, 3)) at \(Format.count(size))"
      }.joined(separator: ", ")
      lines.append(text)
    } else if report.points.contains(where: { $0.role == "fresh" }) {
      lines.append(
        "never repeated     the corpus is too short for as many steps without repetition")
    }
    if let train = found.shuffledTrainLoss, let test = found.shuffledTestLoss {
      lines.append(
        "shuffled words     training \(Format.fixed(train, 4)), test \(Format.fixed(test, 4)): what "
          + "is learnt there does not generalise")
    }
    let points = report.points.filter { $0.role == "point" || $0.role == "held_out" }
    if let last = points.last {
      lines.append(
        "gap at the stop    test − training = \(Format.fixed(last.testLoss - last.trainLoss, 4)) "
          + "nats at \(Format.count(last.tokens)) tokens")
    }
    return lines
  }
}
