/// A chart of points, curves and bands on two axes, whatever it is drawn on.

import Glibc

/// What is to be drawn; `ChartSVG` and `ChartText` draw it.
public struct Chart: Sendable, Equatable {
  /// One axis.
  public struct Axis: Sendable, Equatable {
    /// What it shows, with its unit.
    public var label: String
    /// Whether equal distances are equal ratios.
    public var isLogarithmic: Bool
    /// The first value shown.
    public var low: Double
    /// The last value shown.
    public var high: Double

    /// An axis; `low` is below `high`.
    public init(_ label: String, isLogarithmic: Bool, low: Double, high: Double) {
      precondition(low < high && (!isLogarithmic || low > 0), "An axis runs upwards.")
      self.label = label
      self.isLogarithmic = isLogarithmic
      self.low = low
      self.high = high
    }

    /// Where a value lies, 0 at `low` and 1 at `high`.
    func place(_ value: Double) -> Double {
      isLogarithmic
        ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low)
    }

    /// The value at a place.
    func value(at place: Double) -> Double {
      isLogarithmic
        ? exp(log(low) + place * (log(high) - log(low))) : low + place * (high - low)
    }

    /// Round values inside, some four to nine of them.
    var ticks: [Double] {
      if isLogarithmic, high / low >= 20 {
        let steps = high / low > 3_000 ? [1.0] : high / low > 100 ? [1, 3] : [1, 2, 5]
        var ticks: [Double] = []
        for exponent in Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up)) {
          for step in steps { ticks.append(step * pow(10, Double(exponent))) }
        }
        return ticks.filter { $0 >= low * 0.999 && $0 <= high * 1.001 }
      }
      let raw = (high - low) / 6
      let unit = pow(10, log10(raw).rounded(.down))
      let step = [1, 2, 2.5, 5, 10].map { $0 * unit }.first { $0 >= raw } ?? raw
      var ticks: [Double] = []
      var index = (low / step).rounded(.up)
      while index * step <= high * (1 + 1e-9) {
        ticks.append(index * step)
        index += 1
      }
      return ticks
    }
  }

  /// A value with an interval.
  public struct Point: Sendable, Equatable {
    /// Along.
    public var x: Double
    /// Up.
    public var y: Double
    /// The lower end of the interval.
    public var low: Double
    /// The upper end of the interval.
    public var high: Double

    /// A point; without ends it has no interval.
    public init(x: Double, y: Double, low: Double? = nil, high: Double? = nil) {
      self.x = x
      self.y = y
      self.low = low ?? y
      self.high = high ?? y
    }
  }

  /// How a series looks.
  public enum Look: Sendable, Equatable {
    /// Filled dots with error bars.
    case dots
    /// Rings with error bars.
    case rings
    /// A line through the points.
    case line
    /// A dashed line through the points.
    case dashes
    /// The area between the points' ends.
    case band
  }

  /// Points that belong together.
  public struct Series: Sendable, Equatable {
    /// What the legend says; empty for nothing.
    public var name: String
    /// How it looks.
    public var look: Look
    /// Which colour of the palette.
    public var color: Int
    /// The points, from left to right.
    public var points: [Point]

    /// A series.
    public init(_ name: String, _ look: Look, color: Int, _ points: [Point]) {
      self.name = name
      self.look = look
      self.color = color
      self.points = points
    }
  }

  /// What the chart shows, in a few words.
  public var title: String
  /// Along.
  public var x: Axis
  /// Up.
  public var y: Axis
  /// What is drawn, the first at the back.
  public var series: [Series]

  /// A chart.
  public init(title: String, x: Axis, y: Axis, series: [Series]) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
  }

  /// A number on an axis: 30k, 1M, 2.5.
  static func text(_ value: Double) -> String {
    let units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")]
    let (scale, unit) = units.first { value >= $0.0 * 0.9999 } ?? (1, "")
    let scaled = value / scale
    if value >= 1e15 { return "1e\(Int(log10(value).rounded()))" }
    var text = "\((scaled * 1000).rounded() / 1000)"
    if text.hasSuffix(".0") { text.removeLast(2) }
    return text + unit
  }
}
