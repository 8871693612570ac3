/// The speed-up over workers as a picture, and as lines of text.

/// Draws a study.
public struct ParallelChart {
  private let study: ParallelStudy

  /// A chart of `study`.
  public init(_ study: ParallelStudy) { self.study = study }

  private var most: Double { Double(study.points.map(\.workers).max() ?? 1) }

  /// A bar for every point, as long as its speed-up; the ideal ends at `│`.
  public func text(width: Int = 40) -> String {
    study.points.map { point in
      let scale = Double(width) / most
      let filled = Int((study.speedUp(of: point) * scale).rounded())
      let ideal = Int((Double(point.workers) * scale).rounded())
      let bar = (0..<max(filled, ideal)).map { $0 < filled ? "█" : "·" }.joined()
      let label = String(repeating: " ", count: max(0, 4 - "\(point.workers)".count))
      return "\(label)\(point.workers) \(bar)│"
    }.joined(separator: "\n")
  }

  /// A standalone SVG: measured points, Amdahl's law fitted to them, and the ideal.
  public func svg(title: String, workers: String) -> String {
    let ideal = [1, most].map { Chart.Point(x: $0, y: $0) }
    var series = [Chart.Series("ideal", .dashes, color: 5, ideal)]
    if let serial = study.serialFraction, most > 1 {
      let curve = (0...60).map { step -> Chart.Point in
        let count = 1 + (most - 1) * Double(step) / 60
        return Chart.Point(x: count, y: min(1 / (serial + (1 - serial) / count), most))
      }
      series.append(.init("Amdahl's law", .line, color: 1, curve))
    }
    let points = study.points.map {
      Chart.Point(x: Double($0.workers), y: min(study.speedUp(of: $0), most))
    }
    series.append(.init("measured", .dots, color: 0, points))
    let high = 1.05 * most
    return ChartSVG(
      Chart(
        title: title, x: .init(workers, isLogarithmic: false, low: 0, high: high),
        y: .init("speed-up", isLogarithmic: false, low: 0, high: high), series: series)
    ).text
  }
}
