import Scaling
import Testing

@Suite("Parallel studies") struct ParallelStudyTests {
  private func study(_ speeds: [(Int, Double)]) -> ParallelStudy {
    ParallelStudy(
      points: speeds.map {
        .init(
          workers: $0.0, tokensPerSecond: $0.1, communicationShare: 0, gradientDifference: 0)
      })
  }

  @Test("Amdahl's own example: a tenth that does not divide makes 16 workers 6.4 times as fast")
  func amdahl() throws {
    let speeds = [1, 2, 4, 8, 16].map { count in
      (count, 100 / (0.1 + 0.9 / Double(count)))
    }
    let study = study(speeds)
    #expect(abs(try #require(study.serialFraction) - 0.1) < 1e-12)
    #expect(abs(study.speedUp(of: study.points[4]) - 6.4) < 1e-9)
    #expect(abs(study.efficiency(of: study.points[4]) - 0.4) < 1e-9)
    #expect(self.study([(1, 100)]).serialFraction == nil)
  }

  @Test("the noise of a gradient is found from two sizes of batches that obey its law")
  func noise() throws {
    // |G|² = 4 and S = 6,000: a batch of 1,500 tokens has as much noise as signal.
    let square = { (tokens: Double) in 4 + 6_000 / tokens }
    let noise = GradientNoise(
      small: square(256), smallTokens: 256, large: square(4_096), largeTokens: 4_096)
    #expect(abs(noise.squaredSignal - 4) < 1e-9)
    #expect(abs(noise.variance - 6_000) < 1e-6)
    #expect(abs(try #require(noise.criticalBatch) - 1_500) < 1e-6)
    #expect(GradientNoise(small: 1, smallTokens: 1, large: 2, largeTokens: 2).criticalBatch == nil)
  }

  @Test("the chart names every number of workers, and its SVG is whole")
  func chart() {
    let chart = ParallelChart(study([(1, 100), (2, 190), (4, 350)]))
    #expect(chart.text(width: 40).split(separator: "\n").count == 3)
    #expect(chart.text(width: 40).contains("   2 ███████████████████·│"))
    let svg = chart.svg(title: "a < b", workers: "threads")
    #expect(svg.hasPrefix("<svg") && svg.hasSuffix("</svg>\n"))
    #expect(svg.contains("a &lt; b"))
    // Three points, and the one of the legend.
    #expect(svg.components(of: "<circle") == 4)
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    indices.filter { self[$0...].hasPrefix(part) }.count
  }
}
