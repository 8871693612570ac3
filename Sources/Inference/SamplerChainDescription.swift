/// A sampler chain in words, and its values by name.

extension SamplerChain {
  /// The values of a stage by the names of its options, whether it is active or not.
  public func values(of stage: Stage) -> [(name: String, value: Double)] {
    let values: [(String, Float)] =
      switch stage {
      case .logitBias: [("tokens", Float(logitBias.count))]
      case .penalties:
        [
          ("repeat", repetitionPenalty), ("frequency", frequencyPenalty),
          ("presence", presencePenalty), ("last", Float(penaltyWindow)),
        ]
      case .dry:
        [
          ("multiplier", dryMultiplier), ("base", dryBase),
          ("allowed", Float(dryAllowedLength)), ("last", Float(dryWindow)),
        ]
      case .topNSigma: [("n", topNSigma)]
      case .topK: [("k", Float(topK))]
      case .typical: [("mass", typical)]
      case .topP: [("p", topP)]
      case .minP: [("p", minP)]
      case .xtc: [("probability", xtcProbability), ("threshold", xtcThreshold)]
      case .temperature where temperatureRange > 0:
        [
          ("temperature", temperature), ("range", temperatureRange),
          ("exponent", temperatureExponent),
        ]
      case .temperature: [("temperature", temperature)]
      case .mirostat:
        [("version", Float(mirostat)), ("target", mirostatTarget), ("rate", mirostatRate)]
      }
    // By way of its decimal form, so that 0.8 stays 0.8.
    return values.map { ($0.0, Double("\($0.1)") ?? Double($0.1)) }
  }
}

extension SamplerChain: CustomStringConvertible {
  /// The active stages in order with their values, such as `top-k 40 → temperature 0.8 → draw`.
  public var description: String {
    var parts: [String] = []
    for stage in activeStages {
      switch stage {
      case .logitBias: parts.append("logit-bias on \(logitBias.count) tokens")
      case .penalties:
        parts.append(
          "penalties (last \(penaltyWindow): repeat \(repetitionPenalty), frequency "
            + "\(frequencyPenalty), presence \(presencePenalty))")
      case .dry: parts.append("dry \(dryMultiplier) · \(dryBase)^(length − \(dryAllowedLength))")
      case .topNSigma: parts.append("top-nsigma \(topNSigma)")
      case .topK: parts.append("top-k \(topK)")
      case .typical: parts.append("typical \(typical)")
      case .topP: parts.append("top-p \(topP)")
      case .minP: parts.append("min-p \(minP)")
      case .xtc: parts.append("xtc \(xtcThreshold) with probability \(xtcProbability)")
      case .temperature where temperatureRange > 0:
        parts.append("temperature \(temperature) ± \(temperatureRange)")
      case .temperature: parts.append(temperature > 0 ? "temperature \(temperature)" : "greedy")
      case .mirostat:
        parts.append("mirostat \(mirostat) at \(mirostatTarget) bits, rate \(mirostatRate)")
      }
    }
    return (parts + ["draw"]).joined(separator: " → ")
  }
}
