/// The report of `apus perplexity`, as an object and in words.

import Glibc
import Inference
import Kernels
import Tokenizers

/// All that a measurement found.
struct PerplexityFindings {
  var report: PerplexityReport
  /// What matrix products multiplied.
  var precision: Precision
  var positions: PositionProfile?
  /// The other model's name, its report, and the first model's score less the other's.
  var comparison: (name: String, report: PerplexityReport, difference: PairedDifference)?
  var baseline: Baseline?
}

extension PerplexityFindings {
  private typealias Member = (key: String, value: JSON)

  /// The object of `--json`.
  var json: JSON {
    var members = Self.members(of: report) + [("precision", .string(precision.rawValue))]
    if let sum = report.worstSum { members.append(("worst_sum", .number(sum))) }
    if let positions {
      let list = positions.ranges.map { range in
        JSON.object([
          "from": .integer(range.from), "to": .integer(range.to), "tokens": .integer(range.tokens),
          "nats_per_token": .number(range.natsPerToken), "ci95": Self.ends(range.interval),
        ])
      }
      members.append(("positions", .array(list)))
    }
    if let (name, other, difference) = comparison {
      var object: [Member] = [("model", .string(name))]
      object += Self.members(of: other) + Self.members(of: difference)
      members.append(("compare", .members(object)))
    }
    if let baseline {
      var object: [Member] = [
        ("order", .integer(baseline.model.order)),
        ("training_tokens", .integer(baseline.model.trainingTokens)),
        ("ngrams", .array(baseline.model.ngrams.map(JSON.integer))),
        ("memory_bytes", .integer(baseline.model.memoryBytes)),
        ("bits_per_byte", .number(baseline.bitsPerByte)),
        ("zstd_bits_per_byte", .number(baseline.compressedBitsPerByte)),
        ("zstd_saved", .number(baseline.compressedBitsPerByte - report.bitsPerByte)),
      ]
      object += Self.members(of: baseline.difference)
      members.append(("baseline", .members(object)))
    }
    return .members(members)
  }

  private static func ends(_ interval: ConfidenceInterval?) -> JSON {
    interval.map { .array([.number($0.low), .number($0.high)]) } ?? .null
  }

  private static func ratios(
    of result: PerplexityReport
  ) -> [(key: String, name: String, value: Double, interval: ConfidenceInterval?)] {
    [
      ("token_perplexity", "per token", result.tokenPerplexity, result.tokenPerplexityInterval),
      ("word_perplexity", "per word", result.wordPerplexity, result.wordPerplexityInterval),
      ("byte_perplexity", "per byte", result.bytePerplexity, result.bytePerplexityInterval),
      ("bits_per_byte", "bits per byte", result.bitsPerByte, result.bitsPerByteInterval),
    ]
  }

  private static func members(of result: PerplexityReport) -> [Member] {
    var members: [Member] = [
      ("nats", .number(result.nats)), ("tokens", .integer(result.tokens)),
      ("words", .integer(result.words)), ("bytes", .integer(result.bytes)),
      ("documents", .integer(result.documents)),
    ]
    for ratio in ratios(of: result) {
      members.append((ratio.key, .number(ratio.value)))
      members.append(("\(ratio.key)_ci95", ends(ratio.interval)))
    }
    return members + [
      ("context", .integer(result.context)), ("stride", .integer(result.stride)),
      ("bos", .boolean(result.hasPrefix)),
      ("unscored_tokens", .integer(result.unscoredTokens)),
      ("unscored_bytes", .integer(result.unscoredBytes)),
      ("clusters", .string(result.clusters.rawValue)),
      ("cluster_count", .integer(result.clusterCount)),
      ("design_effect", result.designEffect.map(JSON.number) ?? .null),
    ]
  }

  private static func members(of difference: PairedDifference) -> [Member] {
    let perToken = difference.perToken
    let bits = difference.bitsPerByte
    let tokens = Double(max(1, difference.tokens))
    let isShared = difference.hasSameTokens && difference.tokens > 0
    return [
      ("difference_nats_per_token", perToken.map { .number($0.value) } ?? .null),
      ("difference_nats_per_token_ci95", ends(perToken?.interval)),
      ("difference_bits_per_byte", .number(bits.value)),
      ("difference_bits_per_byte_ci95", ends(bits.interval)),
      ("tokens_better", isShared ? .number(Double(difference.firstBetter) / tokens) : .null),
      ("tokens_worse", isShared ? .number(Double(difference.secondBetter) / tokens) : .null),
      ("clusters_better", .number(difference.clustersFirstBetter)),
      ("difference_clusters", .string(difference.clusters.rawValue)),
      ("difference_cluster_count", .integer(difference.clusterCount)),
    ]
  }

  /// The report for a person; `style` is that of the stream it goes to.
  func words(_ style: Style) -> String {
    var lines = [
      "perplexity \(style.strong(Format.fixed(report.tokenPerplexity, 2))) per token, "
        + "\(style.strong(Format.fixed(report.bitsPerByte, 4))) bits per byte"
    ]
    for ratio in Self.ratios(of: report) {
      let name = ratio.name + String(repeating: " ", count: max(0, 14 - ratio.name.count))
      lines.append(
        "  \(name)\(Format.padded(number(ratio.value), 10))\(interval(ratio.interval, number))")
    }
    lines.append(
      "over \(Format.plural(report.tokens, "token")), \(Format.plural(report.words, "word")), "
        + "\(Format.plural(report.bytes, "byte")) in \(Format.plural(report.documents, "document"))"
    )
    var method = "window \(report.context), stride \(report.stride)"
    if report.unscoredTokens > 0 {
      method +=
        "; \(Format.plural(report.unscoredTokens, "token")) without context not scored"
    }
    if report.clusterCount > 1 {
      method += "; intervals over \(report.clusterCount) \(report.clusters.rawValue)"
    }
    if precision != .fp32 { method += "; products in \(precision.rawValue)" }
    lines.append(method)
    if let sum = report.worstSum {
      lines.append(
        "probabilities sum to 1 within \(Format.scientific(abs(sum - 1))) in every context")
    }
    if let positions { lines += table(of: positions) }
    if let (name, other, difference) = comparison {
      lines.append("")
      lines += comparisonLines(with: name, other, difference)
    }
    if let baseline {
      lines.append("")
      lines += baselineLines(baseline)
    }
    return lines.joined(separator: "\n")
  }

  private func table(of positions: PositionProfile) -> [String] {
    ["", "tokens before      tokens  nats per token"]
      + positions.ranges.map { range in
        let name = range.from == range.to ? "\(range.from)" : "\(range.from) – \(range.to)"
        return name + String(repeating: " ", count: max(1, 13 - name.count))
          + Format.padded(Format.grouped(range.tokens), 12)
          + Format.padded(Format.fixed(range.natsPerToken, 4), 16)
          + interval(range.interval) { Format.fixed($0, 4) }
      }
  }

  private func comparisonLines(
    with name: String, _ other: PerplexityReport, _ difference: PairedDifference
  ) -> [String] {
    var lines = [
      "\(name): perplexity \(Format.fixed(other.tokenPerplexity, 2)) per token, "
        + "\(Format.fixed(other.bitsPerByte, 4)) bits per byte"
    ]
    let bits = difference.bitsPerByte
    lines.append("  bits per byte, first less second \(signed(bits.value, bits.interval))")
    if let perToken = difference.perToken {
      lines.append(
        "  nats per token                   \(signed(perToken.value, perToken.interval))")
      let tokens = Double(max(1, difference.tokens))
      lines.append(
        "  the first is better on \(percent(Double(difference.firstBetter) / tokens)) of the tokens, "
          + "the second on \(percent(Double(difference.secondBetter) / tokens))")
    }
    lines.append(
      "  paired over \(difference.clusterCount) \(difference.clusters.rawValue); the first is better "
        + "on \(percent(difference.clustersFirstBetter)) of them")
    return lines
  }

  private func baselineLines(_ baseline: Baseline) -> [String] {
    let saved = baseline.difference.bitsPerByte
    let interval = saved.interval.map { ConfidenceInterval(low: -$0.high, high: -$0.low) }
    return [
      "against a Kneser-Ney \(baseline.model.order)-gram of "
        + "\(Format.count(baseline.model.trainingTokens)) of the same tokens "
        + "(\(Format.bytes(baseline.model.memoryBytes)))",
      "  its bits per byte  \(Format.fixed(baseline.bitsPerByte, 4))",
      "  saved over it     \(signed(-saved.value, interval))",
      "  zstd -19           \(Format.fixed(baseline.compressedBitsPerByte, 4))",
      "  saved over that   "
        + signed(baseline.compressedBitsPerByte - report.bitsPerByte, nil),
    ]
  }

  private func interval(
    _ interval: ConfidenceInterval?, _ number: (Double) -> String
  ) -> String {
    interval.map { "  95% interval \(number($0.low)) – \(number($0.high))" } ?? ""
  }

  private func signed(_ value: Double, _ interval: ConfidenceInterval?) -> String {
    let plain = { (number: Double) in (number < 0 ? "" : "+") + Format.fixed(number, 4) }
    return plain(value) + self.interval(interval, plain)
  }

  private func percent(_ share: Double) -> String { Format.fixed(100 * share, 1) + "%" }

  private func number(_ value: Double) -> String {
    value >= 1e6 ? Format.scientific(value) : Format.fixed(value, value < 10 ? 4 : 2)
  }

  /// The summary of KenLM's `query`.
  var totals: String {
    let perplexity = Format.decimal(report.wordPerplexity)
    return "Perplexity including OOVs:\t\(perplexity)\nPerplexity excluding OOVs:\t\(perplexity)\n"
      + "OOVs:\t0\nTokens:\t\(report.words)\n"
  }
}
