import Inference
import Testing

/// Nats and tokens of eight documents.
///
/// The expected numbers are numpy's and scipy's:
/// `mu = l.sum()/n.sum(); se = sqrt(8/7*((l-mu*n)**2).sum())/n.sum()` and
/// `scipy.stats.bootstrap((l, n), lambda a, b, axis=-1: a.sum(axis)/b.sum(axis), paired=True,
/// method='percentile', n_resamples=200000, rng=numpy.random.default_rng(0))`.
private let documents = ClusteredRatio(
  numerators: [12.5, 30.1, 7.75, 22.0, 18.4, 40.2, 9.9, 25.3],
  denominators: [5, 11, 4, 8, 7, 13, 3, 9])

@Suite("Confidence interval")
struct ConfidenceIntervalTests {
  @Test("the standard error is the linearised one of a ratio")
  func standardError() throws {
    #expect(abs(documents.ratio - 2.7691666666666666) < 1e-12)
    #expect(abs(try #require(documents.standardError) - 0.10438913386862292) < 1e-12)
  }

  @Test("few clusters get a percentile bootstrap that agrees with scipy's")
  func bootstrap() throws {
    let interval = try #require(documents.interval95())
    #expect(abs(interval.low - 2.5454545) < 0.015)
    #expect(abs(interval.high - 2.9435897) < 0.015)
    #expect(documents.interval95() == interval)
    #expect(documents.interval95(seed: 1) != interval)
  }

  @Test("many clusters get 1.96 standard errors")
  func many() throws {
    let ratio = ClusteredRatio(
      numerators: (0..<80).map { Double($0 % 7) }, denominators: [Double](repeating: 2, count: 80))
    let interval = try #require(ratio.interval95())
    let error = try #require(ratio.standardError)
    #expect(abs((interval.high - interval.low) / 2 - 1.96 * error) < 1e-12)
  }

  @Test("one cluster has no interval")
  func single() {
    let one = ClusteredRatio(numerators: [3], denominators: [2])
    #expect(one.ratio == 1.5)
    #expect(one.standardError == nil && one.interval95() == nil)
  }

  @Test("percentiles interpolate as numpy's do")
  func percentiles() {
    // numpy.percentile([1, 2, 4, 8, 16], q)
    for (percent, expected) in [(2.5, 1.1), (10, 1.4), (50, 4), (97.5, 15.2), (100, 16)] {
      #expect(
        abs(ClusteredRatio.percentile(percent, ofSorted: [1, 2, 4, 8, 16]) - expected) < 1e-12)
    }
  }
}
