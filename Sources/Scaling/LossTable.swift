/// Losses from elsewhere: a table with a header.

/// Runs read from comma- or tab-separated lines.
public struct LossTable: Sendable {
  /// Runs that differ by their seed alone; all alone if there are no seeds.
  public let groups: [[LossSample]]
  /// The variables that every run has.
  public let variables: [ScalingVariable]

  /// The forms that such a table can be fitted with.
  public var forms: [LawForm] {
    if variables.contains(.parameters), variables.contains(.tokens) { return [.joint] }
    guard let variable = variables.first else { return [] }
    return [.pure(variable), .withOffset(variable)]
  }

  private static let names: [String: String] = [
    "loss": "loss", "test_loss": "loss", "l": "loss", "tokens": "tokens", "d": "tokens",
    "training tokens": "tokens", "parameters": "parameters", "n": "parameters",
    "model size": "parameters", "compute": "compute", "c": "compute", "flops": "compute",
    "training flop": "compute", "seed": "seed",
  ]

  /// Reads a table.
  ///
  /// - Throws: `ScalingError.badTable` with the line at fault.
  public init(text: String, path: String) throws(ScalingError) {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    func cells(_ line: Substring) -> [String] {
      let separator: Character = lines.first?.contains("\t") == true ? "\t" : ","
      return line.split(separator: separator, omittingEmptySubsequences: false).map { cell in
        String(cell.filter { $0 != "\"" }.drop { $0 == " " })
      }
    }
    let header = (lines.first.map(cells) ?? []).map { Self.names[$0.lowercased()] }
    guard let lossColumn = header.firstIndex(of: "loss") else {
      throw .badTable(path: path, line: 1, problem: "no column is named loss")
    }
    let present = ScalingVariable.allCases.filter { header.contains($0.rawValue) }
    guard !present.isEmpty else {
      throw .badTable(
        path: path, line: 1, problem: "no column is named tokens, parameters or compute")
    }
    let derives = present == [.parameters, .compute]
    var samples: [(hasSeed: Bool, sample: LossSample)] = []
    for (index, line) in lines.enumerated().dropFirst() where !line.allSatisfy(\.isWhitespace) {
      let row = cells(line)
      func value(_ column: Int) throws(ScalingError) -> Double {
        guard column < row.count, let value = Double(row[column]), value > 0, value.isFinite else {
          throw .badTable(
            path: path, line: index + 1,
            problem: "\"\(column < row.count ? row[column] : "")\" is no number above 0")
        }
        return value
      }
      var values: [ScalingVariable: Double] = [:]
      for variable in present {
        if let column = header.firstIndex(of: variable.rawValue) {
          values[variable] = try value(column)
        }
      }
      if derives, let compute = values[.compute], let parameters = values[.parameters] {
        values[.tokens] = compute / (6 * parameters)
      }
      samples.append((header.contains("seed"), LossSample(values, loss: try value(lossColumn))))
    }
    variables = derives ? [.parameters, .tokens] : present
    if header.contains("seed") {
      groups = Dictionary(grouping: samples.map(\.sample), by: \.values).values
        .sorted { ($0[0].values.values.max() ?? 0) < ($1[0].values.values.max() ?? 0) }
    } else {
      groups = samples.map { [$0.sample] }
    }
  }
}
