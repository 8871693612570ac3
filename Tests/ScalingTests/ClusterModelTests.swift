import Scaling
import Testing

@Suite("The simulator") struct ClusterModelTests {
  /// 10 M parameters, 4,096 tokens in 4 parts, 1,000 tokens/s, an update of 0.2 s.
  private let costs = StepCosts(
    secondsPerToken: 1e-3, secondsPerUpdate: 0.2, parameters: 10_000_000, pieces: 16,
    batchTokens: 4_096, microBatches: 4)

  private func model(network: Link, overlap: Double = 0) -> ClusterModel {
    ClusterModel(
      costs: costs, inside: Link(latency: 0, bandwidth: 1e18), network: network, overlap: overlap)
  }

  @Test("one process takes what was measured")
  func alone() throws {
    let one = try #require(
      model(network: Link(latency: 1, bandwidth: 1)).predict(machines: 1, processesPerMachine: 1))
    #expect(abs(one.seconds - 4.296) < 1e-9)
    #expect(abs(one.efficiency - 1) < 1e-9)
    #expect(one.communicationShare == 0)
  }

  @Test("four machines on an ideal network are four times as fast")
  func ideal() throws {
    let four = try #require(
      model(network: Link(latency: 0, bandwidth: 1e18))
        .predict(machines: 4, processesPerMachine: 1))
    #expect(abs(four.seconds - 4.296 / 4) < 1e-6)
    #expect(abs(four.efficiency - 1) < 1e-6)
  }

  @Test("two machines at 40 MB/s exchange half of 40 MB each way: one second more")
  func slow() throws {
    let slow = Link(latency: 0, bandwidth: 40e6)
    let two = try #require(model(network: slow).predict(machines: 2, processesPerMachine: 1))
    #expect(abs(two.seconds - (2.048 + 0.1 + 1)) < 1e-6)
    // Half of the way back of a part of 1,024 tokens hides a third of a second.
    let hidden = try #require(
      model(network: slow, overlap: 0.5).predict(machines: 2, processesPerMachine: 1))
    #expect(abs(two.seconds - hidden.seconds - 0.5 * 1.024 * 2 / 3) < 1e-6)
  }

  @Test("latency counts once for every level of the tree and every wave of messages")
  func latency() throws {
    let far = Link(latency: 0.01, bandwidth: 1e18)
    let four = try #require(model(network: far).predict(machines: 4, processesPerMachine: 1))
    #expect(abs(four.seconds - (1.024 + 0.05 + 2 * 2 * 0.01)) < 1e-6)
  }

  @Test("more processes than parts cannot be; a larger step has more parts")
  func parts() throws {
    let model = model(network: Link(latency: 0, bandwidth: 1e18))
    #expect(model.predict(machines: 8, processesPerMachine: 1) == nil)
    let large = try #require(
      model.predict(machines: 1_024, processesPerMachine: 1, batchTokens: 1_048_576))
    #expect(large.tokensPerSecond > 900_000)
  }

  /// As `costs`, with 4 blocks of width 256: the stream of a part is 1 MiB.
  private func deep(_ link: Link) -> ClusterModel {
    var costs = costs
    costs.layers = 4
    costs.width = 256
    return ClusterModel(costs: costs, inside: link, network: link, overlap: 0)
  }

  @Test("two processes that divide layers add up the stream 18 times a part")
  func tensor() throws {
    let link = Link(latency: 0, bandwidth: 1_048_576)
    let two = try #require(deep(link).predict(machines: 2, processesPerMachine: 1, tensors: 2))
    // Half a mebibyte goes and half one comes, twice, at a mebibyte a second.
    #expect(abs(two.seconds - (2.048 + 0.1 + 4 * 18)) < 1e-3)
    #expect(abs(two.bytesSent - 4 * 18 * 1_048_576) < 1)
    #expect(two.bubble == 0)
  }

  @Test("a pipeline hands the stream on and back, and idles for a turn")
  func pipeline() throws {
    let link = Link(latency: 0, bandwidth: 1e18)
    let two = try #require(deep(link).predict(machines: 1, processesPerMachine: 2, stages: 2))
    #expect(abs(two.seconds - (5 * 0.512 + 0.1)) < 1e-6)
    #expect(abs(two.bubble - 0.512 / two.seconds) < 1e-6)
    #expect(abs(two.bytesSent - 4 * 2 * 1_048_576) < 1)
    #expect(deep(link).predict(machines: 1, processesPerMachine: 8, stages: 8) == nil)
  }

  @Test("where messages take long the batch is divided first, and layouts cover all processes")
  func layouts() {
    // Dividing layers sends 18 sums a part, dividing the batch two a step.
    let slow = deep(Link(latency: 1e-2, bandwidth: 1e9))
    let all = slow.layouts(machines: 4, processesPerMachine: 1)
    #expect(all.first?.tensors == 1 && all.first?.stages == 1)
    #expect(all.contains { $0.tensors == 2 && $0.stages == 2 })
    #expect(all.allSatisfy { $0.machines * $0.processesPerMachine % ($0.tensors * $0.stages) == 0 })
  }
}
