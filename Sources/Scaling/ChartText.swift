/// Draws a chart with characters, for a terminal.

/// A chart of so many columns and rows of text.
public struct ChartText {
  private let chart: Chart
  private let columns: Int
  private let rows: Int

  /// A drawing of `chart` that is `columns` wide, and `rows` high without its title and x axis.
  public init(_ chart: Chart, columns: Int = 78, rows: Int = 18) {
    self.chart = chart
    self.columns = max(30, columns)
    self.rows = max(6, rows)
  }

  /// The lines.
  public var text: String {
    let labels = chart.y.ticks.map { ($0, Chart.text($0)) }
    let margin = (labels.map(\.1.count).max() ?? 0) + 1
    let width = columns - margin - 1
    var grid = [[Character]](
      repeating: [Character](repeating: " ", count: width), count: rows)
    func put(_ x: Double, _ y: Double, _ mark: Character, over: Bool) {
      let place = (chart.x.place(x), chart.y.place(y))
      guard (0...1).contains(place.0), (0...1).contains(place.1) else { return }
      let column = min(width - 1, Int(place.0 * Double(width)))
      let row = rows - 1 - min(rows - 1, Int(place.1 * Double(rows)))
      if over || grid[row][column] == " " { grid[row][column] = mark }
    }
    for series in chart.series.reversed() {
      switch series.look {
      case .dots: for point in series.points { put(point.x, point.y, "●", over: true) }
      case .rings: for point in series.points { put(point.x, point.y, "○", over: true) }
      case .line, .dashes:
        let mark: Character = series.look == .line ? "·" : "-"
        for column in 0..<width {
          let x = chart.x.value(at: (Double(column) + 0.5) / Double(width))
          if let y = interpolated(series.points, at: x) { put(x, y, mark, over: false) }
        }
      case .band: break
      }
    }
    var lines = [chart.title, chart.y.label]
    for row in 0..<rows {
      let label = labels.first { entry in
        rows - 1 - min(rows - 1, Int(chart.y.place(entry.0) * Double(rows))) == row
      }
      let text = label?.1 ?? ""
      lines.append(
        String(repeating: " ", count: margin - 1 - text.count) + text
          + (label == nil ? " │" : " ┤") + String(grid[row]))
    }
    lines.append(String(repeating: " ", count: margin) + "└" + String(repeating: "─", count: width))
    lines.append(ticks(margin: margin, width: width))
    lines.append(String(repeating: " ", count: margin + 1) + chart.x.label)
    let legend = chart.series.compactMap { series -> String? in
      guard !series.name.isEmpty else { return nil }
      switch series.look {
      case .dots: return "● \(series.name)"
      case .rings: return "○ \(series.name)"
      case .line: return "· \(series.name)"
      case .dashes: return "- \(series.name)"
      case .band: return nil
      }
    }
    lines += legend.map { String(repeating: " ", count: margin + 1) + $0 }
    return lines.joined(separator: "\n")
  }

  private func ticks(margin: Int, width: Int) -> String {
    var line = [Character](repeating: " ", count: columns)
    var free = 0
    for tick in chart.x.ticks {
      let text = Array(Chart.text(tick))
      let center = margin + 1 + Int(chart.x.place(tick) * Double(width - 1))
      let start = min(max(free, center - text.count / 2), columns - text.count)
      if start < free || start > center { continue }
      for (index, character) in text.enumerated() { line[start + index] = character }
      free = start + text.count + 1
    }
    return String(line)
  }

  private func interpolated(_ points: [Chart.Point], at x: Double) -> Double? {
    for (a, b) in zip(points, points.dropFirst()) where a.x <= x && x <= b.x {
      let share =
        (chart.x.place(x) - chart.x.place(a.x)) / (chart.x.place(b.x) - chart.x.place(a.x))
      return chart.y.value(
        at: chart.y.place(a.y) + share * (chart.y.place(b.y) - chart.y.place(a.y)))
    }
    return nil
  }
}
