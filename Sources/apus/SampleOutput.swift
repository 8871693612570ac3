/// Samples, tokens and chains in the forms that `apus sample` prints.

import Inference
import Tokenizers

extension SampleCommand {
  /// A token as a line of `--logprobs`.
  func line(for token: SampledToken, of sample: Int, with tokenizer: Tokenizer) -> JSON {
    var members: [(key: String, value: JSON)] = [
      ("sample", .integer(sample)), ("id", .integer(Int(token.token))),
      ("text", .string(String(decoding: tokenizer.bytes(of: token.token), as: UTF8.self))),
      ("logprob", .single(token.logProbability)), ("probability", .single(token.probability)),
      ("rank", .integer(token.rank)), ("entropy", .single(token.entropy)),
    ]
    if grammar.isGiven { members.append(("allowed", .single(token.allowed))) }
    return .members(members)
  }

  /// All samples as one object.
  func object(for samples: [GeneratedText], prompt: String) -> JSON {
    let list = samples.map { sample -> JSON in
      let logprob = sample.tokens.reduce(0.0) { $0 + Double($1.logProbability) }
      var members: [(key: String, value: JSON)] = [
        ("text", .string(sample.text)),
        ("tokens", .array(sample.tokens.map { .integer(Int($0.token)) })),
        ("prompt_tokens", .array(sample.promptTokens.map { .integer(Int($0)) })),
        ("logprob", .number(logprob)), ("ending", .string(sample.ending.rawValue)),
      ]
      if grammar.isGiven { members.append(("allowed_logprob", .number(sample.allowedLogMass))) }
      return .members(members)
    }
    return .object([
      "prompt": .string(prompt), "seed": .unsigned(seed), "samples": .array(list),
    ])
  }

  /// What beam search found, as one object.
  func object(for beams: [Beam], prompt: String) -> JSON {
    let list = beams.map { beam in
      JSON.object([
        "text": .string(beam.text), "tokens": .array(beam.tokens.map { .integer(Int($0)) }),
        "logprob": .number(beam.logProbability), "score": .number(beam.score),
        "ending": .string(beam.isEnded ? "end_of_text" : "length"),
      ])
    }
    return .object(["prompt": .string(prompt), "beams": .array(list)])
  }

  /// The stages in order with the values in force.
  func chainReport(_ chain: SamplerChain) -> (json: JSON, words: String) {
    let stages = chain.order.map { stage -> JSON in
      let values = chain.values(of: stage).map { (key: $0.name, value: JSON.number($0.value)) }
      return .members(
        [("stage", .string(stage.rawValue)), ("active", .boolean(chain.isActive(stage)))] + values)
    }
    let rows = chain.order.map { stage in
      let name = stage.rawValue
      let values = chain.values(of: stage).map { "\($0.name) \(number($0.value))" }
      return name + String(repeating: " ", count: max(1, 13 - name.count))
        + (chain.isActive(stage) ? "" : "off: ") + values.joined(separator: ", ")
    }
    return (
      .object(["chain": .array(stages), "seed": .unsigned(seed)]),
      (rows + ["draw         seed \(seed)"]).joined(separator: "\n")
    )
  }

  private func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
