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
    let (left, top, side) = (60.0, 40.0, 360.0)
    let x = { (count: Double) in left + side * count / most }
    let y = { (speed: Double) in top + side * (1 - speed / most) }
    let text = { (x: Double, y: Double, anchor: String, words: String) in
      "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\">\(escaped(words))</text>"
    }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 460 470\" font-family=\"sans-serif\" "
        + "font-size=\"12\">", "<rect width=\"460\" height=\"470\" fill=\"white\"/>",
      text(left + side / 2, 22, "middle", title),
      "<path d=\"M\(left) \(top)V\(top + side)H\(left + side)\" fill=\"none\" stroke=\"black\"/>",
      "<path d=\"M\(x(1)) \(y(1))L\(x(most)) \(y(most))\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>",
    ]
    if let serial = study.serialFraction, most > 1 {
      let curve = (0...60).map { step -> String in
        let count = 1 + (most - 1) * Double(step) / 60
        let speed = 1 / (serial + (1 - serial) / count)
        return "\(step == 0 ? "M" : "L")\(x(count)) \(y(min(speed, most)))"
      }.joined()
      lines.append("<path d=\"\(curve)\" fill=\"none\" stroke=\"#c0392b\"/>")
    }
    for point in study.points {
      let count = Double(point.workers)
      lines.append(
        "<circle cx=\"\(x(count))\" cy=\"\(y(min(study.speedUp(of: point), most)))\" r=\"4\" "
          + "fill=\"#1f4e79\"/>")
      lines.append(text(x(count), top + side + 18, "middle", "\(point.workers)"))
      lines.append(text(left - 8, y(count) + 4, "end", "\(point.workers)"))
    }
    lines.append(text(left + side / 2, top + side + 40, "middle", workers))
    lines.append(
      "<text transform=\"translate(20 \(top + side / 2)) rotate(-90)\" "
        + "text-anchor=\"middle\">speed-up</text>")
    lines.append("</svg>\n")
    return lines.joined(separator: "\n")
  }

  private func escaped(_ words: String) -> String {
    words.map { character in
      switch character {
      case "<": "&lt;"
      case ">": "&gt;"
      case "&": "&amp;"
      default: String(character)
      }
    }.joined()
  }
}
