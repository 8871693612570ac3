import Autograd
import FoundationEssentials
import Glibc
import Models
import Testing
import Training

@Suite("Muon") struct MuonTests {
  private static let cases: [(rows: Int, columns: Int, expected: [Double])] = [
    (2, 3, [0.8534888, 0.9395071, 0.1551046, -0.736052, -0.9460174, -0.3052332]),
    (
      4, 2,
      [
        0.8595836, 0.9350255, 0.1500623, -0.744539, -0.9527891, -0.3192839, 0.6423992, 1.0051454,
      ]
    ),
  ]

  private func gradient(_ index: Int, _ step: Int) -> Double { cos(Double((index + 1) * step)) }

  @Test("the slow truth gives the numbers of the published recipe in PyTorch", arguments: cases)
  func reference(rows: Int, columns: Int, expected: [Double]) {
    var muon = ReferenceMuon(Matrix(rows, columns) { sin(Double($0 + 1)) })
    for step in 1...3 {
      muon.update(
        Matrix(rows, columns) { gradient($0, step) }, rate: step == 3 ? 0.01 : 0.02)
    }
    for (value, expected) in zip(muon.value.values, expected) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test(
    "every logical matrix moves as if it were stored alone",
    arguments: TransformerConfiguration.Family.allCases)
  func slices(family: TransformerConfiguration.Family) throws {
    let grouped = family == .llama || family == .qwen3
    let configuration = TransformerConfiguration(
      family: family, vocabularySize: 40, contextLength: 8, layers: 1, width: 16, heads: 4,
      keyValueHeads: grouped ? 2 : 4, feedForwardWidth: 40)
    let store = ParameterStore(configuration.declarations)
    for parameter in store.parameters {
      for index in 0..<parameter.count { parameter.value[index] = Float(sin(Double(index + 1))) }
    }
    // Rows of the stored matrices that belong together: queries, keys, values; gate, up.
    let blocks = [
      "blocks.0.attention.qkv.weight": grouped ? [16, 8, 8] : [16, 16, 16],
      "blocks.0.attention.output.weight": [16],
      "blocks.0.feedForward.up.weight":
        grouped
        ? [configuration.feedForwardWidth, configuration.feedForwardWidth]
        : [configuration.feedForwardWidth],
      "blocks.0.feedForward.down.weight": [16],
    ]
    var references: [String: [ReferenceMuon]] = [:]
    for (name, rows) in blocks {
      let parameter = try #require(store[name])
      var start = 0
      references[name] = rows.map { rows in
        defer { start += rows * parameter.columns }
        return ReferenceMuon(
          Matrix(rows, parameter.columns) { Double(parameter.value[start + $0]) })
      }
    }
    let muon = Muon(store, .muon(), configuration: configuration)
    for step in 1...2 {
      for parameter in store.parameters {
        for index in 0..<parameter.count {
          parameter.gradient[index] = Float(0.3 * gradient(index, step))
        }
      }
      muon.update(rateShare: 1, gradientScale: 0.5)
      for (name, matrices) in references {
        var start = 0
        references[name] = matrices.map { reference in
          var reference = reference
          defer { start += reference.value.values.count }
          reference.update(
            Matrix(reference.value.rows, reference.value.columns) {
              0.15 * Double(Float(gradient(start + $0, step)))
            }, rate: 0.02)
          return reference
        }
      }
    }
    for (name, matrices) in references {
      let parameter = try #require(store[name])
      for (index, value) in matrices.flatMap(\.value.values).enumerated() {
        #expect(abs(Double(parameter.value[index]) - value) < 2e-4, "\(name)[\(index)]")
      }
    }
  }

  @Test("steps among Gram matrices move a matrix as steps on the matrix itself do")
  func gramSteps() throws {
    let configuration = TransformerConfiguration(
      family: .nanochat, vocabularySize: 20, contextLength: 8, layers: 1, width: 48, heads: 2)
    let store = ParameterStore(configuration.declarations)
    let names = ["attention.output", "feedForward.up", "feedForward.down"]
    let parameters = try names.map { try #require(store["blocks.0.\($0).weight"]) }
    var references: [ReferenceMuon] = []
    store.zeroGradients()
    for (index, parameter) in parameters.enumerated() {
      // Rows that shrink: singular values from 1 to 1/1000.
      let gradient = Matrix(parameter.rows, parameter.columns) { place in
        let row = Double(place / parameter.columns) / Double(parameter.rows)
        return Double(Float(sin(Double((place + 1) * (place + index + 3))) * pow(1e-3, row)))
      }
      for (place, value) in gradient.values.enumerated() {
        parameter.gradient[place] = Float(value)
      }
      var reference = ReferenceMuon(Matrix(parameter.rows, parameter.columns))
      reference.update(gradient, rate: 1)
      references.append(reference)
    }
    Muon(store, .muon(learningRate: 1), configuration: configuration)
      .update(rateShare: 1, gradientScale: 1)
    for (parameter, reference) in zip(parameters, references) {
      let largest = reference.value.values.map(abs).max() ?? 0
      for (place, value) in reference.value.values.enumerated() {
        #expect(abs(Double(parameter.value[place]) - value) < 2e-3 * largest, "\(parameter.name)")
      }
    }
  }

  @Test("every second update moves the matrices, twice as far, with a momentum of all gradients")
  func everySecond() throws {
    let configuration = TransformerConfiguration(
      family: .nanochat, vocabularySize: 20, contextLength: 8, layers: 1, width: 16, heads: 2)
    let stores = [1, 2].map { _ in ParameterStore(configuration.declarations) }
    var options = OptimizerOptions.muon()
    let every = Muon(stores[0], options, configuration: configuration)
    options.orthogonalizesEvery = 2
    let second = Muon(stores[1], options, configuration: configuration)
    var sums = [Float](repeating: 0, count: 256)
    for step in 1...4 {
      for store in stores {
        for index in 0..<store.count { store.gradients[index] = Float(gradient(index, step)) }
      }
      let matrices = try stores.map { try #require($0["blocks.0.attention.output.weight"]) }
      let before = (0..<256).map { matrices[0].value[$0] }
      let held = (0..<256).map { matrices[1].value[$0] }
      for muon in [every, second] { muon.update(rateShare: 1, gradientScale: 1) }
      for index in 0..<256 where step % 2 == 0 {
        sums[index] += 2 * (matrices[0].value[index] - before[index])
        #expect(abs(matrices[1].value[index] - sums[index]) < 1e-6)
      }
      if step % 2 == 1 { #expect((0..<256).allSatisfy { matrices[1].value[$0] == held[$0] }) }
    }
  }

  @Test("embedding and head move by AdamW at rates of their own; a tied embedding as a head")
  func rates() throws {
    for (family, rate) in [(TransformerConfiguration.Family.nanochat, 0.09), (.llama, 0.003)] {
      let configuration = TransformerConfiguration(
        family: family, vocabularySize: 20, contextLength: 8, layers: 1, width: 16, heads: 2)
      let store = ParameterStore(configuration.declarations)
      store.gradients.update(repeating: 0.5, count: store.count)
      Muon(store, .muon(), configuration: configuration).update(rateShare: 1, gradientScale: 1)
      // The first step of Adam moves every value by the rate.
      let embedding = try #require(store["embedding.weight"])
      #expect(abs(Double(embedding.value[5]) + rate) < 1e-6)
      if let head = store["head.weight"] { #expect(abs(head.value[5] + 0.003) < 1e-6) }
    }
  }

  @Test("a matrix without gradient stays where it is")
  func zeroGradient() throws {
    let configuration = TransformerConfiguration(
      family: .nanochat, vocabularySize: 20, contextLength: 8, layers: 1, width: 16, heads: 2)
    let store = ParameterStore(configuration.declarations)
    store.zeroGradients()
    let muon = Muon(store, .muon(), configuration: configuration)
    muon.update(rateShare: 1, gradientScale: 1)
    #expect((0..<store.count).allSatisfy { store.values[$0] == 0 })
    #expect(muon.state.contains { $0.name == "blocks.0.attention.qkv.weight.momentum" })
    #expect(muon.state.contains { $0.name == "head.weight.secondMoment" })
    #expect(!muon.state.contains { $0.name == "blocks.0.attention.qkv.weight.firstMoment" })
  }
}
