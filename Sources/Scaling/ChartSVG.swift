/// Draws a chart as SVG.

/// SVG 1.1 without scripts, styles or fonts of its own, on a white ground.
public struct ChartSVG {
  private let chart: Chart
  private let width = 760.0
  private let height = 480.0
  private let left = 74.0
  private let right = 24.0
  private let top = 44.0
  private let bottom = 62.0
  /// Distinguishable without red and green (Okabe & Ito 2008).
  private let palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#6B6B6B"]

  /// A drawing of `chart`.
  public init(_ chart: Chart) { self.chart = chart }

  /// The file.
  public var text: String {
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(width)) \(number(height))\" "
        + "font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">",
      "<title>\(escaped(chart.title))</title>",
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
      "<text x=\"\(number(left))\" y=\"26\" font-size=\"16\" font-weight=\"bold\">"
        + "\(escaped(chart.title))</text>",
    ]
    lines += axes
    for series in chart.series { lines += drawing(of: series) }
    lines += legend
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  private func x(_ value: Double) -> Double {
    left + chart.x.place(value) * (width - left - right)
  }

  private func y(_ value: Double) -> Double {
    height - bottom - chart.y.place(value) * (height - top - bottom)
  }

  private var axes: [String] {
    var lines: [String] = []
    let (floor, edge) = (height - bottom, width - right)
    for tick in chart.x.ticks {
      let place = number(x(tick))
      lines.append(
        "<path d=\"M\(place) \(number(top))V\(number(floor))\" stroke=\"#e6e6e6\"/>"
          + "<text x=\"\(place)\" y=\"\(number(floor + 19))\" text-anchor=\"middle\">"
          + "\(Chart.text(tick))</text>")
    }
    for tick in chart.y.ticks {
      let place = y(tick)
      lines.append(
        "<path d=\"M\(number(left)) \(number(place))H\(number(edge))\" stroke=\"#e6e6e6\"/>"
          + "<text x=\"\(number(left - 8))\" y=\"\(number(place + 4))\" text-anchor=\"end\">"
          + "\(Chart.text(tick))</text>")
    }
    lines.append(
      "<path d=\"M\(number(left)) \(number(top))V\(number(floor))H\(number(edge))\" fill=\"none\" "
        + "stroke=\"#222\"/>")
    let middle = (left + edge) / 2
    lines.append(
      "<text x=\"\(number(middle))\" y=\"\(number(height - 16))\" text-anchor=\"middle\">"
        + "\(escaped(chart.x.label))</text>")
    let height = number((top + floor) / 2)
    lines.append(
      "<text transform=\"rotate(-90 20 \(height))\" x=\"20\" y=\"\(height)\" "
        + "text-anchor=\"middle\">\(escaped(chart.y.label))</text>")
    return lines
  }

  private func drawing(of series: Chart.Series) -> [String] {
    let color = palette[series.color % palette.count]
    let points = series.points
    switch series.look {
    case .line, .dashes:
      let dash = series.look == .dashes ? " stroke-dasharray=\"6 5\"" : ""
      return [
        "<path d=\"\(path(points.map { ($0.x, $0.y) }))\" fill=\"none\" stroke=\"\(color)\" "
          + "stroke-width=\"2\"\(dash)/>"
      ]
    case .band:
      let edge = points.map { ($0.x, $0.high) } + points.reversed().map { ($0.x, $0.low) }
      return ["<path d=\"\(path(edge))Z\" fill=\"\(color)\" fill-opacity=\"0.15\"/>"]
    case .dots, .rings:
      return points.map { point in
        let (px, py) = (number(x(point.x)), number(y(point.y)))
        let bar =
          point.low < point.high
          ? "<path d=\"M\(px) \(number(y(point.low)))V\(number(y(point.high)))\" "
            + "stroke=\"\(color)\" stroke-width=\"1.5\"/>" : ""
        let fill = series.look == .dots ? color : "#fff"
        return bar + "<circle cx=\"\(px)\" cy=\"\(py)\" r=\"4.5\" fill=\"\(fill)\" "
          + "stroke=\"\(color)\" stroke-width=\"2\"/>"
      }
    }
  }

  private func path(_ points: [(Double, Double)]) -> String {
    points.enumerated().map { index, point in
      "\(index == 0 ? "M" : "L")\(number(x(point.0))) \(number(y(point.1)))"
    }.joined()
  }

  private var legend: [String] {
    var lines: [String] = []
    var row = top + 14
    let start = width - right - 280
    for series in chart.series where !series.name.isEmpty {
      let color = palette[series.color % palette.count]
      let mark = number(row - 4)
      switch series.look {
      case .dots, .rings:
        lines.append(
          "<circle cx=\"\(number(start + 14))\" cy=\"\(mark)\" r=\"4.5\" "
            + "fill=\"\(series.look == .dots ? color : "#fff")\" stroke=\"\(color)\" "
            + "stroke-width=\"2\"/>")
      case .line, .dashes, .band:
        let dash = series.look == .dashes ? " stroke-dasharray=\"6 5\"" : ""
        let (wide, opacity) = series.look == .band ? ("10", "0.15") : ("2", "1")
        lines.append(
          "<path d=\"M\(number(start)) \(mark)h28\" stroke=\"\(color)\" stroke-width=\"\(wide)\" "
            + "stroke-opacity=\"\(opacity)\"\(dash)/>")
      }
      lines.append(
        "<text x=\"\(number(start + 36))\" y=\"\(number(row))\">\(escaped(series.name))</text>")
      row += 19
    }
    return lines
  }

  /// At most two digits after the point.
  private func number(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
    return result
  }
}
