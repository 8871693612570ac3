/// What `apus parallel` says: a table, a chart of bars, the noise of the gradient, a forecast.

import Scaling

/// The words and the JSON of a parallel study.
struct ParallelReport {
  let study: ParallelStudy
  let noise: GradientNoise?
  let model: ClusterModel
  let trial: TrialOptions
  let cluster: ClusterOptions
  /// "thread" or "process".
  let kind: String
  let parameters: Int
  let check: (predicted: Double, measured: Double)?

  /// The plural of `kind`.
  var kinds: String { kind == "process" ? "processes" : "threads" }

  private var tokens: Int { trial.shape.tokens }

  /// The layouts of the cluster: 1, 2, 4 … machines.
  private var predictions: [ClusterModel.Prediction] {
    var counts: [Int] = []
    var count = 1
    while count < cluster.machines {
      counts.append(count)
      count *= 2
    }
    counts.append(cluster.machines)
    return counts.compactMap { machines in
      model.predict(
        machines: machines, processesPerMachine: cluster.processes,
        batchTokens: cluster.clusterBatch?.value)
    }
  }

  /// The report for people.
  var text: String {
    var lines = [
      "\(trial.family.rawValue), \(trial.shape.layers) layers, width \(trial.shape.width), "
        + "\(Format.count(parameters)) parameters, \(Format.grouped(tokens)) tokens a step, "
        + trial.optimizer.rawValue,
      "",
      "\(Format.padded(kinds, 9))   tokens/s  speed-up  efficiency  messages  largest difference",
    ]
    for point in study.points {
      lines.append(
        Format.padded("\(point.workers)", 9)
          + Format.padded(Format.fixed(point.tokensPerSecond, 0), 11)
          + Format.padded(Format.fixed(study.speedUp(of: point), 2), 10)
          + Format.padded(Format.fixed(100 * study.efficiency(of: point), 0) + "%", 12)
          + Format.padded(Format.fixed(100 * point.communicationShare, 1) + "%", 10)
          + Format.padded(
            point.gradientDifference == 0
              ? "0 (same bits)" : Format.scientific(Double(point.gradientDifference)), 20))
    }
    lines += ["", ParallelChart(study).text(), ""]
    if let serial = study.serialFraction {
      lines.append(
        "serial fraction by Amdahl  \(Format.fixed(100 * serial, 1))%"
          + (serial > 0 ? ", so at most \(Format.fixed(1 / serial, 0)) times as fast" : ""))
    }
    if let noise {
      lines.append(
        noise.criticalBatch.map {
          "gradient noise scale  \(Format.count(Int($0))) tokens: around such a step, twice the "
            + "tokens stop halving the steps"
        } ?? "gradient noise scale  not to be told: noise drowns the signal in these batches")
    }
    if let check {
      lines.append(
        "simulator  \(Format.fixed(check.predicted, 0)) tokens/s predicted for what was measured "
          + "as \(Format.fixed(check.measured, 0)) "
          + "(\(Format.fixed(100 * (check.predicted / check.measured - 1), 1))%)")
    }
    lines += ["", clusterTitle, "machines  processes   tokens/s  efficiency  waiting"]
    for prediction in predictions {
      lines.append(
        Format.padded("\(prediction.machines)", 8)
          + Format.padded("\(prediction.machines * prediction.processesPerMachine)", 11)
          + Format.padded(Format.fixed(prediction.tokensPerSecond, 0), 11)
          + Format.padded(Format.fixed(100 * prediction.efficiency, 0) + "%", 12)
          + Format.padded(Format.fixed(100 * prediction.communicationShare, 0) + "%", 9))
    }
    lines += layoutLines
    if predictions.count < 2, cluster.machines > 1 {
      lines.append(
        "a step of \(model.costs.microBatches) micro-batches has no work for more; "
          + "--cluster-batch predicts a larger one")
    }
    return lines.joined(separator: "\n")
  }

  /// The fastest layouts of the whole cluster.
  private var layouts: [ClusterModel.Prediction] {
    Array(
      model.layouts(
        machines: cluster.machines, processesPerMachine: cluster.processes,
        batchTokens: cluster.clusterBatch?.value
      ).prefix(5))
  }

  private var layoutLines: [String] {
    guard layouts.count > 1 else { return [] }
    let count = cluster.machines * cluster.processes
    return [
      "", "\(count) processes that divide the model as well, the fastest first",
      "tensor  pipeline    data   tokens/s  idle stages  sent by each  parameters of each",
    ]
      + layouts.map { layout in
        let parts = layout.tensors * layout.stages
        return Format.padded("\(layout.tensors)", 6) + Format.padded("\(layout.stages)", 10)
          + Format.padded("\(count / parts)", 8)
          + Format.padded(Format.fixed(layout.tokensPerSecond, 0), 11)
          + Format.padded(Format.fixed(100 * layout.bubble, 0) + "%", 13)
          + Format.padded(Format.bytes(Int(layout.bytesSent)), 14)
          + Format.padded(Format.count(parameters / parts), 20)
      }
  }

  private var clusterTitle: String {
    "predicted for machines like this, \(cluster.processes == 1 ? "one process" : "\(cluster.processes) processes") on each, "
      + "\(Format.short(model.network.bandwidth * 8 / 1e9)) Gbit/s, "
      + "\(Format.short(cluster.latency)) µs, "
      + "\(Format.grouped(cluster.clusterBatch?.value ?? tokens)) tokens a step"
  }

  /// The report for programs.
  var json: JSON {
    let points = study.points.map { point in
      JSON.object([
        "workers": .integer(point.workers), "tokens_per_second": .number(point.tokensPerSecond),
        "speed_up": .number(study.speedUp(of: point)),
        "efficiency": .number(study.efficiency(of: point)),
        "communication_share": .number(point.communicationShare),
        "gradient_difference": .single(point.gradientDifference),
      ])
    }
    func object(_ prediction: ClusterModel.Prediction) -> JSON {
      JSON.object([
        "machines": .integer(prediction.machines), "tensor": .integer(prediction.tensors),
        "pipeline": .integer(prediction.stages), "bytes_sent": .number(prediction.bytesSent),
        "bubble": .number(prediction.bubble),
        "processes": .integer(prediction.machines * prediction.processesPerMachine),
        "tokens_per_second": .number(prediction.tokensPerSecond),
        "step_seconds": .number(prediction.seconds),
        "efficiency": .number(prediction.efficiency),
        "communication_share": .number(prediction.communicationShare),
      ])
    }
    return .members([
      ("workers", .string(kinds)), ("parameters", .integer(parameters)),
      ("tokens_per_step", .integer(tokens)), ("points", .array(points)),
      ("serial_fraction", study.serialFraction.map(JSON.number) ?? .null),
      ("noise_scale_tokens", noise?.criticalBatch.map(JSON.number) ?? .null),
      ("noise_variance", noise.map { .number($0.variance) } ?? .null),
      ("squared_signal", noise.map { .number($0.squaredSignal) } ?? .null),
      ("seconds_per_token", .number(model.costs.secondsPerToken)),
      ("seconds_per_update", .number(model.costs.secondsPerUpdate)),
      ("crowding", .number(model.crowding)), ("link_latency", .number(model.inside.latency)),
      ("link_bandwidth", .number(model.inside.bandwidth)),
      ("predicted_tokens_per_second", check.map { .number($0.predicted) } ?? .null),
      ("cluster", .array(predictions.map(object))), ("layouts", .array(layouts.map(object))),
    ])
  }
}
