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

  /// Names the measurements.
  public init(
    secondsPerToken: Double, secondsPerUpdate: Double, parameters: Int, pieces: Int,
    batchTokens: Int, microBatches: Int
  ) {
    self.secondsPerToken = secondsPerToken
    self.secondsPerUpdate = secondsPerUpdate
    self.parameters = parameters
    self.pieces = pieces
    self.batchTokens = batchTokens
    self.microBatches = microBatches
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

/// Predicts data-parallel training on machines with equal numbers of processes.
///
/// A step is the slowest process's micro-batches, the sum of the gradients along a binary tree
/// (every process sends what it does not own once, `4N(1 − 1/P)` bytes), its share of the update,
/// and handing out the parameters (as many bytes again). Processes are numbered machine after
/// machine, so that of all this only `4N(1 − 1/machines)` bytes each way cross a machine's link.
/// The sum runs beside the last micro-batch's way back, two thirds of its time; `overlap` says how
/// much of that time the messages really use.
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
    /// Seconds of a step.
    public var seconds: Double
    /// Tokens a second.
    public var tokensPerSecond: Double
    /// The share of the step in which processes only wait for messages.
    public var communicationShare: Double
    /// Speed over that of one process, divided by the processes.
    public var efficiency: Double
  }

  /// Predicts `machines × processesPerMachine` processes; nil if a step has too few parts for them.
  ///
  /// - Parameter batchTokens: tokens in a step, if other than measured; parts grow with it.
  public func predict(
    machines: Int, processesPerMachine: Int, batchTokens: Int? = nil
  ) -> Prediction? {
    let processes = machines * processesPerMachine
    let tokens = batchTokens ?? costs.batchTokens
    let parts = max(1, costs.microBatches * tokens / costs.batchTokens)
    guard processes <= parts else { return nil }
    let perPart = Double(tokens) / Double(parts) * costs.secondsPerToken
    let slowdown = processesPerMachine > 1 ? crowding : 1
    let most = (parts + processes - 1) / processes
    let compute = Double(most) * perPart * slowdown
    let sum = exchange(machines: machines, processesPerMachine: processesPerMachine)
    let hidden = min(sum, overlap * perPart * slowdown * 2 / 3)
    let update = costs.secondsPerUpdate * slowdown / Double(processes)
    let waiting = 2 * sum - hidden
    let seconds = compute + update + waiting
    let alone = Double(parts) * perPart + costs.secondsPerUpdate
    return Prediction(
      machines: machines, processesPerMachine: processesPerMachine, seconds: seconds,
      tokensPerSecond: Double(tokens) / seconds, communicationShare: waiting / seconds,
      efficiency: alone / seconds / Double(processes))
  }

  /// Seconds to bring every process's gradients to their owners, or the parameters back.
  private func exchange(machines: Int, processesPerMachine: Int) -> Double {
    let bytes = 4 * Double(costs.parameters)
    let levels = { (count: Int) in log2(Double(max(count, 1))).rounded(.up) }
    // Sixteen messages are under way at a time.
    let waves = Double((costs.pieces + 15) / 16)
    let within =
      bytes * (1 - 1 / Double(processesPerMachine)) / inside.bandwidth
      + levels(processesPerMachine) * inside.latency * waves
    let between =
      bytes * (1 - 1 / Double(machines)) / network.bandwidth
      + levels(machines) * network.latency * waves
    return within + between
  }
}
