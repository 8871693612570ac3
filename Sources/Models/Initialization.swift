/// Which parameters a configuration has, and the random values they start from.

import Autograd
import Machine

extension TransformerConfiguration {
  /// Learnt values of the whole model, embeddings included.
  public var parameterCount: Int { declarations.reduce(0) { $0 + $1.rows * $1.columns } }

  /// The parameters in forward order.
  public var declarations: [Parameter.Declaration] {
    var all: [Parameter.Declaration] = []
    func norm(_ name: String) {
      if normsHaveWeights { all.append(.init("\(name).weight", columns: width, role: .vector)) }
      if family == .gpt2 { all.append(.init("\(name).bias", columns: width, role: .vector)) }
    }
    func linear(_ name: String, _ rows: Int, _ columns: Int, bias: Bool) {
      all.append(.init("\(name).weight", rows: rows, columns: columns, role: .matrix))
      if bias { all.append(.init("\(name).bias", columns: rows, role: .vector)) }
    }
    all.append(
      .init("embedding.weight", rows: vocabularySize, columns: width, role: .embedding))
    if !usesRotaryPositions {
      all.append(.init("position.weight", rows: contextLength, columns: width, role: .embedding))
    }
    for index in 0..<layers {
      let block = "blocks.\(index)"
      all += departureDeclarations(block: index)
      norm("\(block).attentionNorm")
      linear("\(block).attention.qkv", attentionWidth, width, bias: attentionBias)
      if family == .qwen3, normalizesHeads {
        for name in ["queryNorm", "keyNorm"] {
          all.append(.init("\(block).attention.\(name).weight", columns: headWidth, role: .vector))
        }
      }
      linear("\(block).attention.output", width, heads * headWidth, bias: attentionBias)
      norm("\(block).feedForwardNorm")
      let inner = activation == .swiGLU ? 2 * feedForwardWidth : feedForwardWidth
      linear("\(block).feedForward.up", inner, width, bias: family == .gpt2)
      linear("\(block).feedForward.down", width, feedForwardWidth, bias: family == .gpt2)
    }
    norm("finalNorm")
    if departures.logitScale { all.append(.init("logitScale", columns: 1, role: .vector)) }
    if !tiedHead {
      all.append(.init("head.weight", rows: vocabularySize, columns: width, role: .embedding))
    }
    return all
  }
}

/// Fills a store with the family's initial values; parameter `i` draws from stream `i` of `seed`.
///
/// | family | matrices | into the residual stream | embedding | head |
/// |---|---|---|---|---|
/// | gpt2 | N(0, 0.02²) | N(0, 0.02² / 2·layers) | N(0, 0.02²) | tied |
/// | llama, qwen3 | N(0, 0.02²) | N(0, 0.02² / 2·layers) | N(0, 0.02²) | tied |
/// | nanochat | U(±√(3 / width)) | 0 | N(0, 1) | N(0, 0.001²) |
///
/// Norm weights start at 1, biases at 0. The head of nanochat, if it is tied, starts as an embedding of
/// the other families. Parameters in which a model departs from its family draw from streams of their
/// own, so that the others start the same with them and without.
///
/// - Parameter zeroProjections: whether matrices into the residual stream start at 0, if not as in the
///   family.
func initialize(
  _ store: ParameterStore, _ configuration: TransformerConfiguration, seed: UInt64,
  zeroProjections: Bool?
) {
  let isNanochat = configuration.family == .nanochat
  let residualDeviation = 0.02 / Float(2 * configuration.layers).squareRoot()
  let departures = Set(
    (0..<configuration.layers).flatMap { configuration.departureDeclarations(block: $0) }
      .map(\.name) + ["logitScale"])
  var streams = (family: UInt64(0), departures: UInt64(1) << 32)
  for parameter in store.parameters {
    let departs = departures.contains(parameter.name)
    var random = RandomSource(seed: seed, stream: departs ? streams.departures : streams.family)
    if departs { streams.departures += 1 } else { streams.family += 1 }
    if let start = TransformerConfiguration.departureStart(parameter.name) {
      parameter.value.update(repeating: start, count: parameter.count)
      continue
    }
    let intoResidual =
      parameter.name.hasSuffix("attention.output.weight")
      || parameter.name.hasSuffix("feedForward.down.weight")
    func fill(_ next: () -> Float) {
      for index in 0..<parameter.count { parameter.value[index] = next() }
    }
    if intoResidual, let zeroProjections {
      if zeroProjections { continue }
      fill { residualDeviation * Float(random.nextNormal()) }
      continue
    }
    switch parameter.role {
    case .vector:
      let start: Float = parameter.name.hasSuffix(".weight") ? 1 : 0
      parameter.value.update(repeating: start, count: parameter.count)
    case .embedding where isNanochat && parameter.name.hasSuffix(".valueEmbedding"):
      let bound = (3 / Float(configuration.width)).squareRoot()
      fill { Float.random(in: -bound...bound, using: &random) }
    case .embedding:
      let deviation: Float =
        if !isNanochat || configuration.tiedHead {
          0.02
        } else if parameter.name == "head.weight" {
          0.001
        } else {
          1
        }
      fill { deviation * Float(random.nextNormal()) }
    case .matrix where isNanochat:
      let bound = (3 / Float(configuration.width)).squareRoot()
      if intoResidual {
        parameter.value.update(repeating: 0, count: parameter.count)
      } else {
        fill { Float.random(in: -bound...bound, using: &random) }
      }
    case .matrix:
      let deviation: Float = intoResidual ? residualDeviation : 0.02
      fill { deviation * Float(random.nextNormal()) }
    }
  }
}
