import Testing
import Training

@Suite("Expected losses") struct ExpectedLossTests {
  @Test("the law gives back the runs that it was fitted to, within its interval")
  func knownRuns() throws {
    // Rows of docs/recipe-runs.csv.
    let books = try #require(ExpectedLoss(family: .nanochat, optimizer: .muon, flops: 3.69e13))
    #expect(books.interval.contains(1.904))
    #expect(abs(books.bitsPerByte - 1.904) < 0.05)
    let counts = try #require(
      ExpectedLoss(family: .nanochat, optimizer: .muon, start: .counts, flops: 6.55e13))
    #expect(abs(counts.bitsPerByte - 1.6495) < 0.01)
    let classic = try #require(ExpectedLoss(family: .gpt2, optimizer: .adamw, flops: 3.08e14))
    // Three seeds, 1.881, 1.887 and 1.896.
    #expect(abs(classic.bitsPerByte - 1.888) < 0.01)
    let hour = try #require(ExpectedLoss(family: .nanochat, optimizer: .muon, flops: 3.32e14))
    #expect(abs(hour.bitsPerByte - 1.710) < 0.01)
  }

  @Test("more arithmetic gives fewer bits, and less certainty beyond what was measured")
  func growth() throws {
    let losses = try [1e13, 1e14, 1e15, 1e17].map {
      try #require(ExpectedLoss(family: .nanochat, optimizer: .muon, flops: $0))
    }
    for (a, b) in zip(losses, losses.dropFirst()) { #expect(b.bitsPerByte < a.bitsPerByte) }
    let widths = losses.map { $0.interval.upperBound - $0.interval.lowerBound }
    #expect(widths[2] > widths[1] && widths[3] > widths[2])
  }

  @Test("nothing is expected of families that nobody measured, nor of a corpus read many times")
  func unknown() {
    #expect(ExpectedLoss(family: .llama, optimizer: .adamw, flops: 1e14) == nil)
    var wishes = TrainingPlan.Wishes()
    wishes.speed = 140e9
    #expect(TrainingPlan(wishes, cores: 2).expectedLoss != nil)
    wishes.vocabularySize = 8_192
    #expect(TrainingPlan(wishes, cores: 2).expectedLoss == nil)
    wishes.vocabularySize = nil
    wishes.corpusBytes = 100_000
    #expect(TrainingPlan(wishes, cores: 2).expectedLoss == nil)
  }
}
