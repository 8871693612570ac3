/// Charts put things where they belong.

import Scaling
import Testing

@Suite("Charts") struct ChartTests {
  private let chart = Chart(
    title: "a < b & c",
    x: .init("tokens", isLogarithmic: true, low: 1_000, high: 1_000_000),
    y: .init("loss", isLogarithmic: false, low: 0, high: 10),
    series: [
      .init("line", .line, color: 0, [.init(x: 1_000, y: 0), .init(x: 1_000_000, y: 10)]),
      .init("dot", .dots, color: 1, [.init(x: 31_622.776_6, y: 5, low: 4, high: 6)]),
    ])

  @Test("the middle of a logarithmic axis is the geometric mean")
  func places() {
    let svg = ChartSVG(chart).text
    // 74 + (760 − 74 − 24) / 2, and 480 − 62 − (480 − 44 − 62) / 2.
    #expect(svg.contains("<circle cx=\"405\" cy=\"231\""))
    #expect(svg.contains("a &lt; b &amp; c"))
  }

  @Test("a terminal shows the dot in the middle, and ticks in short forms")
  func terminal() {
    let text = ChartText(chart, columns: 61, rows: 11).text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    let row = lines.firstIndex {
      $0.contains("●") && $0.contains("│") || $0.contains("●") && $0.contains("┤")
    }
    #expect(row == 2 + 5)
    #expect(text.contains("1k") && text.contains("1M"))
    #expect(lines.allSatisfy { $0.count <= 61 })
  }
}
