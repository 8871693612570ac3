/// A simulator: what a step of training takes on machines that are not there.

import Glibc

/// What was measured on this machine, for one process.
public struct StepCosts: Sendable, Equatable {
  /// Seconds of forward and back for a token.
  public var secondsPerToken: Double
  /// Seconds of the optimizer's update of all parameters.
  public var secondsPerUpdate: Double
  /// Learnt values, 4 bytes each.
  public var parameters: Int
  /// Messages that the parameters are cut into.
  public var pieces: Int
  /// Tokens in a step.
  public var batchTokens: Int
  /// Parts that a step can be divided into.
  public var microBatches: Int
  /// Blocks of the model.
  public var layers: Int
  /// Width of its residual stream.
  public var width: Int

  /// Names the measurements.
  public init(
    secondsPerToken: Double, secondsPerUpdate: Double, parameters: Int, pieces: Int,
    batchTokens: Int, microBatches: Int, layers: Int = 1, width: Int = 1
  ) {
    self.secondsPerToken = secondsPerToken
    self.secondsPerUpdate = secondsPerUpdate
    self.parameters = parameters
    self.pieces = pieces
    self.batchTokens = batchTokens
    self.microBatches = microBatches
    self.layers = layers
    self.width = width
  }
}

/// A link between processes.
public struct Link: Sendable, Equatable {
  /// Seconds before the first byte arrives.
  public var latency: Double
  /// Bytes a second, in each direction.
  public var bandwidth: Double

  /// Names the numbers.
  public init(latency: Double, bandwidth: Double) {
    self.latency = latency
    self.bandwidth = bandwidth
  }
}

/// Predicts training on machines with equal numbers of processes.
///
/// A data-parallel step is the slowest process's micro-batches, the sum of the gradients along a binary tree
/// (every process sends what it does not own once, `4N(1 − 1/P)` bytes), its share of the update,
/// and handing out the parameters (as many bytes again). Processes are numbered machine after
/// machine, so that of all this only `4N(1 − 1/machines)` bytes each way cross a machine's link.
/// The sum runs beside the last micro-batch's way back, two thirds of its time; `overlap` says how
/// much of that time the messages really use.
///
/// Processes that divide a layer add up the stream four times a block and micro-batch, with twice at
/// its ends, and wait for that. Stages hand the stream on and its gradient back, and are idle for
/// `stages − 1` turns. Both divide parameters, and with them the sum of the gradients; that blocks
/// divide evenly among stages is assumed.
public struct ClusterModel: Sendable {
  /// What one process costs.
  public var costs: StepCosts
  /// Between processes of one machine.
  public var inside: Link
  /// Between machines.
  public var network: Link
  /// The factor by which a machine's processes slow each other down when all of them compute.
  public var crowding: Double
  /// The share of the way back that messages can use.
  public var overlap: Double

  /// A cluster of machines like this one.
  public init(
    costs: StepCosts, inside: Link, network: Link, crowding: Double = 1, overlap: Double = 0.5
  ) {
    self.costs = costs
    self.inside = inside
    self.network = network
    self.crowding = crowding
    self.overlap = overlap
  }

  /// What is predicted of a layout.
  public struct Prediction: Sendable, Equatable {
    /// Machines.
    public var machines: Int
    /// Processes on each.
    public var processesPerMachine: Int
    /// Processes that divide every layer.
    public var tensors = 1
    /// Stages of the pipeline.
    public var stages = 1
    /// Bytes that a process sends in a step.
    public var bytesSent = 0.0
    /// The share of the step in which stages wait for the first and the last micro-batch.
    public var bubble = 0.0
    /// Seconds of a step.
    public var seconds: Double
    /// Tokens a second.
    public var tokensPerSecond: Double
    /// The share of the step in which processes only wait for messages.
    public var communicationShare: Double
    /// Speed over that of one process, divided by the processes.
    public var efficiency: Double
  }

  /// Predicts `machines × processesPerMachine` processes; nil if they cannot be divided so, or a step
  /// has too few parts for them.
  ///
  /// - Parameters:
  ///   - batchTokens: tokens in a step, if other than measured; parts grow with it.
  ///   - tensors: processes that divide every layer.
  ///   - stages: stages of a pipeline.
  public func predict(
    machines: Int, processesPerMachine: Int, batchTokens: Int? = nil, tensors: Int = 1,
    stages: Int = 1
  ) -> Prediction? {
    let processes = machines * processesPerMachine
    let data = processes / (tensors * stages)
    let tokens = batchTokens ?? costs.batchTokens
    let parts = max(1, costs.microBatches * tokens / costs.batchTokens)
    guard data * tensors * stages == processes, data <= parts, stages <= costs.layers else {
      return nil
    }
    let share = Double(tensors * stages)
    let perPart = Double(tokens) / Double(parts) * costs.secondsPerToken
    let slowdown = processesPerMachine > 1 ? crowding : 1
    let most = (parts + data - 1) / data
    // The stream of a micro-batch, in bytes.
    let stream = 4 * Double(tokens) / Double(parts) * Double(costs.width)
    let tensorLink = tensors <= processesPerMachine ? inside : network
    let sums = tensors > 1 ? 4 * Double(costs.layers) / Double(stages) + 2 : 0
    let summing = sums * sumSeconds(stream, among: tensors, over: tensorLink)
    let stageLink = machines > 1 ? network : inside
    let handing = stages > 1 ? 2 * (stream / stageLink.bandwidth + stageLink.latency) : 0
    let turn = perPart * slowdown / share
    let compute = Double(most) * turn
    let bubble = Double(stages - 1) * (turn + summing + handing)
    // Data-parallel groups lie within machines as far as they can.
    let near = max(1, min(data, processesPerMachine / min(tensors, processesPerMachine)))
    let sum = exchange(
      bytes: 4 * Double(costs.parameters) / share, pieces: Double(costs.pieces) / share,
      near: near, far: (data + near - 1) / near, groups: Double(processesPerMachine / near))
    let hidden = min(sum, overlap * turn * 2 / 3)
    let update = costs.secondsPerUpdate * slowdown / Double(processes)
    let waiting = 2 * sum - hidden + Double(most) * (summing + handing)
    let seconds = compute + bubble + update + waiting
    let alone = Double(parts) * perPart + costs.secondsPerUpdate
    let sent =
      8 * Double(costs.parameters) / share * (1 - 1 / Double(data))
      + Double(most)
      * (sums * 2 * stream * (1 - 1 / Double(tensors)) + (stages > 1 ? 2 * stream : 0))
    return Prediction(
      machines: machines, processesPerMachine: processesPerMachine, tensors: tensors,
      stages: stages, bytesSent: sent, bubble: bubble / seconds, seconds: seconds,
      tokensPerSecond: Double(tokens) / seconds, communicationShare: waiting / seconds,
      efficiency: alone / seconds / Double(processes))
  }

  /// The ways to divide `machines × processesPerMachine` processes by powers of two, the fastest
  /// first.
  public func layouts(
    machines: Int, processesPerMachine: Int, batchTokens: Int? = nil
  ) -> [Prediction] {
    let powers = sequence(first: 1) { $0 * 2 }.prefix { $0 <= machines * processesPerMachine }
    return powers.flatMap { tensors in
      powers.compactMap { stages in
        predict(
          machines: machines, processesPerMachine: processesPerMachine, batchTokens: batchTokens,
          tensors: tensors, stages: stages)
      }
    }
    .sorted { $0.seconds < $1.seconds }
  }

  /// Seconds to add up `bytes` that each of `count` processes has, so that all have the sum.
  private func sumSeconds(_ bytes: Double, among count: Int, over link: Link) -> Double {
    2 * (bytes * (1 - 1 / Double(count)) / link.bandwidth + link.latency)
  }

  /// Seconds to bring every process's gradients to their owners, or the parameters back.
  ///
  /// - Parameters:
  ///   - bytes: what each process has.
  ///   - near: processes of a group on one machine.
  ///   - far: machines of a group.
  ///   - groups: groups that share a machine's link.
  private func exchange(
    bytes: Double, pieces: Double, near: Int, far: Int, groups: Double
  ) -> Double {
    let levels = { (count: Int) in log2(Double(max(count, 1))).rounded(.up) }
    // Sixteen messages are under way at a time.
    let waves = (pieces / 16).rounded(.up)
    let within =
      bytes * (1 - 1 / Double(near)) / inside.bandwidth + levels(near) * inside.latency * waves
    let between =
      groups * bytes * (1 - 1 / Double(far)) / network.bandwidth
      + levels(far) * network.latency * waves
    return within + between
  }
}
