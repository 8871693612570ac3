import Autograd
import Models
import Testing

@Suite("Parts of matrices and of models") struct SlicingTests {
  @Test("parts put together are the whole", arguments: 1...4)
  func roundTrip(count: Int) {
    let whole = (0..<9 * 10).map(Float.init)
    for (axis, stretches) in [
      (Slicing.Axis.rows, [9]), (.rows, [4, 4, 1]), (.columns, [10]), (.columns, [4, 6]),
    ] {
      let slicing = Slicing(axis, rows: 9, columns: 10, stretches: stretches, count: count)
      var result = [Float](repeating: -1, count: 90)
      for index in 0..<count {
        let shape = slicing.shape(of: index)
        var part = [Float](repeating: -2, count: shape.rows * shape.columns)
        slicing.cut(whole, into: &part, of: index)
        slicing.paste(part, into: &result, of: index)
      }
      #expect(result == whole)
    }
  }

  @Test("every process has whole heads of queries, keys and values")
  func heads() throws {
    let shape = TransformerConfiguration(
      family: .llama, vocabularySize: 7, contextLength: 8, layers: 1, width: 16, heads: 4,
      keyValueHeads: 2)
    let declaration = try #require(
      shape.declarations.first { $0.name == "blocks.0.attention.qkv.weight" })
    let slicing = Shard(tensor: 1, tensors: 2).slicing(of: declaration, shape)
    #expect(slicing.ranges(of: 1) == [8..<16, 20..<24, 28..<32])
  }

  @Test(
    "stages and shares hold every value once, a tied embedding twice",
    arguments: TransformerConfiguration.Family.allCases)
  func cover(family: TransformerConfiguration.Family) {
    let shape = TransformerConfiguration(
      family: family, vocabularySize: 101, contextLength: 8, layers: 7, width: 32, heads: 4)
    let total = { (all: [Parameter.Declaration]) in all.reduce(0) { $0 + $1.rows * $1.columns } }
    for stages in 1...4 {
      let held = (0..<stages).map { total(Shard(stage: $0, stages: stages).declarations(shape)) }
      let twice = shape.tiedHead && stages > 1 ? 101 * 32 : 0
      #expect(held.reduce(0, +) == total(shape.declarations) + twice)
      let blocks = (0..<stages).map { Shard(stage: $0, stages: stages).blocks(of: shape) }
      #expect(blocks.flatMap(Array.init) == Array(0..<7))
      #expect(blocks.allSatisfy { !$0.isEmpty })
    }
  }
}
