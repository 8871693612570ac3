/// What the random numbers promise: the published sequences, fair bounds, a state that is saved.

import FoundationEssentials
import Glibc
import Machine
import Testing

@Suite("Random numbers")
struct RandomNumbersTests {
  @Test("xoshiro256++ gives the published sequence")
  func publishedSequence() {
    var source = RandomSource(state: (1, 2, 3, 4))
    let expected: [UInt64] = [
      41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386,
      9_228_616_714_210_784_205, 9_973_669_472_204_895_162, 14_011_001_112_246_962_877,
      12_406_186_145_184_390_807, 15_849_039_046_786_891_736, 10_450_023_813_501_588_000,
    ]
    #expect(expected.map { _ in source.next() } == expected)
  }

  @Test("the seeding is SplitMix64 with its published sequence")
  func publishedSeeding() {
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431,
    ]
    #expect(
      RandomSource(seed: 1_234_567)
        == RandomSource(state: (expected[0], expected[1], expected[2], expected[3])))
  }

  @Test("streams of one seed differ, and the same stream is the same")
  func streams() {
    var first = RandomSource(seed: 7, stream: 1)
    var again = RandomSource(seed: 7, stream: 1)
    var second = RandomSource(seed: 7, stream: 2)
    let numbers = (0..<100).map { _ in first.next() }
    #expect(numbers == (0..<100).map { _ in again.next() })
    #expect(Set(numbers).isDisjoint(with: (0..<100).map { _ in second.next() }))
  }

  @Test("a source that was saved in the middle goes on as if it had not been")
  func saving() throws {
    var source = RandomSource(seed: 42)
    for _ in 0..<17 { _ = source.nextNormal() }
    let saved = try JSONEncoder().encode(source)
    var restored = try JSONDecoder().decode(RandomSource.self, from: saved)
    for _ in 0..<1_000 { #expect(source.next() == restored.next()) }
  }

  @Test("numbers below a bound are evenly spread", arguments: [1, 2, 3, 7, 10])
  func bounded(bound: Int) {
    var source = RandomSource(seed: 3)
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<10_000 * bound { counts[source.next(below: bound)] += 1 }
    let deviation = counts.map { abs(Double($0) - 10_000) }.max() ?? 0
    #expect(deviation < 5 * 100)
  }

  @Test("uniform numbers lie in 0..<1 and average a half")
  func uniform() {
    var source = RandomSource(seed: 11)
    let doubles = (0..<50_000).map { _ in source.nextDouble() }
    let floats = (0..<50_000).map { _ in source.nextFloat() }
    #expect(doubles.allSatisfy { (0..<1).contains($0) })
    #expect(floats.allSatisfy { (0..<1).contains($0) })
    #expect(abs(doubles.reduce(0, +) / 50_000 - 0.5) < 0.006)
    #expect(abs(floats.reduce(0, +) / 50_000 - 0.5) < 0.006)
  }

  @Test("normal numbers have the moments of the normal distribution")
  func normal() {
    var source = RandomSource(seed: 5)
    let numbers = (0..<100_000).map { _ in source.nextNormal() }
    func moment(_ power: Double) -> Double {
      numbers.reduce(0) { $0 + pow($1, power) } / 100_000
    }
    #expect(abs(moment(1)) < 0.015)
    #expect(abs(moment(2) - 1) < 0.02)
    #expect(abs(moment(4) - 3) < 0.15)
    #expect(numbers.allSatisfy { $0.isFinite })
  }

  @Test("a permutation holds every number once and depends on the source")
  func permutation() {
    var source = RandomSource(seed: 9)
    let first = source.permutation(of: 1_000)
    let second = source.permutation(of: 1_000)
    #expect(first.sorted() == Array(0..<1_000))
    #expect(second.sorted() == Array(0..<1_000))
    #expect(first != second)
    #expect(source.permutation(of: 0).isEmpty)
    #expect(source.permutation(of: 1) == [0])
  }
}
